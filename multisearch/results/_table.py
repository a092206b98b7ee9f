"""Outcomes to ``cv_results_``: the same keys, types and ranks as GridSearchCV's, plus the estimator of each row."""

from __future__ import annotations

import numbers
import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.ma import MaskedArray
from numpy.typing import NDArray
from scipy.stats import rankdata

from multisearch._records import Candidate, Outcome, Scores

Results = dict[str, Any]


class ResultTable:
    """All outcomes of a search, by candidate and fold.

    Parameters
    ----------
    candidates : sequence of Candidate
        In the order of the rows.
    n_folds : int
    outcomes : mapping of (int, int) to Outcome
        By candidate and fold; all of them.
    error_score : float
        Stands for the scores of a fit that failed.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        n_folds: int,
        outcomes: Mapping[tuple[int, int], Outcome],
        error_score: float,
    ) -> None:
        self._candidates = candidates
        self._rows = [[outcomes[candidate.index, fold] for fold in range(n_folds)] for candidate in candidates]
        self._n_folds = n_folds
        self._error_score = error_score

    @property
    def metrics(self) -> list[str] | None:
        """The names of the metrics; None where scorers return one number."""
        scores = (outcome.test_scores for row in self._rows for outcome in row)
        first = next((score for score in scores if score is not None), None)
        return list(first) if isinstance(first, dict) else None

    def to_cv_results(self, *, with_train_scores: bool, with_iterations: bool) -> Results:
        """Return ``cv_results_``.

        Parameters
        ----------
        with_train_scores : bool
            Adds the scores on the training rows.
        with_iterations : bool
            Adds the iterations that early stopping found, NaN where a fit did not stop early.
        """
        results: Results = {}
        self._add_numbers(results, "fit_time", lambda outcome: outcome.fit_time)
        self._add_numbers(results, "score_time", lambda outcome: outcome.score_time)
        results["estimator"] = np.array([candidate.estimator for candidate in self._candidates], dtype=object)
        results.update(masked_params([candidate.params for candidate in self._candidates]))
        results["params"] = [dict(candidate.params) for candidate in self._candidates]
        metrics: Sequence[str | None] = self.metrics or [None]
        for metric in metrics:
            suffix = "score" if metric is None else metric
            test = self._add_numbers(results, f"test_{suffix}", self._score_of(metric, "test_scores"), splits=True)
            results[f"rank_test_{suffix}"] = ranks(test)
            if with_train_scores:
                self._add_numbers(results, f"train_{suffix}", self._score_of(metric, "train_scores"), splits=True)
        if with_iterations:
            self._add_numbers(results, "n_iterations", _iterations, splits=True)
        return results

    def _score_of(self, metric: str | None, which: str) -> Callable[[Outcome], float]:
        def score(outcome: Outcome) -> float:
            scores: Scores | None = getattr(outcome, which)
            if scores is None:
                return self._error_score
            return scores[metric] if isinstance(scores, dict) and metric is not None else float(scores)  # type: ignore[arg-type]

        return score

    def _add_numbers(
        self, results: Results, name: str, number: Callable[[Outcome], float], *, splits: bool = False
    ) -> NDArray[np.float64]:
        values = np.array([[number(outcome) for outcome in row] for row in self._rows], dtype=np.float64)
        if splits:
            for fold in range(self._n_folds):
                results[f"split{fold}_{name}"] = values[:, fold]
        means: NDArray[np.float64] = np.average(values, axis=1)
        results[f"mean_{name}"] = means
        if name.startswith(("test_", "train_")) and not np.isfinite(means).all():
            warnings.warn(
                f"One or more of the {name.partition('_')[0]} scores are non-finite: {means}", UserWarning, stacklevel=2
            )
        with np.errstate(invalid="ignore"):  # inf - inf, where a scorer returned infinities
            results[f"std_{name}"] = np.sqrt(np.average((values - means[:, np.newaxis]) ** 2, axis=1))
        return means


def _iterations(outcome: Outcome) -> float:
    return np.nan if outcome.n_iterations is None else float(outcome.n_iterations)


def ranks(means: NDArray[np.float64]) -> NDArray[np.int32]:
    """Rank mean scores, 1 for the greatest; ties share the smaller rank and NaN counts as the worst."""
    if np.isnan(means).all():
        return np.ones(len(means), dtype=np.int32)
    filled = np.nan_to_num(means, nan=np.nanmin(means) - 1)
    ranked: NDArray[np.int32] = rankdata(-filled, method="min").astype(np.int32, copy=False)
    return ranked


def masked_params(settings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a masked array per parameter, masked where a row has no such parameter.

    Numbers keep their dtype; everything else is an object.
    """
    by_name: dict[str, dict[int, Any]] = defaultdict(dict)
    for row, params in enumerate(settings):
        for name, value in params.items():
            by_name[name][row] = value
    columns: dict[str, Any] = {}
    for name, values in by_name.items():
        column: Any = MaskedArray(np.empty(len(settings), dtype=_dtype_of(list(values.values()))), mask=True)
        for row, value in values.items():
            column[row] = value
        columns[f"param_{name}"] = column
    return columns


def _dtype_of(values: list[Any]) -> np.dtype[Any]:
    try:
        array = np.array(values)
    except ValueError:  # lists of different lengths
        return np.dtype(object)
    return array.dtype if array.ndim == 1 and array.dtype.kind != "U" else np.dtype(object)


def select_best(refit: Any, metric: str, results: Results) -> int:
    """Return the row that ``refit`` means.

    Raises
    ------
    TypeError, IndexError
        Where a callable ``refit`` returns no row.
    """
    if not callable(refit):
        return int(results[f"rank_test_{metric}"].argmin())
    returned: Any = refit(results)
    if not isinstance(returned, numbers.Integral):
        raise TypeError(f"best_index_ returned is not an integer: refit returned {returned!r}")
    index = int(returned)
    if not 0 <= index < len(results["params"]):
        raise IndexError(
            f"best_index_ index out of range: refit returned {index}, rows are 0 to {len(results['params']) - 1}"
        )
    return index
