"""The tree of shared steps as lines to be shown: few of them, however large the search is."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from multisearch.families import active_steps
from multisearch.fitting import Problem
from multisearch.planning import Node, Plan
from multisearch.preview._sheet import Branch, count, duration, listed, shortened

_SHOWN = 30
_SHOWN_PER_BRANCH = 8


@dataclass(slots=True)
class _Group:
    """The fits of one estimator directly behind one shared step, or behind the raw rows."""

    candidates: int = 0
    fits: int = 0


class _Words:
    """What is said of every shared step and of what hangs behind it."""

    def __init__(self, problem: Problem, plan: Plan, seconds_of: Callable[[Node], float] | None) -> None:
        self._problem = problem
        self._n_folds = plan.n_folds
        self._seconds_of = seconds_of
        self._children: dict[str | None, list[Node]] = defaultdict(list)
        self._groups: dict[str | None, dict[str, _Group]] = defaultdict(lambda: defaultdict(_Group))
        self._behind: dict[str, Counter[str]] = defaultdict(Counter)
        nodes = plan.tree.nodes
        for node in nodes.values():
            self._children[node.parent].append(node)
        for leaf in plan.tree.leaves:
            name, served = leaf.fit.candidate.estimator, 1 + len(leaf.fit.shorter)
            group = self._groups[leaf.parent][name]
            group.candidates += served
            group.fits += 1
            parent = leaf.parent
            while parent is not None:
                self._behind[parent][name] += served
                parent = nodes[parent].parent

    def below(self, parent: str | None) -> tuple[Branch, ...]:
        """Return what hangs directly behind a shared step (None: behind the raw rows)."""
        groups = self._groups.get(parent, {})
        leaves = [Branch(listed([name]), self._of_group(group), group.candidates) for name, group in groups.items()]
        return (*(self._branch(node) for node in self._children.get(parent, ())), *leaves)

    def _branch(self, node: Node) -> Branch:
        behind = self._behind[node.key]
        own_groups = self._groups[node.key]
        once = "once per fold" if self._seconds_of is None else f"once per fold, {duration(self._seconds_of(node))}"
        if node.parent is None and self._problem.rule_of(node.candidate) is not None:
            once = f"{once}, without the rows held back for stopping"
        label = step_label(self._problem, node)
        if node.key not in self._children and len(own_groups) == 1:
            ((name, group),) = own_groups.items()
            return Branch(label, f"{once}; {self._of_group(group)} of {listed([name])}", group.candidates)
        detail = f"{once}, for {count(behind.total(), 'candidate')} of {listed(list(behind))}"
        return Branch(label, detail, behind.total(), self.below(node.key))

    def _of_group(self, group: _Group) -> str:
        words = f"{count(group.candidates, 'candidate')}, {count(group.fits * self._n_folds, 'fit')}"
        if group.fits == group.candidates:
            return words
        return f"{words} for {count(group.candidates * self._n_folds, 'evaluation')}"


def branches_of(problem: Problem, plan: Plan, seconds_of: Callable[[Node], float] | None = None) -> tuple[Branch, ...]:
    """Return the lines of a plan's tree; what there is no room for is counted.

    Parameters
    ----------
    problem : Problem
    plan : Plan
    seconds_of : callable or None
        Says how long a shared step is expected to take on one fold.
    """
    return pruned(_Words(problem, plan, seconds_of).below(None))


def step_label(problem: Problem, node: Node) -> str:
    """Return the names of a node's steps, with what its candidates set in them."""
    candidate = node.candidate
    steps = active_steps(problem.estimators[candidate.estimator], candidate.params)[node.start : node.stop]
    return shortened(", ".join(_named(name, candidate.params) for name, _ in steps))


def _named(step: str, params: Mapping[str, Any]) -> str:
    prefix = f"{step}__"
    whole = f"={_value(params[step])}" if step in params else ""
    inner = ", ".join(
        f"{name.removeprefix(prefix)}={_value(value)}" for name, value in params.items() if name.startswith(prefix)
    )
    return f"{step}{whole}({inner})" if inner else f"{step}{whole}"


def _value(value: Any) -> str:
    value = value.item() if isinstance(value, np.generic) else value
    return f"{value:.4g}" if isinstance(value, float) else repr(value)


def pruned(branches: Sequence[Branch]) -> tuple[Branch, ...]:
    """Return the first branches on every level, those near the root first; of the others how many they are."""
    shown: set[tuple[int, ...]] = set()
    levels: deque[tuple[tuple[int, ...], Sequence[Branch]]] = deque([((), branches)])
    while levels:
        path, level = levels.popleft()
        for index, branch in enumerate(level[: min(_SHOWN_PER_BRANCH, _SHOWN - len(shown))]):
            shown.add((*path, index))
            levels.append(((*path, index), branch.children))
    return _kept((), branches, shown)


def _kept(path: tuple[int, ...], branches: Sequence[Branch], shown: set[tuple[int, ...]]) -> tuple[Branch, ...]:
    places = [((*path, index), branch) for index, branch in enumerate(branches)]
    kept = [
        replace(branch, children=_kept(place, branch.children, shown)) for place, branch in places if place in shown
    ]
    left = [branch for place, branch in places if place not in shown]
    if left:
        candidates = sum(branch.candidates for branch in left)
        kept.append(Branch(f"... and {len(left):,} more", f"with {count(candidates, 'candidate')}", candidates))
    return tuple(kept)
