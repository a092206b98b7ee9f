"""The order of tasks: which shared step or batch of evaluations is next, and what can be forgotten after it."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field

from multisearch._records import Batch, Evaluation, SharedStep, Task
from multisearch.planning._batching import Costs
from multisearch.planning._paths import Fit
from multisearch.planning._tree import Node, StepTree


@dataclass(slots=True)
class _Leaves:
    """Fits that wait behind one node on one fold, those that last longest first."""

    fold: int
    parent: str | None
    waiting: deque[Fit] = field(default_factory=deque)


class Schedule:
    """Hands out the tasks of one tree on all folds, depth first, so that few shared results are alive at a time.

    Behind one shared step, what took longest on earlier folds goes first, so that no worker is left with it alone at
    the end.

    Parameters
    ----------
    tree : StepTree
    n_folds : int
    costs : Costs
        What evaluations were measured to take; decides how many go into one batch.
    """

    def __init__(self, tree: StepTree, n_folds: int, costs: Costs) -> None:
        self._costs = costs
        self._leaves: dict[str | None, list[Fit]] = defaultdict(list)
        for leaf in tree.leaves:
            self._leaves[leaf.parent].append(leaf.fit)
        self._children: dict[str | None, list[Node]] = defaultdict(list)
        for node in tree.nodes.values():
            self._children[node.parent].append(node)
        self._ready: list[_Leaves | SharedStep] = []
        self._users: Counter[str] = Counter()
        self._left: Counter[str] = Counter()
        for leaf in tree.leaves:
            self._left[leaf.fit.candidate.estimator] += n_folds
        self._batches = 0
        for fold in reversed(range(n_folds)):
            self._open(None, fold)

    def next_task(self, capacity: int) -> Task | None:
        """Return the next task that can start now; None if everything left waits for a running one."""
        if not self._ready:
            return None
        item = self._ready.pop()
        if isinstance(item, SharedStep):
            return item
        evaluations = self._cut(item, capacity)
        if item.waiting:
            self._ready.append(item)
        self._batches += 1
        return Batch(f"batch-{self._batches}", item.parent, evaluations)

    def finish(self, task: Task) -> list[str]:
        """Take note of a finished task; return the keys of shared steps that nobody needs any more."""
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
        return [task.parent]

    def _open(self, node: str | None, fold: int) -> None:
        """Make everything directly below a node (None: the raw rows) ready on one fold, leaves before steps."""
        children, leaves = self._children[node], self._leaves[node]
        parent = None if node is None else step_key(node, fold)
        for child in reversed(children):
            self._ready.append(
                SharedStep(step_key(child.key, fold), parent, child.candidate, fold, child.start, child.stop)
            )
        if leaves:
            longest_first = sorted(leaves, key=lambda fit: self._costs.of(fit.candidate), reverse=True)
            self._ready.append(_Leaves(fold, parent, deque(longest_first)))
        if parent is not None:
            self._users[parent] = len(children) + len(leaves)

    def _cut(self, leaves: _Leaves, capacity: int) -> tuple[Evaluation, ...]:
        limit = self._costs.seconds_per_batch(self._left, capacity)
        evaluations: list[Evaluation] = []
        seconds = 0.0
        while leaves.waiting:
            candidate = leaves.waiting[0].candidate
            seconds += self._costs.of(candidate)
            if evaluations and seconds > limit:
                break
            self._left[candidate.estimator] -= 1
            evaluations.append(Evaluation(candidate, leaves.fold, leaves.waiting.popleft().shorter))
        return tuple(evaluations)


def step_key(node: str, fold: int) -> str:
    """Return the key of a node's result on one fold."""
    return f"{node}-{fold}"
