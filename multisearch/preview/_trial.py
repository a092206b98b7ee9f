"""A short trial: one evaluation of every estimator, on one fold, by the engine that would run the search."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from multisearch._records import (
    Batch,
    BatchResult,
    Candidate,
    CaughtWarning,
    Evaluation,
    Failure,
    Lost,
    SharedStep,
    Task,
)
from multisearch.engines import Engine
from multisearch.planning import Leaf, StepTree

_FOLD = 0
_SHORT_SECONDS = 0.1

IterationsOf = Callable[[Candidate], int]
"""Returns how many iterations a candidate's path parameter asks for; 0 where it has none."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What one evaluation took, and each shared step above it, in seconds.

    Attributes
    ----------
    leaf : Leaf
    seconds : float
        Fitting and scoring behind the shared steps, including everyone else that the fit serves.
    shared_seconds : mapping of str to float
        By the node's key.
    failure : Failure or None
    warnings : tuple of CaughtWarning
        What was warned about on a worker.
    """

    leaf: Leaf
    seconds: float
    shared_seconds: Mapping[str, float]
    failure: Failure | None
    warnings: tuple[CaughtWarning, ...] = ()


def try_out(engine: Engine, tree: StepTree, iterations_of: IterationsOf) -> dict[str, Tried]:
    """Run one evaluation of every estimator, one after the other; steps that they share are fitted once.

    What is short is run twice, and the second run counts: in the first a library still loads what it needs.

    Parameters
    ----------
    engine : Engine
        Started with the problem.
    tree : StepTree
    iterations_of : callable

    Returns
    -------
    tried : dict of str to Tried
        By estimator.
    """
    first, again = _Attempt(engine, tree, "first"), _Attempt(engine, tree, "again")
    tried = {}
    for name, leaf in typical_leaves(tree, iterations_of).items():
        result = first.run(leaf)
        if result.failure is None and result.seconds < _SHORT_SECONDS:
            everything_is_short = result.seconds + sum(result.shared_seconds.values()) < _SHORT_SECONDS
            result = (again if everything_is_short else first).run(leaf)
        tried[name] = result
    return tried


def typical_leaves(tree: StepTree, iterations_of: IterationsOf) -> dict[str, Leaf]:
    """Choose a fit of every estimator: of those with the most iterations and the most shared steps the middle one."""
    leaves: dict[str, list[Leaf]] = defaultdict(list)
    for leaf in tree.leaves:
        leaves[leaf.fit.candidate.estimator].append(leaf)

    def rank(leaf: Leaf) -> tuple[int, int]:
        return iterations_of(leaf.fit.candidate), 0 if leaf.parent is None else tree.nodes[leaf.parent].stop

    chosen = {}
    for name, own in leaves.items():
        ranks = [rank(leaf) for leaf in own]
        best = [leaf for leaf, one in zip(own, ranks, strict=True) if one == max(ranks)]
        chosen[name] = best[len(best) // 2]
    return chosen


class _LostError(Exception):
    """A trial has ended with the process it ran in."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _Attempt:
    """Runs evaluations on one fold, and keeps the shared steps that it has fitted for the next one."""

    def __init__(self, engine: Engine, tree: StepTree, name: str) -> None:
        self._engine = engine
        self._nodes = tree.nodes
        self._name = name
        self._fitted: set[str] = set()
        self._batches = 0

    def run(self, leaf: Leaf) -> Tried:
        try:
            return self._tried(leaf)
        except _LostError as lost:
            return Tried(leaf, 0.0, {}, lost.failure)

    def _tried(self, leaf: Leaf) -> Tried:
        parent = None if leaf.parent is None else self._shared(leaf.parent)
        self._batches += 1
        evaluation = Evaluation(leaf.fit.candidate, _FOLD, leaf.fit.shorter)
        result = self._finished(Batch(f"{self._name}-batch-{self._batches}", parent, (evaluation,)))
        if result is None:
            raise RuntimeError("the engine returned no result for an evaluation")
        nodes = {self._key(key): key for key in self._nodes}
        return Tried(
            leaf,
            sum(outcome.seconds for outcome in result.outcomes),
            {nodes[key]: seconds for key, seconds in result.shared_seconds.items()},
            next((outcome.failure for outcome in result.outcomes if outcome.failure is not None), None),
            tuple(warning for outcome in result.outcomes for warning in outcome.warnings),
        )

    def _shared(self, key: str) -> str:
        """Fit a shared step, and those above it, unless that is done; return the key of its result."""
        if key not in self._fitted:
            node = self._nodes[key]
            parent = None if node.parent is None else self._shared(node.parent)
            self._finished(SharedStep(self._key(key), parent, node.candidate, _FOLD, node.start, node.stop))
            self._fitted.add(key)
        return self._key(key)

    def _key(self, node: str) -> str:
        return f"{self._name}-{node}"

    def _finished(self, task: Task) -> BatchResult | None:
        self._engine.submit(task)
        while True:
            for done, result in self._engine.results():
                if done == task and isinstance(result, Lost):
                    raise _LostError(result.failure)
                if done == task:
                    return result if isinstance(result, BatchResult) else None
