"""The order of tasks: which shared step or batch of evaluations is next, and what can be forgotten after it."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence

from multisearch._records import Batch, Evaluation, SharedStep, Task
from multisearch.planning._batching import Costs
from multisearch.planning._paths import Fit
from multisearch.planning._tree import Node, StepTree

_SORTED_EVERY_TIME = 256
"""Up to how many fits are sorted anew by what they may take, whenever some are handed out."""


class _Leaves:
    """Fits that wait behind one node on one fold; those that may last longest go first."""

    def __init__(self, fold: int, parent: str | None, fits: Sequence[Fit], costs: Costs) -> None:
        self.fold = fold
        self.parent = parent
        self._costs = costs
        self._untouched: Sequence[Fit] = fits
        self._estimators = {fit.candidate.estimator for fit in fits}
        self._waiting: deque[Fit] = deque()

    def __bool__(self) -> bool:
        return bool(self._untouched or self._waiting)

    def longest(self) -> float:
        """Return the seconds that the next fit is expected to take."""
        if self._untouched:
            return max(self._costs.of_estimator(name) for name in self._estimators)
        return self._costs.of(self._waiting[0].candidate)

    def sort(self) -> None:
        """Put the longest fits first."""
        if self._untouched or len(self._waiting) <= _SORTED_EVERY_TIME:
            fits = self._untouched or self._waiting
            self._waiting = deque(sorted(fits, key=lambda fit: -self._costs.of(fit.candidate)))
            self._untouched = ()

    def take(self, seconds: float) -> Iterator[Fit]:
        """Yield the fits that take so long together, but at least one."""
        if self._untouched:
            self._waiting.extend(self._untouched)
            self._untouched = ()
        spent = self._costs.of(self._waiting[0].candidate)
        yield self._waiting.popleft()
        while self._waiting and (spent := spent + self._costs.of(self._waiting[0].candidate)) <= seconds:
            yield self._waiting.popleft()


class _Below:
    """What is directly below each node of one tree, and below the raw rows (None)."""

    def __init__(self, tree: StepTree) -> None:
        self.fits: dict[str | None, list[Fit]] = defaultdict(list)
        for leaf in tree.leaves:
            self.fits[leaf.parent].append(leaf.fit)
        self.children: dict[str | None, list[Node]] = defaultdict(list)
        for node in tree.nodes.values():
            self.children[node.parent].append(node)


class Schedule:
    """Hands out the tasks of one tree per fold.

    Shared steps go before evaluations, so that workers find enough to do when the last of them are run, but no more of
    their results are alive than half as many again as there are slots. Where there are several slots, evaluations that
    last long go first, so that no slot is left with one of them at the end; how long they last is known from earlier
    folds.

    Parameters
    ----------
    trees : mapping of int to StepTree
        By fold; folds with the same candidates have the same tree.
    costs : Costs
        What evaluations were measured to take; decides how many go into one batch.
    """

    def __init__(self, trees: Mapping[int, StepTree], costs: Costs) -> None:
        self._costs = costs
        below = {id(tree): _Below(tree) for tree in trees.values()}
        self._below = {fold: below[id(tree)] for fold, tree in trees.items()}
        self._steps: list[tuple[int, int, SharedStep]] = []
        self._leaves: list[_Leaves] = []
        self._users: Counter[str] = Counter()
        self._left: Counter[str] = Counter()
        for tree in trees.values():
            self._left.update(leaf.fit.candidate.estimator for leaf in tree.leaves)
        self._arrival = itertools.count()
        self._batches = 0
        self._running = 0
        self._alive = 0
        for fold in trees:
            self._open(None, fold)

    def next_task(self, capacity: int) -> Task | None:
        """Return the next task that should be handed over; None if there is none before a running one has finished."""
        task = self._next_step(capacity) or self._next_batch(capacity)
        if task is not None:
            self._running += 1
        return task

    def seconds_ahead(self, capacity: int) -> float:
        """Return how long each slot is expected to be busy with the evaluations that are not handed out yet."""
        return self._costs.total_of(self._left) / capacity

    def _next_step(self, capacity: int) -> SharedStep | None:
        enough = self._alive >= capacity + capacity // 2
        if not self._steps or (enough and (self._leaves or self._running)) or self._running >= capacity:
            return None
        self._alive += 1
        return heapq.heappop(self._steps)[-1]

    def _next_batch(self, capacity: int) -> Batch | None:
        if not self._leaves:
            return None
        leaves = self._leaves[0]
        if capacity > 1:  # one slot keeps one order, so that unseeded fits draw the same from a seeded global generator
            leaves = max(self._leaves, key=_Leaves.longest)
            leaves.sort()
        if self._running >= capacity and leaves.longest() > self._costs.target_seconds:
            return None  # in line behind the wrong task it would wait for longer than a free slot for it
        seconds = self._costs.seconds_per_batch(self._left, capacity)
        evaluations = [Evaluation(fit.candidate, leaves.fold, fit.shorter) for fit in leaves.take(seconds)]
        self._left.subtract(evaluation.candidate.estimator for evaluation in evaluations)
        if not leaves:
            self._leaves.remove(leaves)
        self._batches += 1
        return Batch(f"batch-{self._batches}", leaves.parent, tuple(evaluations))

    def finish(self, task: Task) -> list[str]:
        """Take note of a finished task; return the keys of shared steps that nobody needs any more."""
        self._running -= 1
        if isinstance(task, SharedStep):
            self._open(task.key.rpartition("-")[0], task.fold)
            done = 1
        else:
            done = len(task.evaluations) if isinstance(task, Batch) else 0
        if task.parent is None:
            return []
        self._users[task.parent] -= done
        if self._users[task.parent] > 0:
            return []
        del self._users[task.parent]
        self._alive -= 1
        return [task.parent]

    def _open(self, node: str | None, fold: int) -> None:
        """Make everything directly below a node (None: the raw rows) ready on one fold."""
        children, fits = self._below[fold].children[node], self._below[fold].fits[node]
        parent = None if node is None else step_key(node, fold)
        for child in children:
            step = SharedStep(step_key(child.key, fold), parent, child.candidate, fold, child.start, child.stop)
            heapq.heappush(self._steps, (-step.start, next(self._arrival), step))
        if fits:
            self._leaves.append(_Leaves(fold, parent, fits, self._costs))
        if parent is not None:
            self._users[parent] = len(children) + len(fits)


def step_key(node: str, fold: int) -> str:
    """Return the key of a node's result on one fold."""
    return f"{node}-{fold}"
