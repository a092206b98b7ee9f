"""What is said about fits that failed, in GridSearchCV's words."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sklearn.exceptions import FitFailedWarning

from multisearch._records import Outcome


def report_failures(outcomes: Sequence[Outcome], error_score: Any) -> None:
    """Warn once about all fits that failed, with every distinct traceback, the first one first.

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
        f"{line}\n{count} fits failed with the following error:\n{traceback}" for traceback, count in tracebacks.items()
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
