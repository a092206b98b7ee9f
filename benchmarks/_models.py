"""Estimators that cost next to nothing, or exactly what they are told to, and one fit by hand.

Workers import them from here, so that this module imports little.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin


def fit_and_score(estimator: Any, X: Any, y: Any, train: Any, test: Any) -> float:
    """Do what a search does for one candidate on one fold, and nothing else."""
    return float(estimator.fit(X[train], y[train]).score(X[test], y[test]))


class Sleeper(RegressorMixin, BaseEstimator):
    """Sleeps while it is fitted, as if it was waiting for something else than a core.

    Parameters
    ----------
    seconds : float, default=0.1
    setting : int, default=0
        Tells candidates apart; changes nothing.
    """

    def __init__(self, seconds: float = 0.1, setting: int = 0) -> None:
        self.seconds = seconds
        self.setting = setting

    def fit(self, X: Any, y: Any) -> Sleeper:
        """Sleep."""
        time.sleep(self.seconds)
        self.is_fitted_ = True
        return self

    def predict(self, X: Any) -> Any:
        """Predict nothing but zeros."""
        return np.zeros(len(X))

    def score(self, X: Any, y: Any) -> float:  # type: ignore[override, unused-ignore]
        """Return a number."""
        return float(self.setting % 7)


class ColumnMeans(RegressorMixin, BaseEstimator):
    """Looks at all of X once, and keeps the means of its columns.

    Parameters
    ----------
    setting : int, default=0
        Tells candidates apart; changes nothing but the score.
    """

    def __init__(self, setting: int = 0) -> None:
        self.setting = setting

    def fit(self, X: Any, y: Any) -> ColumnMeans:
        """Compute the means."""
        self.means_ = X.mean(axis=0)
        return self

    def predict(self, X: Any) -> Any:
        """Predict the first column's mean."""
        return np.full(len(X), self.means_[0])

    def score(self, X: Any, y: Any) -> float:  # type: ignore[override, unused-ignore]
        """Return a number that takes a look at all of X."""
        return float(X.sum() + self.setting)
