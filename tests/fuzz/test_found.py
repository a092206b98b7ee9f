"""What the fuzzer has found, and what others have found that it is to find: each case small, and written by hand."""

from dataclasses import replace

import numpy as np
import pytest
from fuzz._cases import Case, Entry
from fuzz._compare import check_grid_search, check_journal, check_short_cuts
from fuzz._data import CATEGORIES, Data, changes_for
from fuzz._networks import Network
from fuzz._searches import Judging
from fuzz._users import FUNCTIONS, FUNCTIONS_AS_VALUES, STEPS, Users
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.preprocessing import OneHotEncoder, StandardScaler

REGRESSION = Data("float64", "regression")
BINARY = Data("float64", "binary")
ALPHAS = {"model__alpha": [0.1, 10.0]}


def one(data, steps, model, space, **judging):
    return Case(data, (Entry("one", steps, model, space),), Judging(**judging))


@pytest.mark.parametrize("name", ["XGBRFRegressor", "XGBRFClassifier"])
def test_xgboosts_forests_are_no_paths(name):
    import xgboost

    model = getattr(xgboost, name)(n_jobs=1, random_state=0)
    data = REGRESSION if name == "XGBRFRegressor" else BINARY
    check_short_cuts(one(data, (), model, {"n_estimators": [1, 2, 4]}))


@pytest.mark.parametrize("kind", ["copying", "writing", "catching", "unlocking", "counting"])
@pytest.mark.parametrize("return_train_score", [False, True])
def test_steps_that_write_into_shared_rows(kind, return_train_score):
    steps = (StandardScaler(), Users(kind))
    space = ALPHAS | {"step1__factor": [0.5, 2.0]}
    check_short_cuts(one(REGRESSION, steps, Ridge(), space, return_train_score=return_train_score))


@pytest.mark.parametrize("kind", ["writing regressor", "catching regressor", "unlocking regressor"])
@pytest.mark.parametrize("return_train_score", [False, True])
def test_models_that_write_into_shared_rows(kind, return_train_score):
    judging = {"return_train_score": return_train_score, "scoring": "two"}
    check_short_cuts(one(REGRESSION, (StandardScaler(),), Users(kind), ALPHAS, **judging))


def test_a_numpy_number_is_another_than_pythons_on_float32_rows():
    space = {"step0__factor": [0.1, np.float64(0.1)]} | ALPHAS
    check_short_cuts(one(replace(REGRESSION, rows="float32"), (Users("copying"),), Ridge(), space))


@pytest.mark.parametrize("return_train_score", [False, True])
def test_a_step_that_fails_on_test_rows_fails_the_score_and_not_the_fit(return_train_score):
    model = LogisticRegression(max_iter=15)
    judging = {"scoring": "accuracy", "return_train_score": return_train_score}
    check_short_cuts(one(BINARY, (OneHotEncoder(),), model, {}, **judging))
    check_short_cuts(one(BINARY, (OneHotEncoder(),), model, {"model__C": [0.1, 1.0]}, **judging))


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_what_a_step_of_the_users_hides_is_part_of_its_key(kind, tmp_path):
    case = one(REGRESSION, (StandardScaler(), Users(kind)), Ridge(), {})
    check_journal(case, replace(case, number=2.5), tmp_path)


@pytest.mark.parametrize("kind", sorted(FUNCTIONS_AS_VALUES))
def test_functions_that_hide_something_are_different_values(kind):
    functions = [Made(FUNCTIONS[kind.removeprefix("function: ")], number) for number in (1.5, 2.5)]
    check_short_cuts(one(REGRESSION, (Users("lambda"),), Ridge(), {"step0__func": functions} | ALPHAS))


class Made:
    """A function of the user's with a hidden number that the case does not choose."""

    def __init__(self, make, hidden):
        self.make = make
        self.hidden = hidden

    def build(self, number):
        return self.make(self.hidden)


