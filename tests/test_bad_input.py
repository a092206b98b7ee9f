"""Wrong calls end in one clear sentence, before any work where that is knowable, and leave nothing behind.

What GridSearchCV accepts is not wrong: the last tests hold such calls against it.
"""

import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import assert_same_results
from scipy.stats import randint, uniform
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.ensemble import AdaBoostRegressor, HistGradientBoostingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, PredefinedSplit
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import EarlyStopping, MultiModelSearchCV, read_journal

N_ROWS = 40


class Watched(Ridge):
    """Notes in a file, which workers can write to as well, that it was fitted."""

    def __init__(self, notes=None, alpha=1.0):
        super().__init__(alpha=alpha)
        self.notes = notes

    def fit(self, X, y, sample_weight=None):
        with Path(self.notes).open("a") as notes:
            notes.write("fitted\n")
        return super().fit(X, y, sample_weight)


class WatchedClassifier(LogisticRegression):
    def __init__(self, notes=None, C=1.0):
        super().__init__(C=C)
        self.notes = notes

    def fit(self, X, y, sample_weight=None):
        with Path(self.notes).open("a") as notes:
            notes.write("fitted\n")
        return super().fit(X, y, sample_weight)


class ChangesItsArguments(Watched):
    def __init__(self, notes=None, alpha=1.0):
        super().__init__(notes, float(alpha) + 0.0)


class Scoreless(BaseEstimator):
    def fit(self, X, y):
        return self


class SplitsOnly:
    def split(self, X, y=None, groups=None):
        return KFold(3).split(X)


class CountsWrongly(KFold):
    def get_n_splits(self, X=None, y=None, groups=None):
        return 7


def alone(model):
    return [("model", model, {"alpha": [0.1, 1.0]})]


def as_given(X, y):
    return X, y


@dataclass(frozen=True)
class Wrong:
    """A wrong call: the error that it ends in, and in what it differs from a right one."""

    what: str
    error: type[Exception]
    says: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    estimators: Callable[[Watched], Any] = alone
    data: Callable[[Any, Any], tuple[Any, Any]] = as_given
    params: Mapping[str, Any] = field(default_factory=dict)
    found_by_fitting: bool = False


TRIPLES = "(name, estimator, param_distributions) triples, got "

WRONG_ESTIMATORS = [
    Wrong("no estimators", ValueError, "estimators is empty; give at least one", estimators=lambda model: []),
    Wrong("a name alone", TypeError, f"must be a list of {TRIPLES}'ridge'", estimators=lambda model: "ridge"),
    Wrong("a bare estimator", TypeError, f"must be a list of {TRIPLES}Watched(", estimators=lambda model: model),
    Wrong("a dict", TypeError, f"must be a list of {TRIPLES}{{'model': ", estimators=lambda model: {"model": model}),
    Wrong("an iterator", TypeError, f"must be a list of {TRIPLES}<", estimators=lambda model: iter(alone(model))),
    Wrong("a pair", TypeError, f"must hold {TRIPLES}('model', ", estimators=lambda model: [("model", model)]),
    Wrong("a number as name", TypeError, "must be a string, got 1", estimators=lambda model: [(1, model, {})]),
    Wrong("an empty name", ValueError, "'' cannot name an estimator", estimators=lambda model: [("", model, {})]),
    Wrong("a name with __", ValueError, "and has no '__' in it", estimators=lambda model: [("a__b", model, {})]),
    Wrong(
        "a name twice",
        ValueError,
        "two estimators are named 'model'; give each a name of its own",
        estimators=lambda model: alone(model) * 2,
    ),
    *(
        Wrong(
            f"{name} as name",
            ValueError,
            f"{name!r} cannot name an estimator, because MultiModelSearchCV has an argument of that name",
            estimators=lambda model, name=name: [(name, model, {})],
        )
        for name in ("cv", "journal", "fit_timeout")
    ),
    Wrong(
        "a class",
        TypeError,
        "give an instance, not the class",
        estimators=lambda model: [("model", type(model), {})],
    ),
    Wrong(
        "no estimator",
        TypeError,
        "estimator 'model' must be a scikit-learn estimator with fit and get_params, got None",
        estimators=lambda model: [("model", None, {})],
    ),
    Wrong(
        "an estimator that cannot be cloned",
        RuntimeError,
        "the constructor either does not set or modifies parameter alpha",
        estimators=lambda model: [("model", ChangesItsArguments(model.notes), {})],
    ),
    Wrong(
        "a regressor and a classifier",
        ValueError,
        "'model' is a regressor, 'logistic' is a classifier; search them separately",
        estimators=lambda model: [*alone(model), ("logistic", LogisticRegression(), {})],
    ),
    Wrong(
        "a regressor and a clusterer",
        ValueError,
        "'model' is a regressor, 'kmeans' is a clusterer; search them separately",
        estimators=lambda model: [*alone(model), ("kmeans", KMeans(), {})],
    ),
    Wrong(
        "scores of their own that differ",
        ValueError,
        "set scoring to one scorer for all",
        estimators=lambda model: [*alone(model), ("poisson", PoissonRegressor(), {})],
    ),
    Wrong(
        "no score at all",
        TypeError,
        "the estimator passed should have a 'score' method. The estimator Scoreless() does not",
        estimators=lambda model: [("model", Scoreless(), {})],
    ),
]


