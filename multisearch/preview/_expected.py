"""From a trial to the time that a whole search may take: arithmetic only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean

from multisearch.planning import Leaf, Node, Plan
from multisearch.preview._trial import IterationsOf, Tried

KindOf = Callable[[Node], tuple[type, ...]]
"""Returns the classes of a shared step's transformers."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a search is expected to take, in seconds.

    Attributes
    ----------
    evaluations : mapping of str to float
        Fitting and scoring behind the shared steps, on all folds, by estimator; 0 where the trial failed.
    shared : mapping of str to float
        Shared steps on all folds, by the estimator that they are counted with.
    longest : float
        The longest evaluation, with the shared steps above it.
    by_node : mapping of str to float
        Each shared step on one fold.
    """

    evaluations: Mapping[str, float]
    shared: Mapping[str, float]
    longest: float
    by_node: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a trial found out: the tasks that can run at a time, what was tried, and what follows from it."""

    workers: int
    tried: Mapping[str, Tried]
    expected: Expected


def expect(plan: Plan, tried: Mapping[str, Tried], kind_of: KindOf, iterations_of: IterationsOf) -> Expected:
    """Extrapolate from one evaluation of every estimator.

    A shared step that was not tried takes what those of the same kind took, or else the mean of all tried steps. A fit
    takes what its estimator's trial took: more by the shared steps that the trial had above it and this one has not,
    less by those that only this one has, and in proportion to its iterations on a path.
    """
    nodes = plan.tree.nodes
    by_node = _seconds_of_nodes(nodes, tried, kind_of)
    above: dict[str | None, float] = {None: 0.0}
    for key, node in nodes.items():
        above[key] = above[node.parent] + by_node[key]

    def seconds_of(leaf: Leaf) -> float:
        trial = tried[leaf.fit.candidate.estimator]
        if trial.failure is not None:
            return 0.0
        own, measured = iterations_of(leaf.fit.candidate), iterations_of(trial.leaf.fit.candidate)
        seconds = trial.seconds * own / measured if own and measured else trial.seconds
        return max(0.0, seconds + above[trial.leaf.parent] - above[leaf.parent])

    evaluations: dict[str, float] = defaultdict(float)
    shared: dict[str, float] = defaultdict(float)
    longest = 0.0
    for leaf in plan.tree.leaves:
        seconds = seconds_of(leaf)
        evaluations[leaf.fit.candidate.estimator] += seconds * plan.n_folds
        longest = max(longest, seconds + above[leaf.parent])
    for key, node in nodes.items():
        shared[node.candidate.estimator] += by_node[key] * plan.n_folds
    return Expected(evaluations, shared, longest, by_node)


def _seconds_of_nodes(nodes: Mapping[str, Node], tried: Mapping[str, Tried], kind_of: KindOf) -> dict[str, float]:
    measured = {key: seconds for trial in tried.values() for key, seconds in trial.shared_seconds.items()}
    by_kind: dict[tuple[type, ...], list[float]] = defaultdict(list)
    for key, seconds in measured.items():
        by_kind[kind_of(nodes[key])].append(seconds)
    n_steps = sum(nodes[key].stop - nodes[key].start for key in measured)
    per_step = sum(measured.values()) / n_steps if n_steps else 0.0

    def seconds_of(node: Node) -> float:
        alike = by_kind.get(kind_of(node))
        return fmean(alike) if alike else per_step * (node.stop - node.start)

    return {key: measured[key] if key in measured else seconds_of(node) for key, node in nodes.items()}
