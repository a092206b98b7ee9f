"""Paths against fits by hand: every family, with weights, classes, probabilities, threads and many rows.

By hand is what a user would write who has never heard of this library: ``clone``, ``set_params``, ``fit``. A score is a
digest of the predictions, so that any other bit is seen.
"""

import warnings

import joblib
import numpy as np
import pytest
from catboost import CatBoostClassifier, CatBoostRegressor
from helpers import digest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn import ensemble
from sklearn.base import clone, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import KFold, ParameterGrid
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier, XGBRegressor

from multisearch import MultiModelSearchCV

SIZES = [2, 9, 5]
QUIET = {"verbose": False, "allow_writing_files": False}
MODELS = {
    "random forest": ensemble.RandomForestRegressor(max_depth=6, random_state=0),
    "random forest of classes": ensemble.RandomForestClassifier(max_depth=6, random_state=0),
    "extra trees": ensemble.ExtraTreesRegressor(max_depth=6, bootstrap=True, random_state=0),
    "extra trees of classes": ensemble.ExtraTreesClassifier(max_depth=6, random_state=0),
    "bagging": ensemble.BaggingRegressor(DecisionTreeRegressor(max_depth=5), random_state=0),
    "bagging of classes": ensemble.BaggingClassifier(DecisionTreeClassifier(max_depth=5), random_state=0),
    "gradient boosting": ensemble.GradientBoostingRegressor(subsample=0.7, random_state=0),
    "gradient boosting of classes": ensemble.GradientBoostingClassifier(subsample=0.7, random_state=0),
    "adaboost": ensemble.AdaBoostRegressor(random_state=0),
    "adaboost of classes": ensemble.AdaBoostClassifier(DecisionTreeClassifier(max_depth=2), random_state=0),
    "histogram": ensemble.HistGradientBoostingRegressor(early_stopping=False, max_features=0.7, random_state=0),
    "histogram of classes": ensemble.HistGradientBoostingClassifier(early_stopping=False, random_state=0),
    "lightgbm": LGBMRegressor(subsample=0.7, subsample_freq=1, colsample_bytree=0.7, verbosity=-1, n_jobs=1),
    "lightgbm of classes": LGBMClassifier(colsample_bytree=0.7, verbosity=-1, n_jobs=1),
    "xgboost": XGBRegressor(subsample=0.7, colsample_bytree=0.7, n_jobs=1),
    "xgboost of classes": XGBClassifier(subsample=0.7, colsample_bynode=0.7, n_jobs=1),
    "catboost": CatBoostRegressor(learning_rate=0.3, thread_count=1, **QUIET),
    "catboost of classes": CatBoostClassifier(learning_rate=0.3, thread_count=1, **QUIET),
}
WITH_THREADS = {
    "gradient boosting": {},  # of a BLAS, if of any
    "histogram": {},  # of OpenMP
    "histogram of classes": {},
    "lightgbm": {"n_jobs": 2, "force_col_wise": True},  # left to itself, LightGBM chooses by how long either takes
    "lightgbm of classes": {"n_jobs": 2, "force_row_wise": True},
    "xgboost": {"n_jobs": 2},
    "xgboost of classes": {"n_jobs": 2},
    "catboost": {"thread_count": 2},
    "catboost of classes": {"thread_count": 2},
}
"""Which models take several threads to fit and are still the same whenever they are fitted, and how they are told."""


def rows_of(n_rows, n_classes=3):
    """Return X, a target, classes by number and weights."""
    random = np.random.default_rng(0)
    X = random.normal(size=(n_rows, 5))
    y = np.exp(X[:, 0] / 2 + np.abs(X[:, 1]) + random.normal(scale=0.4, size=n_rows))
    classes = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
    return X, y, classes, random.uniform(0.1, 3, size=n_rows)


def target(model, rows):
    _, y, classes, _ = rows
    if not is_classifier(model):
        return y
    has_names = not isinstance(model, XGBClassifier)
    return np.array(["low", "middle", "high"])[classes] if has_names else classes


def scorers_of(model):
    if is_classifier(model):
        return {
            "labels": make_scorer(digest),
            "probabilities": make_scorer(digest, response_method="predict_proba"),
        }
    return {"values": make_scorer(digest)}


def by_hand(estimator, space, rows, cv, fit_params):
    """Return the scores of each setting on each fold, fitted alone."""
    X, y = rows
    model = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    prefix = "model__" if isinstance(estimator, Pipeline) else ""
    found = {}
    for params in ParameterGrid(space):
        for fold, (train, test) in enumerate(cv.split(X)):
            given = {prefix + name: values[train] for name, values in fit_params.items()}
            fitted = clone(estimator).set_params(**params).fit(X[train], y[train], **given)
            for name, scorer in scorers_of(model).items():
                found[repr(params), fold, name] = scorer(fitted, X[test], y[test])
    return found


