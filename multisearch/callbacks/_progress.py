"""A progress bar for terminals and notebooks: evaluations done, best so far and whose, time left."""

from __future__ import annotations

import math

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from multisearch._printable import printable
from multisearch._records import Candidate, Outcome
from multisearch.callbacks._base import Callback


class ProgressBar(Callback):
    """Draws one line with rich, which knows terminals, notebooks and files."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=10),
            MofNCompleteColumn(),
            TextColumn("{task.fields[best]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
        )
        self._task = self._bar.add_task("searching", start=False, total=None, best="no score yet")
        self._best = -math.inf

    def on_start(self, n_candidates: int, n_folds: int) -> None:
        self._bar.update(self._task, total=n_candidates * n_folds)
        self._bar.start()
        self._bar.start_task(self._task)

    def on_outcome(self, candidate: Candidate, outcome: Outcome) -> None:
        self._bar.advance(self._task)

    def on_candidate(self, candidate: Candidate, mean_test_score: float | None) -> None:
        if mean_test_score is not None and mean_test_score > self._best:
            self._best = mean_test_score
            self._bar.update(self._task, best=f"best {mean_test_score:.4g} by {printable(candidate.estimator)}")

    def on_refit(self, candidate: Candidate) -> None:
        self._bar.update(self._task, description=f"refitting {printable(candidate.estimator)}")

    def on_end(self) -> None:
        self._bar.update(self._task, description="done")
        self._bar.stop()
