"""Fits that failed: as a table, and in a few words."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sklearn.exceptions import FitFailedWarning

from multisearch._records import Candidate, Outcome
from multisearch.results._tracebacks import shortened

if TYPE_CHECKING:
    import pandas as pd

_KINDS_TOLD = 5

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
    """Warn once about all fits that failed: what went wrong and where, the commonest first.

    Raises
    ------
    ValueError
        Where no fit succeeded.
    """
    failures = Counter((one.failure.message, one.failure.traceback) for one in outcomes if one.failure is not None)
    failed = failures.total()
    if not failed:
        return
    details = _details(failures)
    if failed == len(outcomes):
        raise ValueError(
            f"\nAll the {failed} fits failed.\nIt is very likely that your model is misconfigured.\n{details}\n"
            "failures_ has the whole tracebacks, and error_score='raise' stops at the first failure."
        )
    warnings.warn(
        f"\n{failed} fits failed out of a total of {len(outcomes)}.\n"
        f"The score on these train-test partitions for these parameters will be set to {error_score}.\n{details}\n"
        "If these failures are not expected: failures_ has the whole tracebacks, and error_score='raise' stops at the "
        "first failure.",
        FitFailedWarning,
        stacklevel=2,
    )


def _details(failures: Counter[tuple[str, str]]) -> str:
    kinds: Counter[str] = Counter()
    for (message, traceback), count in failures.items():
        kinds[shortened(message, traceback)] += count
    told = kinds.most_common(_KINDS_TOLD)
    details = [f"{count} fits failed with the following error:\n{text}" for text, count in told]
    others = kinds.total() - sum(count for _, count in told)
    if others:
        details.append(f"{others} fits failed with {len(kinds) - len(told)} other errors.")
    return "\n".join(details)
