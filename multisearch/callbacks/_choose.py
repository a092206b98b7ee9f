"""Which callbacks a search gets: the meaning of ``verbose``."""

from __future__ import annotations

from typing import Any

from multisearch.callbacks._base import Callback
from multisearch.callbacks._progress import ProgressBar
from multisearch.callbacks._report import EvaluationReport


def callbacks_for(verbose: int, refit: Any) -> list[Callback]:
    """Return nothing for 0, a progress bar for 1, and a line per evaluation besides for more.

    The bar tells who is the best by the metric that ``refit`` names.
    """
    if not verbose:
        return []
    bar = ProgressBar(refit if isinstance(refit, str) else None)
    return [bar] if verbose == 1 else [EvaluationReport(int(verbose)), bar]
