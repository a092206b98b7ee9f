"""What a search will fit for some candidates, and what it saves by sharing steps and paths."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from multisearch._records import Candidate
from multisearch.families import active_steps
from multisearch.fitting import Problem, path_of
from multisearch.planning._paths import fits_of
from multisearch.planning._tree import StepChains, StepTree


@dataclass(frozen=True, slots=True)
class Plan:
    """A tree for every fold, and what has to be fitted on all of them.

    Attributes
    ----------
    candidates : sequence of Candidate
    trees : mapping of int to StepTree
        By fold, without the folds on which nothing is left to do; folds with the same candidates have the same tree.
    step_fits : int
        Pipeline steps (transformers and final estimators) to be fitted.
    step_fits_saved : int
        Those that fitting every candidate alone would take besides.
    path_fits_saved : int
        Evaluations that need no fit of their own.
    plain : bool
        Whether evaluations take no short cut, even where the problem allows it.
    again : bool
        Whether all of it was done before, in another way, so that nobody is to be told again.
    """

    candidates: Sequence[Candidate]
    trees: Mapping[int, StepTree]
    step_fits: int
    step_fits_saved: int
    path_fits_saved: int
    plain: bool = False
    again: bool = False

    @property
    def tree(self) -> StepTree:
        """The first fold's tree."""
        return next(iter(self.trees.values()))

    @property
    def n_folds(self) -> int:
        """Folds on which something is to be done."""
        return len(self.trees)

    @property
    def shared_steps(self) -> int:
        """Groups of leading steps that are fitted once for several candidates."""
        return sum(len(tree.nodes) for tree in self.trees.values())


@dataclass(frozen=True, slots=True)
class _Branch:
    """One tree, and what has to be fitted for it per fold, and what is saved."""

    tree: StepTree
    step_fits: int
    step_fits_saved: int
    path_fits_saved: int


class Planner:
    """Plans waves of candidates of one problem; with ``optimize=False`` every candidate is fitted alone.

    Parameters
    ----------
    problem : Problem
    plain : bool, default=False
        Whether every candidate is fitted alone all the same.
    """

    def __init__(self, problem: Problem, *, plain: bool = False) -> None:
        self._problem = problem
        self._plain = plain
        self._shares = problem.optimize and not plain
        self._chain: Callable[[Candidate], Sequence[str]] = (
            StepChains(problem.estimators, problem.fit_params, problem.root_of) if self._shares else lambda _: ()
        )

    def __call__(self, candidates: Sequence[Candidate], done: Container[tuple[int, int]] = frozenset()) -> Plan:
        """Plan the candidates on all folds.

        Parameters
        ----------
        candidates : sequence of Candidate
        done : container of (int, int), default=frozenset()
            What need not be done, by the candidate's index and fold.
        """
        branches: dict[tuple[int, ...], _Branch] = {}
        on_fold: dict[int, _Branch] = {}
        for fold in range(len(self._problem.folds[0])):
            left = [candidate for candidate in candidates if (candidate.index, fold) not in done]
            if left:
                key = tuple(candidate.index for candidate in left)
                on_fold[fold] = branches.get(key) or branches.setdefault(key, self._branch(left))
        return Plan(
            candidates,
            {fold: branch.tree for fold, branch in on_fold.items()},
            step_fits=sum(branch.step_fits for branch in on_fold.values()),
            step_fits_saved=sum(branch.step_fits_saved for branch in on_fold.values()),
            path_fits_saved=sum(branch.path_fits_saved for branch in on_fold.values()),
            plain=self._plain,
        )

    def _branch(self, candidates: Sequence[Candidate]) -> _Branch:
        fits = fits_of(candidates, self._path_of)
        tree = StepTree((fit, self._chain(fit.candidate)) for fit in fits)
        alone = self._steps(candidates)
        step_fits = self._steps(fit.candidate for fit in fits) - tree.step_fits_saved
        return _Branch(tree, step_fits, alone - step_fits, len(candidates) - len(fits))

    def _path_of(self, candidate: Candidate) -> tuple[str, int] | None:
        return path_of(self._problem, candidate) if self._shares else None

    def _steps(self, candidates: Iterable[Candidate]) -> int:
        estimators = self._problem.estimators
        return sum(len(active_steps(estimators[one.estimator], one.params)) + 1 for one in candidates)