def with_space(space):
    return lambda model: [("model", model, space)]


def in_pipeline(space):
    return lambda model: [("model", Pipeline([("scale", StandardScaler()), ("last", model)]), space)]


NO_DICT = "the parameters of estimator 'model' must be a dict or a list of dicts, got "
NO_VALUES = "estimator 'model': Parameter grid for parameter 'alpha' "

WRONG_SPACES = [
    Wrong("no parameters but None", TypeError, f"{NO_DICT}None", estimators=with_space(None)),
    Wrong("a list of pairs", TypeError, f"{NO_DICT}[('alpha', [1])]", estimators=with_space([("alpha", [1])])),
    Wrong("no dict at all", ValueError, "are an empty list; {} stands for no parameters", estimators=with_space([])),
    Wrong(
        "a misspelt parameter",
        ValueError,
        "Invalid parameter 'alhpa' for estimator 'model'; the closest is 'alpha'",
        estimators=with_space({"alhpa": [1.0]}),
    ),
    Wrong(
        "a misspelt step",
        ValueError,
        "Invalid parameter 'lats__alpha' for estimator 'model'; the closest is 'last__alpha'",
        estimators=in_pipeline({"lats__alpha": [1.0]}),
    ),
    Wrong(
        "a parameter behind the estimator's name",
        ValueError,
        "Invalid parameter 'model__alpha' for estimator 'model'; the closest is 'alpha'",
        estimators=with_space({"model__alpha": [1.0]}),
    ),
    Wrong(
        "a number as parameter",
        TypeError,
        "estimator 'model': a parameter's name must be a string, got 1",
        estimators=with_space({1: [1.0]}),
    ),
    Wrong("no values", ValueError, f"{NO_VALUES}need", estimators=with_space({"alpha": []})),
    Wrong("a value alone", TypeError, f"{NO_VALUES}needs to be a list", estimators=with_space({"alpha": 1.0})),
    Wrong("a string of values", TypeError, f"{NO_VALUES}needs to be a list", estimators=with_space({"alpha": "1"})),
    Wrong(
        "a table of values",
        ValueError,
        "estimator 'model': Parameter array for 'alpha' should be one-dimensional",
        estimators=with_space({"alpha": np.ones((2, 2))}),
    ),
    Wrong(
        "a distribution without n_iter",
        ValueError,
        "draws 'alpha' from a distribution, which has no full grid; set n_iter to the number of settings to draw",
        estimators=with_space({"alpha": uniform()}),
    ),
    Wrong(
        "a distribution without its limits",
        ValueError,
        "the settings of estimator 'model' cannot be drawn: ",
        {"n_iter": 3},
        estimators=with_space({"alpha": randint}),
    ),
]

WRONG_BUDGETS = [
    Wrong("n_iter=0", ValueError, "n_iter must be at least 1, got 0; None stands for the full grid", {"n_iter": 0}),
    Wrong("n_iter below 0", ValueError, "n_iter['model'] must be at least 1, got -2", {"n_iter": {"model": -2}}),
    Wrong("n_iter=2.5", TypeError, "n_iter must be a whole number or None, got 2.5", {"n_iter": 2.5}),
    Wrong("n_iter='3'", TypeError, "n_iter must be a whole number or None, got '3'", {"n_iter": "3"}),
    Wrong("n_iter=True", TypeError, "n_iter must be a whole number or None, got True", {"n_iter": True}),
    Wrong("n_iter=[3]", TypeError, "n_iter must be a whole number or None, got [3]", {"n_iter": [3]}),
    Wrong(
        "n_iter of a stranger",
        ValueError,
        "n_iter names 'other', which is no estimator; there are 'model'",
        {"n_iter": {"other": 3}},
    ),
]

