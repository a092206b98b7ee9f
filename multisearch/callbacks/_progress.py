"""A progress bar for terminals and notebooks: evaluations done, best so far and whose, time left."""

from __future__ import annotations

import math
from collections.abc import Mapping

import rich
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from multisearch._printable import printable
from multisearch._records import Candidate, Outcome
from multisearch.callbacks._base import ONE_SCORE, Callback
from multisearch.callbacks._notebook import NotebookProgress


class ProgressBar(Callback):
    """Draws one line with rich, which knows terminals and files, or in a notebook.

    Parameters
    ----------
    metric : str or None, default=None
        By which of several metrics the best is told; the first, where there is no such metric.
    """

    def __init__(self, metric: str | None = None) -> None:
        self._bar = NotebookProgress() if rich.get_console().is_jupyter else _on_a_line()
        self._task = self._bar.add_task("searching", start=False, total=None, best="no score yet")
        self._metric = metric
        self._best = -math.inf

    def on_start(self, n_candidates: int, n_folds: int) -> None:
        self._bar.update(self._task, total=n_candidates * n_folds)
        self._bar.start()
        self._bar.start_task(self._task)

    def on_outcome(self, candidate: Candidate, outcome: Outcome) -> None:
        self._bar.advance(self._task)

    def on_candidate(self, candidate: Candidate, mean_test_scores: Mapping[str, float]) -> None:
        if mean_test_scores and self._metric not in mean_test_scores:
            self._metric = next(iter(mean_test_scores))
        score = mean_test_scores.get(self._metric or "", math.nan)
        if score > self._best:
            self._best = score
            of_metric = "" if self._metric == ONE_SCORE else f"{printable(str(self._metric))} "
            self._bar.update(self._task, best=f"best {of_metric}{score:.4g} by {printable(candidate.estimator)}")

    def on_refit(self, candidate: Candidate) -> None:
        self._bar.update(self._task, description=f"refitting {printable(candidate.estimator)}")

    def on_end(self) -> None:
        self._bar.update(self._task, description="done")
        self._bar.stop()


def _on_a_line() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=10),
        MofNCompleteColumn(),
        TextColumn("{task.fields[best]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
    )
