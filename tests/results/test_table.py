import itertools

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.preprocessing import StandardScaler

from multisearch._records import Candidate, Failure, Outcome
from multisearch.results import ResultTable, select_best

N_FOLDS = 3


class Knobs(BaseEstimator):
    """Takes values of any kind; scores are what its `quality` makes of a fold's number."""

    def __init__(self, a=None, b=None, c=None, quality=0.0):
        self.a = a
        self.b = b
        self.c = c
        self.quality = quality

    def fit(self, X, y):
        if self.quality is None:
            raise ValueError("no quality")
        return self


def first_metric(model, X, y):
    return model.quality * X[0, 0]


def second_metric(model, X, y):
    return X[0, 0] - model.quality


GRIDS = {
    "numbers": {"a": [1, 2], "b": [0.5, 1.5, 2.5]},
    "mixed numbers": {"a": [1, 2.5]},
    "texts": {"a": ["svd", "lsqr"], "b": [b"x", b"y"]},
    "nothing among numbers": {"a": [None, 1, 2]},
    "truth": {"a": [True, False]},
    "truth among numbers": {"a": [True, 2]},
    "texts among numbers": {"a": ["auto", 1.0]},
    "estimators": {"a": [StandardScaler(), None], "b": [Ridge(), Ridge(alpha=2)]},
    "sequences of one length": {"a": [(1, 2), (3, 4)]},
    "sequences of different lengths": {"a": [(), (15,), (15, 15)]},
    "arrays": {"a": [np.zeros(2), np.ones(2)]},
    "numpy numbers": {"a": [np.float32(1), np.float32(2)], "b": np.arange(2)},
    "masked": [{"a": [1, 2]}, {"b": ["x"], "c": [1.5]}, {}],
    "one row": {},
    "quality": {"quality": [3.0, 1.0, 3.0, 2.0]},
    "not a number": {"quality": [3.0, np.nan, 1.0]},
    "endless": {"quality": [3.0, np.inf, 1.0]},
    "endless and not a number": {"quality": [3.0, -np.inf, np.nan, np.inf, 1.0]},
    "endless the other way": {"quality": [3.0, -np.inf, 1.0]},
}

may_warn = pytest.mark.filterwarnings("ignore:One or more of the", "ignore:invalid value encountered:RuntimeWarning")


@pytest.fixture
def rows():
    return np.arange(1.0, 13.0)[:, None], np.zeros(12)


@pytest.fixture
def search(rows):
    """Run GridSearchCV over a grid; return its results and the outcomes it must have had."""

    def run(grid, **arguments):
        fitted = GridSearchCV(
            Knobs(quality=1.0), grid, cv=KFold(N_FOLDS), refit=False, **{"scoring": first_metric} | arguments
        ).fit(*rows)
        return fitted.cv_results_

    return run


def candidates_of(results):
    return [Candidate(index, "knobs", params) for index, params in enumerate(results["params"])]


def outcomes_of(results, metrics=("score",), fit_times=None):
    """Return the outcomes that results were made of; with one metric scores are plain numbers."""

    def scores(row, fold, kind):
        if f"split0_{kind}_{metrics[0]}" not in results:
            return None
        by_metric = {metric: float(results[f"split{fold}_{kind}_{metric}"][row]) for metric in metrics}
        return by_metric["score"] if metrics == ("score",) else by_metric

    return {
        (row, fold): Outcome(
            row,
            fold,
            1.0 + row,
            0.5,
            0.0,
            test_scores=scores(row, fold, "test"),
            train_scores=scores(row, fold, "train"),
        )
        for row, fold in itertools.product(range(len(results["params"])), range(N_FOLDS))
    }


def table_of(results, metrics=("score",), error_score=np.nan):
    return ResultTable(candidates_of(results), N_FOLDS, outcomes_of(results, metrics), error_score)


