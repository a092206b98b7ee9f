"""What a search will fit for some candidates, and what it saves by sharing steps and paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from multisearch._records import Candidate
from multisearch.families import active_steps
from multisearch.fitting import Problem, path_of
from multisearch.planning import StepChains, StepTree, fits_of


@dataclass(frozen=True, slots=True)
class Plan:
    """The tree for some candidates, and what has to be fitted, over all folds.

    Attributes
    ----------
    candidates : sequence of Candidate
    tree : StepTree
    n_folds : int
    step_fits : int
        Pipeline steps (transformers and final estimators) to be fitted.
    step_fits_saved : int
        Those that fitting every candidate alone would take besides.
    """

    candidates: Sequence[Candidate]
    tree: StepTree
    n_folds: int
    step_fits: int
    step_fits_saved: int

    @property
    def shared_steps(self) -> int:
        """Groups of leading steps that are fitted once for several candidates."""
        return len(self.tree.nodes) * self.n_folds

    @property
    def path_fits_saved(self) -> int:
        """Evaluations that need no fit of their own."""
        return (len(self.candidates) - len(self.tree.leaves)) * self.n_folds


class Planner:
    """Plans waves of candidates of one problem; with ``optimize=False`` every candidate is fitted alone.

    Parameters
    ----------
    problem : Problem
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._chain: Callable[[Candidate], Sequence[str]] = (
            StepChains(problem.estimators, problem.fit_params, problem.root_of) if problem.optimize else lambda _: ()
        )

    def __call__(self, candidates: Sequence[Candidate]) -> Plan:
        fits = fits_of(candidates, self._path_of)
        tree = StepTree((fit, self._chain(fit.candidate)) for fit in fits)
        alone = self._steps(candidates)
        step_fits = self._steps(fit.candidate for fit in fits) - tree.step_fits_saved
        n_folds = len(self._problem.folds[0])
        return Plan(candidates, tree, n_folds, step_fits * n_folds, (alone - step_fits) * n_folds)

    def _path_of(self, candidate: Candidate) -> tuple[str, int] | None:
        return path_of(self._problem, candidate) if self._problem.optimize else None

    def _steps(self, candidates: Iterable[Candidate]) -> int:
        estimators = self._problem.estimators
        return sum(len(active_steps(estimators[one.estimator], one.params)) + 1 for one in candidates)
