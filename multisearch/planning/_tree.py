"""Candidates hung into a tree of shared steps, with evaluations as its leaves."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.base import clone

from multisearch._fingerprint import Cloned, Fingerprints, UnencodableError
from multisearch._records import Candidate
from multisearch._sklearn_compat import routing_enabled
from multisearch.families import active_steps
from multisearch.planning._paths import Fit

logger = logging.getLogger("multisearch")


@dataclass(frozen=True, slots=True)
class Node:
    """Leading steps ``start`` to ``stop`` (exclusive) that several candidates share; one fit per fold."""

    key: str
    parent: str | None
    candidate: Candidate
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """One fit, and the key of the deepest shared node above it (None: it starts from the raw rows)."""

    fit: Fit
    parent: str | None


class StepTree:
    """The tree for any one fold; all folds have the same.

    A step becomes a node when at least two candidates need it, and steps that are always needed together become one
    node. Steps that a single candidate needs are fitted with its final estimator, in the leaf.

    Parameters
    ----------
    chains : iterable of (Fit, sequence of str)
        Each fit with the keys of its leading steps.

    Attributes
    ----------
    nodes : dict of str to Node
        By key; parents before their children.
    leaves : list of Leaf
        In the order of the fits.
    step_fits : int
        Steps to be fitted in nodes, per fold.
    step_fits_saved : int
        Steps that would be fitted in addition, per fold, if every fit started from the raw rows.
    """

    def __init__(self, chains: Iterable[tuple[Fit, Sequence[str]]]) -> None:
        self.nodes: dict[str, Node] = {}
        self.leaves: list[Leaf] = []
        chains = list(chains)
        users: Counter[str] = Counter()
        for fit, chain in chains:
            # Those on its path count too: a step that is fitted apart is timed apart, as a part of what each would cost
            users.update(dict.fromkeys(chain, 1 + len(fit.shorter)))
        for fit, chain in chains:
            parent: str | None = None
            start = 0
            for stop in _shared_depths(chain, users):
                key = chain[stop - 1]
                self.nodes.setdefault(key, Node(key, parent, fit.candidate, start, stop))
                parent, start = key, stop
            self.leaves.append(Leaf(fit, parent))
        self.step_fits = sum(node.stop - node.start for node in self.nodes.values())
        shared = sum(self.nodes[leaf.parent].stop for leaf in self.leaves if leaf.parent is not None)
        self.step_fits_saved = shared - self.step_fits


def _shared_depths(chain: Sequence[str], users: Mapping[str, int]) -> list[int]:
    """Return how many leading steps each node on the way to a candidate covers."""
    return [
        depth
        for depth, key in enumerate(chain, start=1)
        if users[key] > 1 and (depth == len(chain) or users[chain[depth]] < users[key])
    ]


class StepChains:
    """Keys of a candidate's leading steps, one per step, each standing for that step and all before it.

    Parameters
    ----------
    estimators : mapping of str to estimator
    fit_params : mapping of str to mapping
        What each estimator's ``fit`` is given.
    root : callable
        Returns what else two candidates have to agree on before they can share anything: the variant of their folds,
        and how rows are selected for them.
    """

    def __init__(
        self,
        estimators: Mapping[str, Any],
        fit_params: Mapping[str, Mapping[str, Any]],
        root: Callable[[Candidate], tuple[Any, ...]],
    ) -> None:
        self._estimators = estimators
        self._fit_params = fit_params
        self._root = root
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}
        self._told: set[str] = set()
        self._key = Fingerprints()

    def __call__(self, candidate: Candidate) -> tuple[str, ...]:
        estimator = self._estimators[candidate.estimator]
        if not hasattr(estimator, "steps"):
            return ()
        final = estimator.steps[-1][0]
        leading = {
            name: value for name, value in candidate.params.items() if name.partition("__")[0] != final or name == final
        }
        try:
            root = self._root(candidate)
            setting = (candidate.estimator, self._key(root, Cloned(leading)))
        except UnencodableError as error:
            self._tell(candidate.estimator, error)
            return ()
        if setting not in self._known:
            built = clone(estimator).set_params(**clone(leading, safe=False)) if leading else estimator
            self._known[setting] = self._chain(candidate.estimator, built, root)
        return self._known[setting]

    def _chain(self, name: str, estimator: Any, root: tuple[Any, ...]) -> tuple[str, ...]:
        keys: list[str] = []
        fit_params = self._fit_params[name]
        try:
            key = self._key(root, getattr(estimator, "transform_input", None))
            for step_name, step in active_steps(estimator):
                key = self._key(key, Cloned(step), _params_of_step(step_name, fit_params))
                keys.append(key)
        except UnencodableError as error:
            self._tell(name, error)
        return tuple(keys)

    def _tell(self, name: str, error: UnencodableError) -> None:
        if name not in self._told:
            self._told.add(name)
            logger.warning("steps of estimator %r are not shared, because they hold a %s", name, error)


def _params_of_step(step: str, fit_params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fit parameters that can reach a step; with metadata routing any of them can."""
    if routing_enabled():
        return dict(fit_params)
    return {name.partition("__")[2]: value for name, value in fit_params.items() if name.partition("__")[0] == step}