def assert_like_scikit_learns(ours, theirs):
    assert [name for name in ours if name != "estimator"] == list(theirs)
    assert ours["params"] == theirs["params"] or str(ours["params"]) == str(theirs["params"])
    for name in theirs:
        if name == "params" or "time" in name:
            continue
        assert type(ours[name]) is type(theirs[name]), name
        assert ours[name].dtype == theirs[name].dtype, name
        np.testing.assert_array_equal(np.ma.getmaskarray(ours[name]), np.ma.getmaskarray(theirs[name]), err_msg=name)
        np.testing.assert_equal(list(np.ma.filled(ours[name], 0)), list(np.ma.filled(theirs[name], 0)), err_msg=name)


@may_warn
@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_keys_types_masks_values_and_ranks_are_gridsearchcvs(search, grid):
    theirs = search(grid)
    ours = table_of(theirs).to_cv_results(with_train_scores=False, with_iterations=False)

    assert_like_scikit_learns(ours, theirs)


@pytest.mark.parametrize("with_train_scores", [True, False])
def test_several_metrics_and_train_scores_are_in_gridsearchcvs_order(search, with_train_scores):
    theirs = search(
        GRIDS["quality"], scoring={"one": first_metric, "two": second_metric}, return_train_score=with_train_scores
    )
    table = table_of(theirs, ("one", "two"))

    assert table.metrics == ["one", "two"]
    assert_like_scikit_learns(table.to_cv_results(with_train_scores=with_train_scores, with_iterations=False), theirs)


@pytest.mark.parametrize("grid", [GRIDS["not a number"], GRIDS["endless"]])
def test_scores_that_are_no_finite_numbers_are_warned_about_in_gridsearchcvs_words(search, grid):
    with pytest.warns(Warning) as theirs:  # noqa: PT030 - all that GridSearchCV says
        results = search(grid)
    with pytest.warns(UserWarning, match="test scores are non-finite") as ours:
        table_of(results).to_cv_results(with_train_scores=False, with_iterations=False)

    assert str(ours[0].message) in [str(one.message) for one in theirs]


@may_warn
def test_fits_that_fail_get_the_error_score_and_the_last_rank(search):
    with pytest.warns(FitFailedWarning):
        theirs = search({"quality": [1.0, None, 3.0]}, error_score=np.nan, return_train_score=True)
    outcomes = outcomes_of(theirs)
    for fold in range(N_FOLDS):
        outcomes[1, fold] = Outcome(1, fold, 1.0, 0.0, 0.0, failure=Failure("ValueError: no quality", "Traceback ..."))
    table = ResultTable(candidates_of(theirs), N_FOLDS, outcomes, np.nan)

    assert_like_scikit_learns(table.to_cv_results(with_train_scores=True, with_iterations=False), theirs)


def test_a_number_as_error_score_stands_for_every_metric(search):
    results = search({"quality": [1.0, 2.0]}, scoring={"one": first_metric, "two": second_metric})
    outcomes = outcomes_of(results, ("one", "two"))
    outcomes[0, 0] = Outcome(0, 0, 1.0, 0.0, 0.0, failure=Failure("ValueError: no quality", "Traceback ..."))
    ours = ResultTable(candidates_of(results), N_FOLDS, outcomes, -9.0).to_cv_results(
        with_train_scores=False, with_iterations=False
    )

    assert ours["split0_test_one"][0] == ours["split0_test_two"][0] == -9.0


def test_metrics_are_those_of_the_first_fit_that_succeeded():
    failed = Outcome(0, 0, 0.0, 0.0, 0.0, failure=Failure("ValueError: bad rows", "Traceback ..."))
    good = Outcome(1, 0, 0.0, 0.0, 0.0, test_scores={"one": 1.0})
    candidates = [Candidate(0, "knobs", {}), Candidate(1, "knobs", {})]

    assert ResultTable(candidates, 1, {(0, 0): failed, (1, 0): good}, np.nan).metrics == ["one"]
    assert ResultTable(candidates[:1], 1, {(0, 0): failed}, np.nan).metrics is None


