"""Wrong calls fail before any fit starts, with one sentence that says what came, what was wanted and what to do."""

import re
import sys

import lightgbm
import numpy as np
import pytest
from scipy.stats import uniform
from sklearn.base import is_classifier
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import EarlyStopping, MultiModelSearchCV
from multisearch._preparation import prepare


class NeverFitted(Ridge):
    """Ends the test run if a search that should have failed before begins to fit."""

    def fit(self, X, y, sample_weight=None):
        raise AssertionError("a fit has started")


def never(space=None):
    return ("never", NeverFitted(), {} if space is None else space)


PIPELINE = Pipeline([("scale", StandardScaler()), ("model", NeverFitted())])

WRONG_ARGUMENTS = [
    ([], {}, ValueError, "estimators is empty; give at least one"),
    (
        "ridge",
        {},
        TypeError,
        "estimators must be a list of (name, estimator, param_distributions) triples, got 'ridge'",
    ),
    (
        Ridge(),
        {},
        TypeError,
        "estimators must be a list of (name, estimator, param_distributions) triples, got Ridge()",
    ),
    ([("ridge", Ridge())], {}, TypeError, "triples, got ('ridge', Ridge())"),
    ([never(), never()], {}, ValueError, "two estimators are named 'never'"),
    ([("a__b", Ridge(), {})], {}, ValueError, "'a__b' cannot name an estimator"),
    ([("", Ridge(), {})], {}, ValueError, "'' cannot name an estimator"),
    ([("cv", Ridge(), {})], {}, ValueError, "MultiModelSearchCV has an argument of that name"),
    ([(1, Ridge(), {})], {}, TypeError, "an estimator's name must be a string, got 1"),
    ([("none", None, {})], {}, TypeError, "estimator 'none' must be a scikit-learn estimator with fit and get_params"),
    ([("class", Ridge, {})], {}, TypeError, "give an instance, not the class"),
    ([("never", NeverFitted(), None)], {}, TypeError, "must be a dict or a list of dicts, got None"),
    ([("never", NeverFitted(), [])], {}, ValueError, "{} stands for no parameters"),
    (
        [never({"alhpa": [1]})],
        {},
        ValueError,
        "Invalid parameter 'alhpa' for estimator 'never'; the closest is 'alpha'",
    ),
    (
        [("pipe", PIPELINE, {"modell__alpha": [1]})],
        {},
        ValueError,
        "Invalid parameter 'modell__alpha' for estimator 'pipe'; the closest is 'model__alpha'",
    ),
    ([never({"alpha": []})], {}, ValueError, "estimator 'never': Parameter grid for parameter 'alpha'"),
    ([never({"alpha": 1})], {}, TypeError, "estimator 'never': Parameter grid for parameter 'alpha'"),
    ([never({"alpha": uniform()})], {}, ValueError, "set n_iter to the number of settings to draw"),
    ([never()], {"n_iter": {"other": 3}}, ValueError, "n_iter names 'other', which is no estimator; there are 'never'"),
    ([never()], {"n_iter": 0}, ValueError, "n_iter must be at least 1, got 0"),
    ([never()], {"n_iter": {"never": -2}}, ValueError, "n_iter['never'] must be at least 1, got -2"),
    ([never()], {"n_iter": 2.5}, TypeError, "n_iter must be a whole number or None, got 2.5"),
    (
        [never(), ("logistic", LogisticRegression(), {})],
        {},
        ValueError,
        "'never' is a regressor, 'logistic' is a class",
    ),
    ([never(), ("kmeans", KMeans(), {})], {}, ValueError, "'kmeans' is a clusterer; search them separately"),
    ([never()], {"scoring": "r3"}, ValueError, "'r3' is not a valid scorer's name; the closest is 'r2'"),
    ([never()], {"scoring": ["r2", "r3"], "refit": "r2"}, ValueError, "'r3' is not a valid scorer's name"),
    ([never()], {"scoring": ["r2", "neg_max_error"]}, ValueError, "there are 'r2', 'neg_max_error'"),
    ([never()], {"refit": 3}, TypeError, "refit must be True, False, a metric's name or a callable, got 3"),
    ([never()], {"error_score": "ignore"}, ValueError, "error_score must be 'raise' or a number, got 'ignore'"),
    ([never()], {"cv": KFold(50)}, ValueError, "Cannot have number of splits n_splits=50 greater than the number of"),
    ([never()], {"scheduler": 3}, TypeError, "scheduler must be None, 'inline', 'local' or a scheduler's address"),
    ([never()], {"scheduler": "tcp://127.0.0.1:9"}, ConnectionError, "scheduler='tcp://127.0.0.1:9' within 10 s"),
    ([never()], {"n_jobs": 0}, ValueError, "n_jobs == 0 has no meaning"),
    ([never()], {"n_jobs": "all"}, TypeError, "n_jobs must be None or a whole number, got 'all'"),
    ([never()], {"early_stopping": 10}, TypeError, "early_stopping must be an EarlyStopping, a dict of them"),
    (
        [never()],
        {"early_stopping": {"other": EarlyStopping()}},
        ValueError,
        "early_stopping names 'other', which is no",
    ),
    (
        [never()],
        {"early_stopping": {"never": EarlyStopping()}},
        ValueError,
        "but NeverFitted cannot stop early here; models of LightGBM, scikeras, scikit-learn's HistGradientBoosting can",
    ),
]