TWO_METRICS = ["r2", "neg_max_error"]

WRONG_SCORING = [
    Wrong("a misspelt scorer", ValueError, "'r3' is not a valid scorer's name; the closest is 'r2'", {"scoring": "r3"}),
    Wrong(
        "a misspelt scorer among others", ValueError, "'r3' is not a valid", {"scoring": ["r2", "r3"], "refit": "r2"}
    ),
    Wrong("a number as scoring", TypeError, "scoring must be a scorer's name, a callable, a list", {"scoring": 3}),
    Wrong("no scorers", ValueError, "Empty list was given", {"scoring": []}),
    Wrong("a scorer twice", ValueError, "Duplicate elements were found", {"scoring": ["r2", "r2"], "refit": "r2"}),
    Wrong("a metric in a list", ValueError, "One or more of the elements were callables", {"scoring": [r2_score]}),
    Wrong(
        "a number as scorer",
        TypeError,
        "scoring['r2'] must be a scorer's name or a callable, got 3",
        {"scoring": {"r2": 3}, "refit": "r2"},
    ),
    Wrong("several metrics, none to refit by", ValueError, "there are 'r2', 'neg_max_error'", {"scoring": TWO_METRICS}),
    Wrong(
        "an unknown metric to refit by",
        ValueError,
        "'mae' was passed; there are 'r2', 'neg_max_error'",
        {"scoring": TWO_METRICS, "refit": "mae"},
    ),
    *(
        Wrong(
            f"refit={refit}",
            TypeError,
            f"refit must be True, False, a metric's name or a callable, got {refit}",
            {"refit": refit},
        )
        for refit in (3, None)
    ),
]


def stopping(**arguments):
    return {"early_stopping": EarlyStopping(**arguments)}


def beside_one_that_stops(model):
    return [*alone(model), ("trees", HistGradientBoostingRegressor(), {})]


NO_STOPPING = "early_stopping must be an EarlyStopping, a dict of them by estimator name, or None, got "

WRONG_STOPPING = [
    Wrong("early_stopping=10", TypeError, f"{NO_STOPPING}10", {"early_stopping": 10}),
    Wrong("early_stopping=True", TypeError, f"{NO_STOPPING}True", {"early_stopping": True}),
    Wrong("the class EarlyStopping", TypeError, f"{NO_STOPPING}<class", {"early_stopping": EarlyStopping}),
    Wrong("rounds by name", TypeError, f"{NO_STOPPING}10", {"early_stopping": {"model": 10}}),
    Wrong(
        "a stranger that stops",
        ValueError,
        "early_stopping names 'other', which is no estimator; there are 'model'",
        {"early_stopping": {"other": EarlyStopping()}},
    ),
    Wrong(
        "a model that cannot stop",
        ValueError,
        "Watched cannot stop early here; models of LightGBM, XGBoost, CatBoost, scikeras, ",
        {"early_stopping": {"model": EarlyStopping()}},
    ),
    Wrong("patience=0", ValueError, "patience must be a whole number of at least 1, got 0", stopping(patience=0)),
    Wrong("patience=2.5", ValueError, "patience must be a whole number of at least 1", stopping(patience=2.5)),
    Wrong("min_delta below 0", ValueError, "min_delta must be a number of at least 0, got -1", stopping(min_delta=-1)),
    Wrong("min_delta of nan", ValueError, "min_delta must be a number of at least 0", stopping(min_delta=np.nan)),
    Wrong("a number as monitor", TypeError, "monitor must be a metric's name or None, got 3", stopping(monitor=3)),
    Wrong(
        "all rows for stopping",
        ValueError,
        "validation_fraction must be between 0 and 1, got 1.0",
        stopping(validation_fraction=1.0),
    ),
    Wrong(
        "nearly all rows for stopping",
        ValueError,
        "validation_fraction=0.99 leaves no training rows of the 26 in fold 0; lower it or use fewer folds",
        stopping(validation_fraction=0.99),
        estimators=beside_one_that_stops,
    ),
    Wrong(
        "an unknown place for stopping rows",
        ValueError,
        "validation must be 'inner', 'last', 'fold' or a splitter, got 'outer'",
        stopping(validation="outer"),
    ),
    Wrong(
        "a gap without an order",
        ValueError,
        "EarlyStopping's gap=5 needs validation='last', which alone has the stopping rows behind the training rows "
        "whatever cv is, got validation='inner'; give that, or leave gap out",
        stopping(gap=5),
    ),
    Wrong(
        "stopping rows of other data",
        ValueError,
        "splits rows of its own, not the 26 training rows of fold 0 that it is given; give EarlyStopping a splitter",
        stopping(validation=PredefinedSplit([-1] * 30 + [0] * 10)),
        estimators=beside_one_that_stops,
    ),
    Wrong(
        "an unknown average",
        ValueError,
        "refit_iterations must be one of 'mean', 'median', 'max', got 'mode'",
        stopping(refit_iterations="mode"),
    ),
]

