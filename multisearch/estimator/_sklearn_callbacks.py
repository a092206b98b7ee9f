"""scikit-learn's callbacks on a whole search: told when the fit and its evaluations begin and end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from multisearch.arguments import Preparation
from multisearch.fitting import Monitor, metadata_of


@contextmanager
def told_of_the_fit(search: Any, preparation: Preparation) -> Iterator[Preparation]:
    """Tell a search's callbacks, if it has any, that its fit begins and ends; hand the evaluations a monitor."""
    if not getattr(search, "_skl_callbacks", None):
        yield preparation
        return
    problem = preparation.problem
    told = {"estimator": search, "X": problem.X, "y": problem.y}
    told["metadata"] = metadata_of(next(iter(problem.fit_params.values())))
    refits = int(search.refit is not False)
    root = search._init_callback_context(max_subtasks=1 + refits)  # noqa: SLF001 - scikit-learn documents it
    root.call_on_fit_task_begin(**told)
    evaluations = root.subcontext(task_name="search", max_subtasks=None, sequential_subtasks=False)
    monitor = Monitor(search, root, evaluations)
    yield replace(preparation, problem=replace(problem, monitor=monitor))
    root.call_on_fit_task_end(**told)


@contextmanager
def told_of_the_search(monitor: Monitor | None) -> Iterator[None]:
    """Tell callbacks that the evaluations begin and end."""
    if monitor is None:
        yield
        return
    monitor.evaluations.call_on_fit_task_begin(estimator=monitor.search)
    yield
    monitor.evaluations.call_on_fit_task_end(estimator=monitor.search)
