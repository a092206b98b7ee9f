"""What fits that stopped early have left: their histories as a table, and a word on those that used all iterations."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from multisearch._histories import unpack
from multisearch._records import Candidate, Outcome

if TYPE_CHECKING:
    import pandas as pd

HistoryRow = tuple[int, str, int, bytes]
"""Candidate, estimator, fold and the packed history."""

COLUMNS = ("candidate", "estimator", "fold", "metric", "iteration", "value")


def history_rows(candidates: Sequence[Candidate], outcomes: Iterable[Outcome]) -> list[HistoryRow]:
    """Return the histories that were kept, in the order of the outcomes.

    A fitted search keeps this rather than a DataFrame, which would be ten times as large.
    """
    return [
        (outcome.candidate, candidates[outcome.candidate].estimator, outcome.fold, outcome.history)
        for outcome in outcomes
        if outcome.history is not None
    ]


def histories_frame(rows: Iterable[HistoryRow]) -> pd.DataFrame:
    """Return one row for every iteration of every metric.

    Parameters
    ----------
    rows : iterable of tuple
        From `history_rows`.

    Returns
    -------
    histories : DataFrame
        With the columns ``candidate`` (the row of ``cv_results_``), ``estimator``, ``fold``, ``metric``, ``iteration``
        (from 1) and ``value``; empty where no history was kept.
    """
    import pandas as pd

    curves = [
        (candidate, estimator, fold, metric, values)
        for candidate, estimator, fold, packed in rows
        for metric, values in unpack(packed).items()
    ]
    lengths = [len(values) for *_, values in curves]
    dtypes = {"candidate": np.int64, "estimator": object, "fold": np.int64, "metric": object}
    columns = {
        name: np.repeat(np.array([curve[place] for curve in curves], dtype=dtype), lengths)
        for place, (name, dtype) in enumerate(dtypes.items())
    }
    columns["iteration"] = np.concatenate([np.arange(1, length + 1) for length in (0, *lengths)])
    columns["value"] = np.concatenate([np.empty(0), *(values for *_, values in curves)])
    return pd.DataFrame(columns, columns=list(COLUMNS))


def report_used_up(candidates: Sequence[Candidate], outcomes: Iterable[Outcome]) -> None:
    """Warn once about all fits that used up their iterations before their patience ran out."""
    known = [outcome for outcome in outcomes if outcome.used_up is not None]
    of_all = Counter(candidates[outcome.candidate].estimator for outcome in known)
    used_up = Counter(candidates[outcome.candidate].estimator for outcome in known if outcome.used_up)
    if not used_up:
        return
    listed = ", ".join(f"{count} of {of_all[name]} fits of estimator {name!r}" for name, count in used_up.items())
    warnings.warn(
        f"Early stopping came to the last iteration before patience ran out in {listed}: later iterations might be "
        "better; raise the limit (n_estimators, iterations, max_iter, epochs), which should be far above the patience.",
        ConvergenceWarning,
        stacklevel=2,
    )