SEED = "random_state must be None, a whole number from 0 to 2**32 - 1 or a RandomState, got "
TLS = "for TLS, make a client of distributed with its security and leave scheduler=None"

WRONG_SETTINGS = [
    Wrong(
        "error_score='ignore'",
        ValueError,
        "error_score must be 'raise' or a number, got 'ignore'",
        {"error_score": "ignore"},
    ),
    Wrong("error_score=None", ValueError, "error_score must be 'raise' or a number, got None", {"error_score": None}),
    *(
        Wrong(f"{name}='no'", TypeError, f"{name} must be True or False, got 'no'", {name: "no"})
        for name in ("return_train_score", "retry_failed")
    ),
    *(
        Wrong(
            f"optimize={value!r}",
            TypeError,
            f"optimize must be True, False or 'verify', which computes everything twice; got {value!r}",
            {"optimize": value},
        )
        for value in ("no", 1, None)
    ),
    Wrong(
        "code_version=7",
        TypeError,
        "code_version must be text, or None, which adds nothing, got 7",
        {"code_version": 7},
    ),
    Wrong("verbose='loud'", TypeError, "verbose must be a whole number, got 'loud'; 0 shows", {"verbose": "loud"}),
    Wrong("verbose below 0", ValueError, "verbose must be at least 0, got -1; 0 shows nothing", {"verbose": -1}),
    Wrong("a word as seed", ValueError, f"{SEED}'seed'", {"random_state": "seed"}),
    Wrong("a seed below 0", ValueError, f"{SEED}-1", {"random_state": -1}),
    Wrong("a Generator as seed", ValueError, f"{SEED}Generator", {"random_state": np.random.default_rng(0)}),
    Wrong("n_jobs=0", ValueError, "n_jobs == 0 has no meaning; use None or 1 for this process", {"n_jobs": 0}),
    *(
        Wrong(
            f"n_jobs={n_jobs!r}",
            TypeError,
            f"n_jobs must be None or a whole number, got {n_jobs!r}",
            {"n_jobs": n_jobs},
        )
        for n_jobs in ("2", 2.5, True)
    ),
    Wrong(
        "a number as scheduler",
        TypeError,
        "scheduler must be None, 'inline', 'local' or a scheduler's address, got 3",
        {"scheduler": 3},
    ),
    Wrong(
        "a scheduler that is not there",
        ConnectionError,
        "no dask scheduler answered at scheduler='tcp://127.0.0.1:9' within 10 s; start one there, or use 'local'",
        {"scheduler": "tcp://127.0.0.1:9"},
    ),
    Wrong("a TLS scheduler without certificates", ConnectionError, TLS, {"scheduler": "tls://127.0.0.1:9"}),
]


def other_x(new):
    return lambda X, y: (new(X), y)


def other_y(new):
    return lambda X, y: (X, new(y))


def changed(values, to):
    """Change rows of every fold."""
    values = values.copy()
    values[::3] = to
    return values


def classifying(model):
    return [("model", WatchedClassifier(model.notes), {"C": [1.0]})]


