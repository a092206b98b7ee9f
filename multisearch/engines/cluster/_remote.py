"""What runs on a dask worker: one task after the other, in the surroundings that the search was started in."""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections import Counter
from functools import partial
from typing import Any, TypeAlias

import distributed

from multisearch._interrupts import uninterrupted
from multisearch._records import TIMEOUT, BatchResult, Failure, RefitResult, SharedStep, Task
from multisearch.engines._draws import let_dask_draw_elsewhere
from multisearch.engines.transport._by_value import CodeDiffersError, returned
from multisearch.engines.transport._packed import MappedProblem, PackedProblem, WithRows
from multisearch.fitting import Problem, StepResult, Surroundings, applied, collected_warnings, run_task

Placed: TypeAlias = Problem | PackedProblem | MappedProblem | WithRows
"""What a task gets in its problem's place."""

_lock = threading.Lock()
_running: Counter[str] = Counter()
_abandoned: set[str] = set()
_free: set[str] = set()

_SECONDS_BETWEEN_LOOKS = 0.02
_SECONDS_TO_BE_BUSY = 600.0


class StepTimeoutError(Exception):
    """A shared step took too long. Raised, because a result would be lost when its worker is ended, and made anew."""

    def __init__(self, failure: Failure, worker: str) -> None:
        super().__init__(failure, worker)
        self.failure = failure
        self.worker = worker


def run(placed: Placed, task: Task | bytes, shared: StepResult | CodeDiffersError | None, search: str) -> Any:
    """Run a task of one search, and return its result; pickled where that has to be done in a way of our own.

    Parameters
    ----------
    placed : PackedProblem, MappedProblem, WithRows or Problem
    task : Task or bytes
        Pickled, since it may refer to the user's code, which is compared before.
    shared : StepResult, CodeDiffersError or None
        What the task stands on.
    search : str
        A name that no other search has.

    Returns
    -------
    result : StepResult, BatchResult, RefitResult, bytes or CodeDiffersError
        The latter where this process, or that of what the task stands on, has something else in modules of the user's.

    Raises
    ------
    StepTimeoutError
    """
    if isinstance(shared, CodeDiffersError):
        return shared
    with _lock:
        _running[search] += 1
    try:
        try:
            problem = placed if isinstance(placed, Problem) else placed.open()
        except CodeDiffersError as error:
            return error  # raised, dask would write it into the worker's log, as often as there are tasks
        opened: Task = pickle.loads(task) if isinstance(task, bytes) else task
        result = _run(problem, opened, shared, search)
        if isinstance(result, StepResult):
            return result
        _drop_tracebacks(result)
        return returned(result)
    finally:
        with _lock:
            _running[search] -= 1


def _run(
    problem: Problem, task: Task, shared: StepResult | None, search: str
) -> StepResult | BatchResult | RefitResult:
    limit = os.environ.get("OMP_NUM_THREADS", "")
    worker = distributed.get_worker()
    address = worker.address
    surroundings = Surroundings(
        native_threads=int(limit) if limit.isdigit() else None,
        watch=partial(collected_warnings, problem.warning_filters),
        interrupts=uninterrupted,
        worker=address,
        is_abandoned=lambda: search in _abandoned,
        is_alone=worker.state.nthreads == 1,
    )
    let_dask_draw_elsewhere()
    with applied(problem.settings):
        result = run_task(problem, task, shared, surroundings)
    if isinstance(task, SharedStep) and isinstance(result, StepResult):
        failure = result.failure
        if failure is not None and failure.kind == TIMEOUT:
            raise StepTimeoutError(failure, address)
    return result


def _drop_tracebacks(result: BatchResult | RefitResult) -> None:
    """Drop the tracebacks of exceptions, which their failures have as text.

    Once a process has told of an error through dask, exceptions of that class travel with their tracebacks (by tblib).
    On the client these become frames that keep alive all that stands on its stack when they are unpickled.
    """
    failures = [one.failure for one in result.outcomes] if isinstance(result, BatchResult) else [result.failure]
    left: list[BaseException | None] = [failure.exception for failure in failures if failure is not None]
    seen: set[int] = set()
    while left:
        error = left.pop()
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            error.__traceback__ = None
            left += (error.__cause__, error.__context__, *getattr(error, "exceptions", ()))


def abandon(search: str) -> bool:
    """Let the tasks of a search end with the evaluation that they are at; say whether one is still running here."""
    _abandoned.add(search)
    with _lock:
        return _running[search] > 0


def stay_busy(name: str) -> None:
    """Take up a thread of this worker until `be_free` is called with the same name, or for ten minutes."""
    deadline = time.monotonic() + _SECONDS_TO_BE_BUSY
    while name not in _free and time.monotonic() < deadline:
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def be_free(name: str) -> None:
    """End what `stay_busy` does on this worker, now or when it begins."""
    _free.add(name)