def by_search(estimator, space, rows, cv, fit_params, **arguments):
    """Return the same from a search, and how many fits it has saved by paths."""
    model = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    search = MultiModelSearchCV(
        [("model", estimator, space)],
        cv=cv,
        scoring=scorers_of(model),
        refit=False,
        error_score="raise",
        **{"scheduler": "inline"} | arguments,
    ).fit(*rows, **fit_params)
    table = search.cv_results_
    found = {
        (repr({key: params[key] for key in sorted(params)}), fold, name): float(table[f"split{fold}_test_{name}"][row])
        for row, params in enumerate(table["params"])
        for fold in range(search.n_splits_)
        for name in scorers_of(model)
    }
    return found, search.search_stats_.path_fits_saved


def check(estimator, space, rows, *, threads=1, saved=4, fit_params=None, cv=None, **arguments):
    fit_params, cv = fit_params or {}, cv or KFold(2, shuffle=True, random_state=1)
    with warnings.catch_warnings(), threadpool_limits(threads):
        warnings.simplefilter("ignore")
        found, n_saved = by_search(estimator, space, rows, cv, fit_params, **arguments)
        assert found == by_hand(estimator, space, rows, cv, fit_params)
    assert n_saved == saved
    assert len(set(found.values())) > len(found) / 2


def path_name(model):
    return "max_iter" if "Hist" in type(model).__name__ else "n_estimators"


@pytest.fixture(scope="module")
def few():
    return rows_of(200)


@pytest.fixture(scope="module")
def many():
    return rows_of(100_000)


@pytest.mark.parametrize("name", MODELS)
def test_three_classes_and_their_probabilities_or_numbers(name, few):
    model = MODELS[name]
    check(model, {path_name(model): SIZES}, (few[0], target(model, few)))


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if is_classifier(model)])
def test_two_classes_and_their_probabilities(name):
    model, rows = MODELS[name], rows_of(200, n_classes=2)
    check(model, {path_name(model): SIZES}, (rows[0], target(model, rows)))


@pytest.mark.parametrize("name", MODELS)
def test_weights(name, few):
    model = MODELS[name]
    rows = few[0], target(model, few)
    check(model, {path_name(model): SIZES}, rows, fit_params={"sample_weight": few[3]})


@pytest.mark.parametrize("name", WITH_THREADS)
@pytest.mark.parametrize("n_rows", [200, pytest.param(100_000, marks=pytest.mark.slow)])
def test_several_native_threads(name, n_rows):
    model, rows = clone(MODELS[name]).set_params(**WITH_THREADS[name]), rows_of(n_rows)
    check(model, {path_name(model): SIZES}, (rows[0], target(model, rows)), threads=2)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_hundred_thousand_rows(name, many):
    model = MODELS[name]
    rows = many[0], target(model, many)
    check(model, {path_name(model): SIZES}, rows, fit_params={"sample_weight": many[3]})


NESTED = {
    "members of a bagging": (MODELS["bagging"], {"n_estimators": SIZES, "estimator__max_depth": [2, 4]}, 8),
    "members of an adaboost": (
        MODELS["adaboost of classes"],
        {"n_estimators": SIZES, "estimator__max_depth": [1, 2]},
        8,
    ),
    "what boosting begins with": (
        clone(MODELS["gradient boosting"]).set_params(init=LinearRegression()),
        {"n_estimators": SIZES, "init__fit_intercept": [True, False]},
        8,
    ),
    "the last step of a pipeline": (
        Pipeline([("scale", StandardScaler()), ("model", MODELS["lightgbm of classes"])]),
        {"model__n_estimators": SIZES, "model__learning_rate": [0.1, 0.5]},
        8,
    ),
    "a pipeline as a member": (
        ensemble.BaggingRegressor(
            Pipeline([("scale", StandardScaler()), ("model", DecisionTreeRegressor())]), random_state=0
        ),
        {"n_estimators": SIZES, "estimator__model__max_depth": [2, 4]},
        0,
    ),
    "behind a transformed target": (
        TransformedTargetRegressor(MODELS["xgboost"], func=np.log, inverse_func=np.exp),
        {"regressor__n_estimators": SIZES},
        0,
    ),
    "several outputs": (MultiOutputRegressor(MODELS["catboost"]), {"estimator__n_estimators": SIZES}, 0),
}


@pytest.mark.parametrize("what", NESTED)
def test_nested_estimators(what, few):
    estimator, space, saved = NESTED[what]
    y = target(estimator, few)
    y = np.column_stack([y, y**2]) if what == "several outputs" else y
    check(estimator, space, (few[0], y), saved=saved)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_on_workers(name, few):
    model = MODELS[name]
    check(
        Pipeline([("scale", StandardScaler()), ("model", model)]),
        {f"model__{path_name(model)}": SIZES},
        (few[0], target(model, few)),
        threads=max(1, joblib.cpu_count() // 2),  # as each worker has
        scheduler="local",
        n_jobs=2,
        fit_params={"sample_weight": few[3]},
    )