WRONG_DATA = [
    Wrong("no X", TypeError, "X must hold the rows to fit on, such as an array of", data=other_x(lambda X: None)),
    Wrong("a number as X", TypeError, "Input should have at least 1 dimension", data=other_x(lambda X: 3)),
    Wrong("a number as y", TypeError, "Input should have at least 1 dimension", data=other_y(lambda y: 3)),
    Wrong("X longer than y", ValueError, "inconsistent numbers of samples: [40, 39]", data=other_y(lambda y: y[:-1])),
    Wrong("no rows", ValueError, "X must have rows, but its shape is (0, 8)", data=lambda X, y: (X[:0], y[:0])),
    Wrong(
        "no rows of a classifier",
        ValueError,
        "X must have rows, but its shape is (0, 8)",
        estimators=classifying,
        data=lambda X, y: (X[:0], np.array([], dtype=object)),
    ),
    Wrong(
        "NaN among the classes",
        ValueError,
        "Input y contains NaN",
        estimators=classifying,
        data=other_y(lambda y: changed((y > 0).astype(float), np.nan)),
    ),
    Wrong(
        "classes with fewer rows than folds",
        ValueError,
        "n_splits=3 cannot be greater than the number of members in each class",
        estimators=classifying,
        data=other_y(lambda y: np.arange(N_ROWS) // 2),
    ),
    Wrong(
        "weights of another length",
        ValueError,
        "sample_weight has 39 entries, but X has 40 rows; give one weight per row",
        params={"sample_weight": np.ones(N_ROWS - 1)},
    ),
    Wrong(
        "weights for a model that takes none",
        TypeError,
        "KNeighborsRegressor of estimator 'neighbours' takes none; leave that estimator out",
        estimators=lambda model: [*alone(model), ("neighbours", KNeighborsRegressor(), {})],
        params={"sample_weight": np.ones(N_ROWS)},
    ),
    Wrong(
        "groups of another length",
        ValueError,
        "inconsistent numbers of samples: [40, 40, 39]",
        {"cv": GroupKFold(3)},
        params={"groups": np.arange(N_ROWS - 1)},
    ),
    Wrong("no groups", ValueError, "The 'groups' parameter should not be None", {"cv": GroupKFold(3)}),
]

FOUND_BY_FITTING = [
    Wrong("X of one dimension", ValueError, "Expected 2D array, got 1D array", data=other_x(lambda X: X[:, 0])),
    Wrong("X of three dimensions", ValueError, "Found array with dim 3", data=other_x(lambda X: X[:, :, None])),
    Wrong("no columns", ValueError, "Found array with 0 feature(s)", data=other_x(lambda X: X[:, :0])),
    Wrong("words in X", ValueError, "could not convert string to float", data=other_x(lambda X: X.astype(str) + "m")),
    Wrong("NaN in X", ValueError, "Input X contains NaN", data=other_x(lambda X: changed(X, np.nan))),
    Wrong("infinity in X", ValueError, "Input X contains infinity", data=other_x(lambda X: changed(X, -np.inf))),
    Wrong("NaN in y", ValueError, "Input y contains NaN", data=other_y(lambda y: changed(y, np.nan))),
    Wrong("words in y", ValueError, "could not convert string to float", data=other_y(lambda y: y.astype(str) + "m")),
    Wrong("no y", ValueError, "missing 1 required positional argument: 'y'", data=other_y(lambda y: None)),
    Wrong("classes that are no classes", ValueError, "Unknown label type: continuous", estimators=classifying),
    Wrong("one class", ValueError, "at least 2 classes", estimators=classifying, data=other_y(lambda y: y > np.inf)),
    Wrong(
        "negative weights",
        ValueError,
        "Negative values in data passed to `sample_weight`",
        estimators=lambda model: [("boosted", AdaBoostRegressor(n_estimators=2), {})],
        params={"sample_weight": -np.ones(N_ROWS)},
    ),
    Wrong(
        "an unknown fit parameter",
        ValueError,
        "got an unexpected keyword argument 'weights'",
        params={"weights": np.ones(N_ROWS)},
    ),
    Wrong("no training rows", ValueError, "Found array with 0 sample(s)", {"cv": [([], np.arange(N_ROWS))]}),
    Wrong(
        "no test rows",
        ValueError,
        "Found array with 0 sample(s)",
        {"cv": [(np.arange(N_ROWS), [])], "error_score": "raise"},
    ),
]

TRAIN, TEST = np.arange(20), np.arange(20, N_ROWS)
OTHER_ROWS = "but X has 40 rows; split the rows that fit is given"

WRONG_SPLITS = [
    *(
        Wrong(
            f"{n} folds",
            ValueError,
            f"at least one train/test split by setting n_splits=2 or more, got n_splits={n}",
            {"cv": n},
        )
        for n in (0, 1, -3)
    ),
    Wrong(
        "more folds than rows",
        ValueError,
        "Cannot have number of splits n_splits=50 greater than the number of samples: n_samples=40",
        {"cv": 50},
    ),
    Wrong("a word as cv", ValueError, "as an integer, ", {"cv": "5"}),
    Wrong("a broken number of folds", ValueError, "as an integer, ", {"cv": 2.5}),
    Wrong("a splitter's class", TypeError, "got the class KFold; give an instance, not the class", {"cv": KFold}),
    Wrong("a splitter that does not count", TypeError, "cv must have a method get_n_splits", {"cv": SplitsOnly()}),
    Wrong("a splitter that counts wrongly", ValueError, "Expected 7 splits, got 3", {"cv": CountsWrongly(3)}),
    Wrong("no splits", ValueError, "No fits were performed. Was the CV iterator empty?", {"cv": []}),
    Wrong("an iterator that is used up", ValueError, "an iterator can be read only once", {"cv": iter([])}),
    Wrong("rows in place of splits", ValueError, "cv must hold pairs of training and test rows", {"cv": [1, 2]}),
    Wrong("three parts", ValueError, "but split 0 is (", {"cv": [(TRAIN, TEST, TEST)]}),
    Wrong(
        "rows of more data",
        ValueError,
        f"cv: the training rows of split 0 hold row 59, {OTHER_ROWS}",
        {"cv": list(KFold(3).split(np.zeros(60)))},
    ),
    Wrong(
        "rows counted from too far behind",
        ValueError,
        f"cv: the test rows of split 0 hold row -41, {OTHER_ROWS}",
        {"cv": [(TRAIN, [-41])]},
    ),
    Wrong(
        "a mask of other data",
        ValueError,
        f"cv: the test rows of split 0 are a mask of length 39, {OTHER_ROWS}",
        {"cv": [(TRAIN, np.ones(N_ROWS - 1, dtype=bool))]},
    ),
    Wrong(
        "broken row numbers",
        ValueError,
        "cv: the test rows of split 0 are an array of shape (20,) and dtype float64; give whole numbers",
        {"cv": [(TRAIN, TEST + 0.5)]},
    ),
    Wrong("words as rows", ValueError, "give whole numbers or a mask", {"cv": [(TRAIN, ["a", "b"])]}),
    Wrong(
        "a row in place of rows", ValueError, "the test rows of split 0 are an array of shape ()", {"cv": [(TRAIN, 5)]}
    ),
]

LIMIT = "fit_timeout must be a number of seconds above 0, or None, which sets no limit"
WAIT = "worker_timeout must be a number of seconds above 0, or None, which waits for ever"

WRONG_LIMITS = [
    *(
        Wrong(f"fit_timeout={seconds}", ValueError, f"{LIMIT}; got {seconds}", {"fit_timeout": seconds, "n_jobs": 2})
        for seconds in (0, -1.0, np.nan, np.inf)
    ),
    *(
        Wrong(f"fit_timeout={seconds!r}", TypeError, f"{LIMIT}; got {seconds!r}", {"fit_timeout": seconds, "n_jobs": 2})
        for seconds in ("5", True, [5])
    ),
    Wrong(
        "a limit in this process", ValueError, "fit_timeout=5.0 needs processes that can be ended", {"fit_timeout": 5.0}
    ),
    *(
        Wrong(f"worker_timeout={seconds}", ValueError, f"{WAIT}; got {seconds}", {"worker_timeout": seconds})
        for seconds in (0, -1.0, np.nan)
    ),
    *(
        Wrong(f"worker_timeout={seconds!r}", TypeError, f"{WAIT}; got {seconds!r}", {"worker_timeout": seconds})
        for seconds in ("x", True)
    ),
]

WRONG_CALLS = [
    *WRONG_ESTIMATORS,
    *WRONG_SPACES,
    *WRONG_BUDGETS,
    *WRONG_SCORING,
    *WRONG_STOPPING,
    *WRONG_SETTINGS,
    *WRONG_DATA,
    *WRONG_SPLITS,
    *WRONG_LIMITS,
    *(replace(call, found_by_fitting=True) for call in FOUND_BY_FITTING),
]


@pytest.fixture
def notes(tmp_path):
    """Return the file that notes fits."""
    return tmp_path / "fits"


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal.sqlite"


@pytest.fixture
def rows(regression):
    return regression[0][:N_ROWS], regression[1][:N_ROWS]


def kinds_in(journal):
    """Return how the evaluations in a journal ended, None for those that did well."""
    return set(read_journal(journal)["kind"]) if journal.exists() else set()


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # where scikit-learn looks for NaN
@pytest.mark.parametrize("call", WRONG_CALLS, ids=lambda call: call.what)
def test_a_wrong_call_says_so_and_leaves_nothing_behind(call, notes, journal, rows):
    search = MultiModelSearchCV(call.estimators(Watched(str(notes))), **{"cv": 3, "journal": journal, **call.arguments})
    X, y = call.data(*rows)
    with pytest.raises(call.error) as raised:
        search.fit(X, y, **call.params)

    assert call.says in str(raised.value)
    assert not hasattr(search, "cv_results_")
    assert kinds_in(journal) <= ({"raised"} if call.found_by_fitting else set())
    assert call.found_by_fitting or not notes.exists()


def other_sqlite_file(folder):
    path = folder / "other.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE evaluations (key TEXT)")
    connection.commit()
    connection.close()
    return path


