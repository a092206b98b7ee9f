"""From a search and its data to a `SearchPlan`, without leaving a trace on either."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from multisearch._printable import printable
from multisearch._records import Candidate
from multisearch.arguments import Preparation, prepare
from multisearch.engines import open_engine, place_of
from multisearch.families import active_steps
from multisearch.fitting import Monitor, Problem, path_of
from multisearch.loop import give_warnings
from multisearch.planning import Node, Plan, Planner
from multisearch.preview._branches import branches_of
from multisearch.preview._expected import Measurement, expect
from multisearch.preview._parts import estimator_plans
from multisearch.preview._search_plan import SearchPlan
from multisearch.preview._trial import try_out

_PLACES = {"inline": "in this process", "local": "on local workers", "client": "on the active dask client's workers"}


def make_plan(search: Any, X: Any, y: Any, params: Mapping[str, Any], *, measure: bool) -> SearchPlan:
    """Check what ``fit`` would check, and count what it would do; with ``measure`` also try it.

    Parameters
    ----------
    search : MultiModelSearchCV
    X, y : the data
    params : mapping
        The other parameters of ``fit``.
    measure : bool

    Raises
    ------
    TypeError, ValueError, ImportError, ConnectionError
        What ``fit`` would raise before any work starts.
    """
    with _random_numbers_kept():
        preparation = prepare(_with_own_random_state(search), X, y, params)
        place = place_of(search.n_jobs, search.scheduler)
        plan = Planner(_as_planned(search, preparation.problem))(_proposed(preparation))
        measured = _measure(search, preparation.problem, plan) if measure else None
    if measured is not None:
        give_warnings([warning for trial in measured.tried.values() for warning in trial.warnings])
    by_node = None if measured is None else measured.expected.by_node
    return SearchPlan(
        estimators=estimator_plans(preparation.problem, plan, measured),
        folds=plan.n_folds,
        shared_steps=plan.shared_steps,
        place=_PLACES.get(place, f"on the dask cluster at {printable(place)}"),
        workers=None if measured is None else measured.workers,
        longest_seconds=None if measured is None else measured.expected.longest,
        _tree=branches_of(preparation.problem, plan, None if by_node is None else lambda node: by_node[node.key]),
    )


@contextmanager
def _random_numbers_kept() -> Iterator[None]:
    """Let everyone draw from the global generators, and put them back to where they were."""
    of_numpy, of_python = np.random.get_state(), random.getstate()  # noqa: NPY002 - scikit-learn's default generator
    try:
        yield
    finally:
        np.random.set_state(of_numpy)  # noqa: NPY002
        random.setstate(of_python)


def _with_own_random_state(search: Any) -> Any:
    """Return a search whose random states can be drawn from without changing the user's.

    Raises
    ------
    TypeError
        Where ``cv`` can be read only once.
    """
    if hasattr(search.cv, "__next__"):
        raise TypeError(
            f"cv is {search.cv!r}, which can be read only once, so that a plan would leave nothing to fit; "
            "make a list of it"
        )
    own = copy.copy(search)
    own.random_state = copy.deepcopy(search.random_state)
    own.cv = copy.deepcopy(search.cv) if hasattr(search.cv, "split") else search.cv
    return own


def _as_planned(search: Any, problem: Problem) -> Problem:
    """Return the problem as ``fit`` plans it: scikit-learn's callbacks watch every fit, so that none is merged."""
    if not getattr(search, "_skl_callbacks", None):
        return problem
    return replace(problem, monitor=Monitor(search, None, None))


def _proposed(preparation: Preparation) -> list[Candidate]:
    settings = [(name, params) for name, sampler in preparation.samplers.items() for params in sampler.ask()]
    return [Candidate(index, name, params) for index, (name, params) in enumerate(settings)]


def _measure(search: Any, problem: Problem, plan: Plan) -> Measurement:
    def iterations_of(candidate: Candidate) -> int:
        path = path_of(problem, candidate)
        return 0 if path is None else path[1]

    def kind_of(node: Node) -> tuple[type, ...]:
        steps = active_steps(problem.estimators[node.candidate.estimator], node.candidate.params)
        return tuple(type(step) for _, step in steps[node.start : node.stop])

    with open_engine(search.n_jobs, search.scheduler, search.worker_timeout) as engine:
        engine.start(problem)
        tried = try_out(engine, plan.tree, iterations_of)
        workers = engine.capacity
    return Measurement(workers, tried, expect(plan, tried, kind_of, iterations_of))