@pytest.mark.parametrize(("estimators", "arguments", "error", "sentence"), WRONG_ARGUMENTS)
def test_wrong_arguments(estimators, arguments, error, sentence, regression):
    search = MultiModelSearchCV(estimators, **arguments)
    with pytest.raises(error, match=re.escape(sentence)):
        search.fit(regression[0][:40], regression[1][:40])
    assert not hasattr(search, "cv_results_")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"patience": 0}, "patience must be a whole number of at least 1, got 0"),
        ({"min_delta": -1}, "min_delta must be a number of at least 0, got -1"),
        ({"validation_fraction": 1.0}, "validation_fraction must be between 0 and 1, got 1.0"),
        ({"validation": "outer"}, "validation must be 'inner', 'fold' or a splitter, got 'outer'"),
        ({"refit_iterations": "mode"}, "refit_iterations must be one of 'mean', 'median', 'max', got 'mode'"),
        ({"validation_fraction": 0.99}, "validation_fraction=0.99 leaves no training rows of the 16 in fold 0"),
    ],
)
def test_wrong_early_stopping(arguments, sentence, regression):
    model = lightgbm.LGBMRegressor()
    search = MultiModelSearchCV([("trees", model, {})], early_stopping=EarlyStopping(**arguments))
    with pytest.raises(ValueError, match=re.escape(sentence)):
        search.fit(regression[0][:20], regression[1][:20])


def test_rows_of_different_number(regression):
    X, y = regression
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MultiModelSearchCV([never()]).fit(X, y[:-1])


def test_a_weight_that_somebody_rejects(regression):
    X, y = regression
    from sklearn.neighbors import KNeighborsRegressor

    search = MultiModelSearchCV([never(), ("neighbours", KNeighborsRegressor(), {})])
    with pytest.raises(TypeError, match="KNeighborsRegressor of estimator 'neighbours' takes none"):
        search.fit(X, y, sample_weight=np.ones(len(X)))


def test_a_missing_library(regression, monkeypatch):
    model = lightgbm.LGBMRegressor()
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    search = MultiModelSearchCV([("trees", model, {})], early_stopping=EarlyStopping())
    with pytest.raises(ImportError, match=re.escape("pip install 'multisearch[lightgbm]'")):
        search.fit(*regression)


def test_all_fits_failing_shows_the_first_traceback(regression):
    with pytest.raises(ValueError, match=r"All the 5 fits failed(.|\n)*a fit has started"):
        MultiModelSearchCV([never()]).fit(*regression)


def test_keras_classifiers_are_taken_for_what_they_are(classification):
    from scikeras.wrappers import KerasClassifier

    X, y = classification
    search = MultiModelSearchCV([("keras", Pipeline([("scale", StandardScaler()), ("model", KerasClassifier())]), {})])
    preparation = prepare(search, X, y, {})
    assert preparation.problem.kind == "classifier"
    for fold, (train, test) in zip(preparation.problem.folds[0], StratifiedKFold(5).split(X, y), strict=True):
        np.testing.assert_array_equal(fold.train, train)
        np.testing.assert_array_equal(fold.test, test)
    assert is_classifier(search)