def text_file(folder):
    path = folder / "notes.txt"
    path.write_text("not a journal\n" * 100)
    return path


def journal_of(folder, statement):
    """Make a journal of a search, and change it with a statement of SQL."""
    path = folder / "search.sqlite"
    MultiModelSearchCV([("ridge", Ridge(), {})], cv=2, journal=path).fit(np.eye(4), np.arange(4.0))
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


def newer_journal(folder):
    return journal_of(folder, "PRAGMA user_version = 1000")


def cut_journal(folder):
    path = journal_of(folder, "PRAGMA user_version")
    path.write_bytes(path.read_bytes()[:1000])
    return path


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda folder: 3, TypeError, "3"),
        (lambda folder: True, TypeError, "True"),
        (lambda folder: b"journal.sqlite", TypeError, "b'journal.sqlite'"),
        (lambda folder: folder / "missing" / "journal.sqlite", FileNotFoundError, "missing"),
        (lambda folder: folder, IsADirectoryError, "journal"),
        (text_file, ValueError, "notes.txt"),
        (other_sqlite_file, ValueError, "other.sqlite"),
        (newer_journal, ValueError, "search.sqlite"),
        (cut_journal, ValueError, "search.sqlite"),
    ],
    ids=["number", "bool", "bytes", "no folder", "folder", "text", "another SQLite file", "newer version", "cut off"],
)
def test_a_wrong_journal_is_refused_and_left_as_it_is(make, error, says, notes, tmp_path, rows):
    folder = tmp_path / "journals"
    folder.mkdir()
    path = make(folder)
    before = {one: one.read_bytes() for one in folder.iterdir()}
    search = MultiModelSearchCV(alone(Watched(str(notes))), journal=path)
    with pytest.raises(error, match="journal") as raised:
        search.fit(*rows)

    assert says in str(raised.value)
    assert not notes.exists()
    assert {one: one.read_bytes() for one in folder.iterdir()} == before


