"""What the work of a search is made of, measured part by part on as many processes as the contestants have."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import joblib
from sklearn.base import clone
from sklearn.utils import _safe_indexing

from benchmarks._cores import N_JOBS
from benchmarks._measurement import as_text, split_scores


@dataclass(frozen=True, slots=True)
class Parts:
    """Seconds, summed over folds: of the shared steps, and of all models behind them."""

    shared: float
    models: float

    def together(self, n_models: int) -> tuple[float, float]:
        """Return the work of a peer that fits the shared steps for every model, and the work that is needed."""
        return n_models * self.shared + self.models, self.shared + self.models


def measure_parts(steps: Any, models: Sequence[Any], X: Any, y: Any, splits: Sequence[tuple[Any, Any]]) -> Parts:
    """Fit the shared steps once per fold and every model behind them, and time both.

    Parameters
    ----------
    steps : transformer
    models : sequence of estimator
        One per candidate, with its setting.
    X, y : the data
    splits : sequence of (train, test)
    """
    parallel = joblib.Parallel(n_jobs=N_JOBS)
    seconds = parallel(joblib.delayed(_one_fold)(steps, models, X, y, split) for split in splits)
    return Parts(sum(shared for shared, _ in seconds), sum(alone for _, alone in seconds))


def _one_fold(steps: Any, models: Sequence[Any], X: Any, y: Any, split: tuple[Any, Any]) -> tuple[float, float]:
    train, test = split
    start = time.perf_counter()
    fitted = clone(steps)
    X_train = fitted.fit_transform(_safe_indexing(X, train), y[train])
    X_test = fitted.transform(_safe_indexing(X, test))
    behind = time.perf_counter()
    for model in models:
        clone(model).fit(X_train, y[train]).score(X_test, y[test])
    return behind - start, time.perf_counter() - behind


def path_work(results: Mapping[str, Any], parameter: str) -> tuple[float, float]:
    """Return the work in ``cv_results_``, and what it would be with one fit for all values of a parameter.

    Of the candidates that differ in this parameter only, the fit of the one with its largest value is needed, since the
    others are met on the way; each of them has to predict and to be scored.

    Parameters
    ----------
    results : mapping
        A search's ``cv_results_``.
    parameter : str

    Returns
    -------
    done, needed : float
        Seconds of fitting and scoring on all folds.
    """
    n_folds = split_scores(results).shape[1]
    largest: dict[str, tuple[Any, float]] = {}
    for params, spent in zip(results["params"], results["mean_fit_time"], strict=True):
        others = as_text("", {key: value for key, value in params.items() if key != parameter})
        one = (params[parameter], float(spent))
        largest[others] = max(one, largest.get(others, one), key=lambda found: found[0])
    fits = sum(spent for _, spent in largest.values())
    scoring = float(sum(results["mean_score_time"]))
    return n_folds * (float(sum(results["mean_fit_time"])) + scoring), n_folds * (fits + scoring)
