"""Which callbacks a search gets: the meaning of ``verbose``."""

from __future__ import annotations

from multisearch.callbacks._base import Callback
from multisearch.callbacks._progress import ProgressBar
from multisearch.callbacks._report import EvaluationReport


def callbacks_for(verbose: int) -> list[Callback]:
    """Return nothing for 0, a progress bar for 1, and a line per evaluation besides for more."""
    if not verbose:
        return []
    return [ProgressBar()] if verbose == 1 else [EvaluationReport(int(verbose)), ProgressBar()]