def tasks_known(dask_scheduler):
    return set(dask_scheduler.tasks)


WRONG_ON_A_CLUSTER = [
    call
    for call in WRONG_CALLS
    if call.what in {"a misspelt scorer", "rows of more data", "n_iter of a stranger", "infinity in X", "no test rows"}
]


@pytest.mark.parametrize("call", WRONG_ON_A_CLUSTER, ids=lambda call: call.what)
def test_a_wrong_call_leaves_no_task_on_the_cluster(call, client, notes, journal, rows):
    before = client.run_on_scheduler(tasks_known)  # whoever used the cluster before may not have let go of all yet
    search = MultiModelSearchCV(call.estimators(Watched(str(notes))), **{"cv": 3, "journal": journal, **call.arguments})
    with pytest.raises(call.error) as raised:
        search.fit(*call.data(*rows), **call.params)

    assert call.says in str(raised.value)
    assert kinds_in(journal) <= ({"raised"} if call.found_by_fitting else set())
    assert call.found_by_fitting or not notes.exists()
    deadline = time.monotonic() + 10
    while client.run_on_scheduler(tasks_known) - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert client.run_on_scheduler(tasks_known) <= before


def test_a_client_in_place_of_its_address_is_refused(client, notes, rows):
    search = MultiModelSearchCV(alone(Watched(str(notes))), scheduler=client)
    with pytest.raises(
        TypeError, match="scheduler must be None, 'inline', 'local' or a scheduler's address, got <Client"
    ):
        search.fit(*rows)
    assert not notes.exists()


def test_a_closed_client_is_as_good_as_none(cluster, notes, rows):
    from distributed import Client

    with Client(cluster):
        pass
    search = MultiModelSearchCV(alone(Watched(str(notes)))).fit(*rows)
    assert search.search_stats_.workers == 1


def test_a_client_that_is_current_but_closed_is_an_error_that_says_so(cluster, notes, rows):
    from distributed import Client

    client = Client(cluster, set_as_default=False)
    with client.as_current():
        client.close()
        with pytest.raises(ConnectionError, match="the active dask client is closed"):
            MultiModelSearchCV(alone(Watched(str(notes)))).fit(*rows)
    assert not notes.exists()


