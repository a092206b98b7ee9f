import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import check_scoring, get_scorer, make_scorer, max_error
from threadpoolctl import threadpool_limits

from multisearch import _sklearn_compat
from multisearch._sklearn_compat import (
    BaseScorer,
    MultimetricScorer,
    PassthroughScorer,
    check_method_params,
    multimetric_scorers,
    routing_enabled,
    safe_split,
    take_rows,
    truncate_hist_gradient_boosting,
    weighs_samples,
)


@pytest.mark.parametrize("name", _sklearn_compat.__all__)
def test_every_name_is_there(name):
    assert callable(getattr(_sklearn_compat, name))


def test_scorers_are_of_the_classes_that_they_are_told_by():
    assert isinstance(get_scorer("r2"), BaseScorer)
    assert isinstance(check_scoring(Ridge()), PassthroughScorer)
    assert isinstance(check_scoring(Ridge(), ["r2"]), MultimetricScorer)
    assert not isinstance(check_scoring(Ridge(), lambda *_: 0.0), BaseScorer | PassthroughScorer | MultimetricScorer)


def test_a_multimetric_scorer_names_those_it_asks():
    own = make_scorer(max_error)

    assert multimetric_scorers(check_scoring(Ridge(), {"worst": own, "r2": "r2"})).keys() == {"worst", "r2"}
    assert multimetric_scorers(check_scoring(Ridge(), {"worst": own}))["worst"] is own


@pytest.mark.parametrize(
    ("scorer", "takes"),
    [
        (get_scorer("r2"), True),
        (make_scorer(max_error), False),
        (check_scoring(Ridge()), True),
        (check_scoring(PCA()), False),
        (check_scoring(KMeans()), True),
        (lambda model, X, y, sample_weight=None: 0.0, True),
        (lambda model, X, y: 0.0, False),
    ],
)
def test_scorers_that_take_weights_are_told(scorer, takes):
    assert weighs_samples(scorer) is (takes if hasattr(BaseScorer, "_accept_sample_weight") else None)


def test_a_scikit_learn_that_passes_weights_to_no_scorer_is_told(monkeypatch):
    monkeypatch.delattr(BaseScorer, "_accept_sample_weight", raising=False)

    assert weighs_samples(get_scorer("r2")) is None


@pytest.fixture(scope="module")
def one_thread():
    """Keep OpenMP's threads from waiting for each other on a busy machine."""
    with threadpool_limits(1):
        yield


@pytest.mark.usefixtures("one_thread")
def test_a_regressor_is_cut_back_to_its_first_iterations(regression):
    X, y = regression
    model = HistGradientBoostingRegressor(max_iter=9, early_stopping=True, validation_fraction=0.3, random_state=0)
    stages = list(model.fit(X, y).staged_predict(X))
    truncate_hist_gradient_boosting(model, 4)

    assert model.n_iter_ == 4
    assert len(model.train_score_) == len(model.validation_score_) == 5
    np.testing.assert_array_equal(model.predict(X), stages[3])
    assert len(list(model.staged_predict(X))) == 4


@pytest.mark.usefixtures("one_thread")
def test_a_classifier_is_cut_back_without_touching_its_copies(classification):
    X, y = classification
    model = HistGradientBoostingClassifier(max_iter=6, early_stopping=False, random_state=0).fit(X, y)
    stages = list(model.staged_predict_proba(X))
    trees = model._predictors
    truncate_hist_gradient_boosting(model, 2)

    np.testing.assert_array_equal(model.predict_proba(X), stages[1])
    assert len(trees) == 6


def test_routing_is_told():
    assert routing_enabled() is False
    with config_context(enable_metadata_routing=True):
        assert routing_enabled() is True


def test_rows_keep_their_type(regression):
    frame = pd.DataFrame(regression[0])

    assert take_rows(frame, np.array([2, 0])).index.tolist() == [2, 0]
    assert take_rows(["a", "b", "c"], np.array([2, 0])) == ["c", "a"]
    X, y = safe_split(LogisticRegression(), frame, regression[1], np.array([2, 0]))
    assert X.index.tolist() == [2, 0]
    assert y.tolist() == regression[1][[2, 0]].tolist()


def test_only_parameters_with_an_entry_per_row_are_split(regression):
    X = regression[0]
    given = {"weights": np.arange(len(X)), "short": [1, 2], "flag": True, "none": None}
    split = check_method_params(X, params=given, indices=np.array([2, 0]))

    assert split["weights"].tolist() == [2, 0]
    assert {name: split[name] for name in ("short", "flag", "none")} == {"short": [1, 2], "flag": True, "none": None}