@pytest.mark.parametrize("scoring", ["own", "over a fitted estimator", "both", "looking"])
@pytest.mark.parametrize("data", [REGRESSION, BINARY], ids=["regression", "binary"])
def test_what_a_scorer_hides_is_part_of_its_key(scoring, data, tmp_path):
    model = Ridge() if data.is_regression else LogisticRegression(max_iter=15)
    case = one(data, (StandardScaler(),), model, {}, scoring=scoring)
    check_journal(case, replace(case, number=2.5), tmp_path)


def test_what_a_model_hides_is_part_of_its_key(tmp_path):
    case = one(REGRESSION, (StandardScaler(),), Users("prefitted"), {})
    check_journal(case, replace(case, number=2.5), tmp_path)


FRAMES = [
    (rows, change)
    for rows in ("frame", *sorted(CATEGORIES))
    for change in changes_for(Data(rows, "regression"))
    if change not in {"one value", "labels", "weights"}
]


@pytest.mark.parametrize(("rows", "change"), FRAMES, ids=[f"{rows}, {change}" for rows, change in FRAMES])
def test_all_that_a_frame_says_is_part_of_its_key(rows, change, tmp_path):
    data = Data(rows, "regression")
    case = one(data, (Users("looking at frames"),), Ridge(), {})
    check_journal(case, replace(case, data=replace(data, change=change)), tmp_path)


def test_grid_search_agrees_on_rows_that_a_step_writes_into():
    check_grid_search(one(REGRESSION, (StandardScaler(), Users("writing")), Ridge(), ALPHAS))


IN_PLACE = {
    "a model": ((), LinearRegression(copy_X=False), {"fit_intercept": [True, False]}),
    "a step": ((StandardScaler(copy=False),), Ridge(), ALPHAS),
}


@pytest.mark.parametrize("what", IN_PLACE)
@pytest.mark.parametrize("optimize", [True, False])
def test_train_scores_are_those_of_the_rows_as_given(what, optimize):
    case = one(REGRESSION, *IN_PLACE[what], return_train_score=True)
    results = case.search(optimize=optimize).fit(*case.data.build()[:2]).cv_results_
    for params, *found in zip(*(results[name] for name in ("params", "split0_train_score")), strict=True):
        X, y, _ = case.data.build()
        rows = next(KFold(2).split(X))[0]
        model = clone(case.entries[0].build(case.number)[1]).set_params(**params).fit(X[rows], y[rows])
        assert found == [model.score(X[rows], y[rows])]


@pytest.mark.parametrize("what", IN_PLACE)
@pytest.mark.parametrize("return_train_score", [True, False])
def test_grid_search_agrees_on_rows_that_a_fit_overwrites(what, return_train_score):
    check_grid_search(one(REGRESSION, *IN_PLACE[what], return_train_score=return_train_score))


NETWORKS = {
    "a loss that leaves its delta out of its configuration": (Network(loss="huber"), "model__delta", [0.3, 2.0]),
    "a constraint put on a variable": (Network(), "model__trick", ["none", "constraint of a variable"]),
    "a regularizer put on a variable": (Network(), "model__trick", ["none", "regularizer of a variable"]),
    "a regularizer put on a built layer": (Network(), "model__trick", ["none", "regularizer of a built layer"]),
    "nothing to train, which one optimizer fails for": (
        Network(layers=(), optimizer="averaged", trick="frozen"),
        "epochs",
        [2, 3],
    ),
    "training that ends where it begins": (Network(callbacks="at the beginning"), "model__width", [3]),
    "training that ends before an epoch": (Network(callbacks="before an epoch"), "model__width", [3]),
}


@pytest.mark.parametrize("what", NETWORKS)
def test_networks_are_reused_and_trained_as_alone(what):
    network, name, values = NETWORKS[what]
    check_short_cuts(one(REGRESSION, (), network, {name: values}, scoring="r2"))
