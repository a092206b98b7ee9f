"""Fits that failed: as a table, and in GridSearchCV's words."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sklearn.exceptions import FitFailedWarning

from multisearch._records import Candidate, Outcome

if TYPE_CHECKING:
    import pandas as pd


COLUMNS = ("candidate", "estimator", "fold", "kind", "message", "traceback", "worker")


def failure_rows(candidates: Sequence[Candidate], outcomes: Iterable[Outcome]) -> list[tuple[Any, ...]]:
    """Return what there is to say of every evaluation that failed, in the order of the outcomes.

    A fitted search keeps this rather than a DataFrame, so that the formats which run nobody's code can save it.
    """
    return [
        (
            outcome.candidate,
            candidates[outcome.candidate].estimator,
            outcome.fold,
            outcome.failure.kind,
            outcome.failure.message,
            outcome.failure.traceback,
            outcome.worker,
        )
        for outcome in outcomes
        if outcome.failure is not None
    ]


def failures_frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Return one row for every evaluation that failed.

    Parameters
    ----------
    rows : sequence of tuple
        From `failure_rows`.

    Returns
    -------
    failures : DataFrame
        With the columns ``candidate`` (the row of ``cv_results_``), ``estimator``, ``fold``, ``kind`` ("raised",
        "timeout" or "killed"), ``message``, ``traceback`` and ``worker``; empty where nothing failed.
    """
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(COLUMNS), dtype=object)  # with its own strings pandas loses None
    return frame.astype({"candidate": "int64", "fold": "int64"})


def report_failures(outcomes: Sequence[Outcome], error_score: Any) -> None:
    """Warn once about all fits that failed, with every distinct traceback, the commonest first.

    Raises
    ------
    ValueError
        Where no fit succeeded.
    """
    tracebacks = Counter(outcome.failure.traceback for outcome in outcomes if outcome.failure is not None)
    failed = tracebacks.total()
    if not failed:
        return
    line = "-" * 80
    details = "\n".join(
        f"{line}\n{count} fits failed with the following error:\n{traceback}"
        for traceback, count in tracebacks.most_common()
    )
    if failed == len(outcomes):
        raise ValueError(
            f"\nAll the {failed} fits failed.\nIt is very likely that your model is misconfigured.\n"
            "You can try to debug the error by setting error_score='raise'.\n\n"
            f"Below are more details about the failures:\n{details}"
        )
    warnings.warn(
        f"\n{failed} fits failed out of a total of {len(outcomes)}.\n"
        f"The score on these train-test partitions for these parameters will be set to {error_score}.\n"
        "If these failures are not expected, you can try to debug them by setting error_score='raise'.\n\n"
        f"Below are more details about the failures:\n{details}",
        FitFailedWarning,
        stacklevel=2,
    )
