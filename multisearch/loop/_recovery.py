"""What becomes of tasks that were lost: they run again, one at a time, until it is clear which fit is to blame."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from multisearch._records import Batch, Evaluation, Task


class Recovery:
    """Keeps what has to run again, and for which task of the schedule it stands.

    Where a process dies, everything that ran in it is under suspicion, and a death proves something only of a fit that
    ran alone. Suspects are to run when nothing else does; a batch that is lost even then is cut in half, until what is
    left is one fit. A candidate found to be guilty on one fold runs alone on the others from the beginning.
    """

    def __init__(self) -> None:
        self._suspects: deque[Task] = deque()
        self._again: deque[Task] = deque()
        self._origins: dict[str, Task] = {}
        self._parts: dict[str, int] = {}
        self._alone: str | None = None
        self._guilty: set[int] = set()
        self._n_parts = 0

    def next_task(self, running: int) -> Task | None:
        """Return a task that runs again, if there is one that may run beside so many others."""
        if self._again:
            return self._again.popleft()
        if self._suspects and not running:
            task = self._suspects.popleft()
            self._alone = task.key
            return task
        return None

    @property
    def keeps_others_waiting(self) -> bool:
        """Whether no other task should be started, because a suspect waits to run, or runs, alone."""
        return bool(self._suspects) or self._alone is not None

    def without_guilty(self, task: Task) -> Task | None:
        """Return what of a new task can run beside others; what cannot waits until it can run alone."""
        if not isinstance(task, Batch) or not any(map(self._is_guilty, task.evaluations)):
            return task
        guilty = [[evaluation] for evaluation in task.evaluations if self._is_guilty(evaluation)]
        rest = [evaluation for evaluation in task.evaluations if not self._is_guilty(evaluation)]
        parts = self._cut(task, [*guilty, rest] if rest else guilty)
        self.done(task)
        self._suspects.extend(parts[: len(guilty)])
        return parts[-1] if rest else None

    def _is_guilty(self, evaluation: Evaluation) -> bool:
        return evaluation.candidate.index in self._guilty

    def lost(self, task: Task) -> bool:
        """Take note of a lost task; say whether it is to blame, and so has failed, or else will run again."""
        was_alone = task.key == self._alone
        self._alone = None
        if not was_alone:
            self._suspects.append(task)
            return False
        if not isinstance(task, Batch):
            return True
        pieces = _pieces(task)
        if len(pieces) == 1:
            self._guilty.add(task.evaluations[0].candidate.index)
            return True
        self._suspects.extendleft(reversed(self._cut(task, pieces)))
        self.done(task)
        return False

    def left_over(self, batch: Batch, evaluations: Sequence[Evaluation]) -> None:
        """Take note of evaluations that a batch did not get to; they run again, under no suspicion."""
        self._again.extend(self._cut(batch, [evaluations]))

    def done(self, task: Task) -> Task | None:
        """Take note of a task that has come to its end; return the schedule's task if all of that is done."""
        if task.key == self._alone:
            self._alone = None
        origin = self._origins.pop(task.key, task)
        left = self._parts.pop(origin.key, 1) - 1
        if not left:
            return origin
        self._parts[origin.key] = left
        return None

    def _cut(self, task: Batch, pieces: Sequence[Sequence[Evaluation]]) -> list[Batch]:
        """Make batches of the pieces, which stand, besides the task itself, for what that stands for."""
        origin = self._origins.get(task.key, task)
        parts = []
        for piece in pieces:
            self._n_parts += 1
            parts.append(replace(task, key=f"{origin.key}-part-{self._n_parts}", evaluations=tuple(piece)))
            self._origins[parts[-1].key] = origin
        self._parts[origin.key] = self._parts.get(origin.key, 1) + len(parts)
        return parts


def _pieces(batch: Batch) -> list[Sequence[Evaluation]]:
    """Return two halves of a batch; only one piece where there is but one fit for one candidate."""
    evaluations = batch.evaluations
    if len(evaluations) > 1:
        middle = len(evaluations) // 2
        return [evaluations[:middle], evaluations[middle:]]
    (one,) = evaluations
    if not one.shorter:
        return [evaluations]
    return [[Evaluation(one.candidate, one.fold)], [next_on_path(one)]]


def next_on_path(evaluation: Evaluation) -> Evaluation:
    """Return the evaluation that remains when the longest candidate is left out."""
    longest, *shorter = evaluation.shorter
    return Evaluation(longest, evaluation.fold, tuple(shorter))