def test_times_are_averaged_over_folds(search):
    ours = table_of(search(GRIDS["quality"])).to_cv_results(with_train_scores=False, with_iterations=False)

    assert ours["mean_fit_time"].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert ours["std_fit_time"].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert ours["mean_score_time"].tolist() == [0.5, 0.5, 0.5, 0.5]
    assert not [name for name in ours if name.startswith("split0") and "time" in name]


def outcome(row, fold, *, score=0.0, n_iterations=None):
    return Outcome(row, fold, 0.0, 0.0, 0.0, test_scores=score, n_iterations=n_iterations)


def test_the_estimators_name_is_in_every_row():
    candidates = [Candidate(0, "ridge", {"alpha": 1}), Candidate(1, "lasso", {"alpha": 2, "tol": 0.5})]
    outcomes = {(row, 0): outcome(row, 0) for row in (0, 1)}
    ours = ResultTable(candidates, 1, outcomes, np.nan).to_cv_results(with_train_scores=False, with_iterations=False)

    assert ours["estimator"].tolist() == ["ridge", "lasso"]
    assert ours["estimator"].dtype == object
    assert list(ours)[:8] == [
        "mean_fit_time",
        "std_fit_time",
        "mean_score_time",
        "std_score_time",
        "estimator",
        "param_alpha",
        "param_tol",
        "params",
    ]
    assert ours["param_tol"].mask.tolist() == [True, False]


def test_iterations_are_numbers_where_a_fit_stopped_early():
    candidates = [Candidate(0, "boosted", {}), Candidate(1, "ridge", {})]
    outcomes = {
        (row, fold): outcome(row, fold, n_iterations=10 * (fold + 1) if row == 0 else None)
        for row in (0, 1)
        for fold in (0, 1)
    }
    table = ResultTable(candidates, 2, outcomes, np.nan)
    ours = table.to_cv_results(with_train_scores=False, with_iterations=True)

    np.testing.assert_array_equal(ours["split0_n_iterations"], [10, np.nan])
    np.testing.assert_array_equal(ours["split1_n_iterations"], [20, np.nan])
    np.testing.assert_array_equal(ours["mean_n_iterations"], [15, np.nan])
    np.testing.assert_array_equal(ours["std_n_iterations"], [5, np.nan])
    assert "mean_n_iterations" not in table.to_cv_results(with_train_scores=False, with_iterations=False)


def test_settings_are_copies_of_the_candidates():
    setting = {"alpha": 1}
    table = ResultTable([Candidate(0, "ridge", setting)], 1, {(0, 0): outcome(0, 0)}, np.nan)
    table.to_cv_results(with_train_scores=False, with_iterations=False)["params"][0]["alpha"] = 7

    assert setting == {"alpha": 1}


# The best row


@pytest.fixture
def results():
    return {
        "rank_test_score": np.array([2, 1, 1], dtype=np.int32),
        "rank_test_loss": np.array([1, 2, 3], dtype=np.int32),
        "params": [{}, {}, {}],
    }


def test_the_best_row_is_the_first_of_the_best_rank(results):
    assert select_best(True, "score", results) == 1
    assert select_best("loss", "loss", results) == 0


@pytest.mark.parametrize("row", [2, np.int64(2)])
def test_a_callable_chooses_the_row_itself(results, row):
    def choose(given):
        assert given is results
        return row

    index = select_best(choose, "score", results)

    assert index == 2
    assert type(index) is int


@pytest.mark.parametrize("returned", [1.0, "1", None])
def test_a_callable_that_returns_no_whole_number_is_an_error(results, returned):
    with pytest.raises(TypeError, match="best_index_ returned is not an integer"):
        select_best(lambda _: returned, "score", results)


@pytest.mark.parametrize("returned", [-1, 3])
def test_a_callable_that_returns_no_row_is_an_error(results, returned):
    with pytest.raises(IndexError, match=f"index out of range: refit returned {returned}, rows are 0 to 2"):
        select_best(lambda _: returned, "score", results)
