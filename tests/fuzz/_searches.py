"""How candidates are judged: splitters, scorers, early stopping, and the search's other arguments."""

import functools
from dataclasses import dataclass

import numpy as np
from fuzz._data import N_ROWS
from fuzz._users import fitted_scaler
from hypothesis import strategies as st
from sklearn.metrics import make_scorer
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from multisearch import EarlyStopping


def _listed(number):
    order = np.random.default_rng(0).permutation(N_ROWS)
    return [(order[:30], order[30:]), (order[20:], order[:20]), (np.arange(40), np.arange(36, N_ROWS))]


SPLITTERS = {
    "2": lambda number: 2,
    "3": lambda number: 3,
    "shuffled": lambda number: KFold(2, shuffle=True, random_state=int(abs(number) * 2)),
    "generator": lambda number: KFold(2, shuffle=True, random_state=np.random.RandomState(int(abs(number) * 2))),
    "random parts": lambda number: ShuffleSplit(2, random_state=0),
    "stratified": lambda number: StratifiedKFold(2, shuffle=True, random_state=0),
    "repeated": lambda number: RepeatedKFold(n_splits=2, n_repeats=2, random_state=0),
    "in time": lambda number: TimeSeriesSplit(2),
    "listed": _listed,
    "groups": lambda number: GroupKFold(2),
    "one group out": lambda number: LeaveOneGroupOut(),
}


def _error(y, predicted, factor=1.0):
    return float(np.mean(np.asarray(predicted) == np.asarray(y)) * factor)


def _distance(y, predicted, factor=1.0):
    return float(np.abs(np.asarray(predicted, dtype=float) - np.asarray(y, dtype=float)).mean() * factor)


def _own(function):
    def make(number):
        def measure(y, predicted):
            return function(y, predicted, number)

        return make_scorer(measure)

    return make


def _over_fitted(function):
    def make(number):
        fitted = fitted_scaler(number)
        return make_scorer(lambda y, predicted: function(y, predicted, fitted.mean_[0]))

    return make


def _looking(number):
    """Return a callable that looks at the estimator itself, its parameters and its rows."""

    def look(estimator, X, y):
        n_params = len(repr(sorted(estimator.get_params(deep=False))))
        size = getattr(X, "shape", (len(X),))[0]
        return float(np.asarray(estimator.predict(X) == np.asarray(y)).mean()) + number * n_params + size

    return look


def _both(function, name):
    return lambda number: {"usual": name, "own": functools.partial(_by_prediction, function=function, factor=number)}


def _by_prediction(estimator, X, y, function, factor):
    return function(y, estimator.predict(X), factor)


_EVERYWHERE = {"none": lambda number: None, "looking": _looking}
SCORINGS = {
    True: _EVERYWHERE
    | {
        "r2": lambda number: "r2",
        "two": lambda number: ["r2", "neg_mean_squared_error"],
        "own": _own(_distance),
        "over a fitted estimator": _over_fitted(_distance),
        "both": _both(_distance, "r2"),
    },
    False: _EVERYWHERE
    | {
        "accuracy": lambda number: "accuracy",
        "probabilities": lambda number: "neg_log_loss",
        "two": lambda number: ("accuracy", "f1_macro"),
        "own": _own(_error),
        "over a fitted estimator": _over_fitted(_error),
        "both": _both(_error, "accuracy"),
    },
}
"""By whether it is a regression; what is not None is made of the case's number."""


@dataclass(frozen=True)
class Judging:
    """How candidates are judged."""

    splitter: str = "2"
    scoring: str = "none"
    stopping: str | None = None
    return_train_score: bool = False
    error_score: object = np.nan
    refit: bool = False

    def arguments(self, data, number):
        """Return arguments of MultiModelSearchCV."""
        scoring = SCORINGS[data.is_regression][self.scoring](number)
        several = isinstance(scoring, list | tuple | dict)
        first = next(iter(scoring)) if several else None
        return {
            "cv": SPLITTERS[self.splitter](number),
            "scoring": scoring,
            "refit": (first if several else True) if self.refit else False,
            "early_stopping": None if self.stopping is None else EarlyStopping(patience=2, validation=self.stopping),
            "return_train_score": self.return_train_score,
            "error_score": self.error_score,
        }


def judgings(data):
    splitters = {"groups", "one group out"} if data.grouped else set(SPLITTERS) - {"groups", "one group out"}
    if data.is_regression:
        splitters -= {"stratified"}
    return st.builds(
        Judging,
        splitter=st.sampled_from(sorted(splitters)),
        scoring=st.sampled_from(sorted(SCORINGS[data.is_regression])),
        stopping=st.sampled_from([None, None, None, "inner", "fold"]),
        return_train_score=st.booleans(),
        error_score=st.sampled_from([np.nan, np.nan, np.nan, -5.0, "raise"]),
        refit=st.booleans(),
    )
