"""Every estimator's part of a plan."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from multisearch._records import Candidate
from multisearch.families import active_steps
from multisearch.fitting import Problem
from multisearch.planning import Plan
from multisearch.preview._expected import Measurement
from multisearch.preview._search_plan import EstimatorPlan
from multisearch.preview._sheet import shortened
from multisearch.preview._trial import Tried


@dataclass(slots=True)
class _Sums:
    """What one estimator has on one fold; steps are counted, not groups of them."""

    candidates: int = 0
    fits: int = 0
    steps: int = 0
    steps_above: int = 0
    steps_of_shorter: int = 0


def estimator_plans(problem: Problem, plan: Plan, measured: Measurement | None) -> tuple[EstimatorPlan, ...]:
    """Divide a plan among its estimators; a step that several share is counted with the first of them."""
    nodes = plan.tree.nodes
    sums: dict[str, _Sums] = {name: _Sums() for name in problem.estimators}
    for leaf in plan.tree.leaves:
        one = sums[leaf.fit.candidate.estimator]
        n_steps = _n_steps(problem, leaf.fit.candidate)
        one.candidates += 1 + len(leaf.fit.shorter)
        one.fits += 1
        one.steps += n_steps
        one.steps_above += 0 if leaf.parent is None else nodes[leaf.parent].stop
        one.steps_of_shorter += sum(_n_steps(problem, candidate) for candidate in leaf.fit.shorter)
    counted: dict[str, int] = defaultdict(int)
    for node in nodes.values():
        counted[node.candidate.estimator] += node.stop - node.start
    return tuple(
        _part(problem, name, one, counted[name], plan.n_folds, measured) for name, one in sums.items() if one.candidates
    )


def _part(
    problem: Problem, name: str, one: _Sums, counted: int, n_folds: int, measured: Measurement | None
) -> EstimatorPlan:
    evaluations = one.candidates * n_folds
    seconds = work = failure = None
    if measured is not None:
        own, trial = measured.expected.evaluations[name], measured.tried[name]
        work = own + measured.expected.shared.get(name, 0.0)
        seconds = own / evaluations if trial.failure is None else None
        failure = _why_failed(problem, trial)
    return EstimatorPlan(
        name=name,
        candidates=one.candidates,
        evaluations=evaluations,
        step_fits=(one.steps - one.steps_above + counted) * n_folds,
        saved_by_sharing=(one.steps_above - counted) * n_folds,
        saved_by_paths=one.steps_of_shorter * n_folds,
        path_fits_saved=(one.candidates - one.fits) * n_folds,
        seconds_per_evaluation=seconds,
        work_seconds=work,
        failure=failure,
    )


def _n_steps(problem: Problem, candidate: Candidate) -> int:
    return len(active_steps(problem.estimators[candidate.estimator], candidate.params)) + 1


def _why_failed(problem: Problem, trial: Tried) -> str | None:
    """Say what went wrong in a trial, and what ``fit`` would make of it."""
    failure = trial.failure
    if failure is None:
        return None
    if failure.ends_search or problem.error_score == "raise":
        then = "fit would end with this error"
    else:
        then = f"fit would give such evaluations the score {problem.error_score}"
    setting = shortened(repr(dict(trial.leaf.fit.candidate.params)))
    return f"the trial with {setting} failed with {failure.message}; {then}"