@pytest.fixture(scope="module")
def fitted(regression):
    frame = pd.DataFrame(regression[0], columns=list("abcdefgh"))
    return MultiModelSearchCV([("ridge", Ridge(), {})]).fit(frame, regression[1]), frame


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda frame: frame.to_numpy()[:, :3], ValueError, "X has 3 features, but Ridge is expecting 8 features"),
        (lambda frame: frame[["a", "b"]], ValueError, "Feature names seen at fit time, yet now missing"),
        (lambda frame: frame.rename(columns={"a": "z"}), ValueError, "Feature names unseen at fit time"),
        (lambda frame: frame[list("hgfedcba")], ValueError, "must be in the same order as they were in fit"),
        (lambda frame: frame.mask(frame > 1), ValueError, "Input X contains NaN"),
        (lambda frame: frame["a"], ValueError, "Expected a 2-dimensional container"),
    ],
    ids=["too few", "missing", "renamed", "in another order", "not there", "one column alone"],
)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_other_columns_than_those_fitted_on_are_refused(fitted, change, error, says):
    search, frame = fitted
    with pytest.raises(error, match=says):
        search.predict(change(frame))


def test_what_has_not_been_fitted_cannot_be_asked(rows):
    search = MultiModelSearchCV([("ridge", Ridge(), {})], refit=False)
    with pytest.raises(AttributeError, match="has no attribute 'predict'") as raised:
        search.fit(*rows).predict(rows[0])
    assert "refit=False" in str(raised.value.__cause__)
    unfitted = MultiModelSearchCV([("ridge", Ridge(), {})])
    for ask in (unfitted.predict, unfitted.score):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            ask(rows[0])


class Known(Ridge):
    """A model that was trained before: it needs no rows, and predicts by its alpha alone."""

    def fit(self, X, y=None, sample_weight=None):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return self.alpha * X[:, 0]


def alpha_alone(estimator, X, y=None, sample_weight=None):
    return -abs(estimator.alpha - 1.0)


@pytest.mark.parametrize(
    ("model", "arguments"),
    [
        (Ridge(), {"cv": [(np.arange(30), np.arange(20, 40)), (np.arange(10, 40), np.arange(20))]}),
        (Ridge(), {"cv": [(np.arange(40), np.arange(40))]}),
        (Ridge(), {"cv": [(np.repeat(np.arange(20), 2), np.arange(30, 40))]}),
        (Ridge(), {"cv": list(KFold(3).split(np.zeros(30)))}),
        (Ridge(), {"cv": [(list(range(30)), list(range(-10, 0)))]}),
        (Ridge(), {"cv": [(TRAIN.astype(np.uint8), TEST.astype(np.uint64))]}),
        (Ridge(), {"cv": iter([(TRAIN, TEST)])}),
        (Ridge(), {"cv": np.array([[TRAIN, TEST]])}),
        (Known(), {"cv": [(np.arange(0), np.arange(40))]}),
        (Ridge(), {"cv": [(np.arange(40), np.arange(0))], "scoring": alpha_alone}),
        (Ridge(), {"refit": "r2", "scoring": "r2"}),
        (Ridge(), {"refit": np.True_, "return_train_score": np.True_, "verbose": np.False_}),
        (Ridge(), {"error_score": np.float32(0.0), "n_jobs": np.int64(1)}),
        (Ridge(), {"verbose": False}),
    ],
    ids=[
        "overlapping",
        "the same rows twice",
        "repeated rows",
        "splits of fewer rows",
        "rows from behind",
        "unsigned rows",
        "an iterator",
        "an array of splits",
        "nothing to train on",
        "nothing to test on",
        "a metric's name for one score",
        "numpy's True",
        "numpy's numbers",
        "verbose=False",
    ],
)
def test_what_grid_search_accepts_is_accepted(model, arguments, rows):
    ours, theirs = dict(arguments), dict(arguments)
    if hasattr(arguments.get("cv"), "__next__"):
        splits = list(arguments["cv"])
        ours["cv"], theirs["cv"] = iter(splits), iter(splits)
    space = {"alpha": [0.1, 1.0, 10.0]}
    expected = GridSearchCV(model, space, **theirs).fit(*rows)
    search = MultiModelSearchCV([("model", model, space)], **ours).fit(*rows)

    without_name = {name: values for name, values in search.cv_results_.items() if name != "estimator"}
    assert_same_results(expected.cv_results_, without_name)
    assert search.best_params_ == expected.best_params_


def test_one_weight_for_all_rows_is_accepted(rows):
    search = MultiModelSearchCV([("ridge", Ridge(), {})], scoring=alpha_alone).fit(*rows, sample_weight=2.0)
    np.testing.assert_array_equal(search.predict(rows[0]), Ridge().fit(*rows, sample_weight=2.0).predict(rows[0]))
