"""On a dask cluster: the user's client, a scheduler's address, or local worker processes of our own."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import distributed
from sklearn import config_context

from multisearch._records import BatchResult, RefitResult, SharedStep, Task
from multisearch.engines._local import local_workers
from multisearch.engines._placement import MappedProblem, OnThisMachine, Placement, Scattered
from multisearch.fitting import Problem, StepResult, Surroundings, collected_warnings, run_task

_CONNECT_SECONDS = 10
_TASKS_PER_SLOT = 3


@contextmanager
def dask_engine(scheduler: str, n_workers: int) -> Iterator[DaskEngine]:
    """Open an engine on a cluster.

    Parameters
    ----------
    scheduler : {"client", "local"} or address
        The active client, local worker processes, or the scheduler at an address.
    n_workers : int
        How many local worker processes to use.
    """
    with _cluster(scheduler, n_workers) as (client, placement):
        engine = DaskEngine(client, placement)
        try:
            yield engine
        finally:
            engine.stop()


@contextmanager
def _cluster(scheduler: str, n_workers: int) -> Iterator[tuple[distributed.Client, Placement]]:
    if scheduler == "client":
        client = distributed.default_client()
        yield client, Scattered(client)
    elif scheduler == "local":
        with local_workers(n_workers) as workers:
            yield workers.client, OnThisMachine(workers.client, workers.folders)
    else:
        with _connected(scheduler) as client:
            yield client, Scattered(client)


def _connected(address: str) -> distributed.Client:
    try:
        return distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"no dask scheduler answered at scheduler={address!r} within {_CONNECT_SECONDS} s; start one there, or use "
            "'local', 'inline' or None"
        ) from error
    except TypeError as error:  # how distributed says that an address needs TLS, and nobody configured it
        raise ConnectionError(
            f"scheduler={address!r} cannot be connected to ({error}); for TLS, make a client of "
            "distributed with its security and leave scheduler=None"
        ) from error


class DaskEngine:
    """Runs tasks through a dask client; shared steps stay on the cluster as futures that batches depend on.

    Keys begin with a name that no other search has: dask would hand out an old result for an old key.
    """

    def __init__(self, client: distributed.Client, placement: Placement) -> None:
        self._client = client
        self._placement = placement
        self._prefix = f"multisearch-{uuid.uuid4().hex[:12]}"
        self._problem: Any = None
        self._shared: dict[str, distributed.Future[Any]] = {}
        self._tasks: dict[str, Task] = {}
        self._running = distributed.as_completed(loop=client.loop, with_results=False)
        threads = client.nthreads()
        self.capacity = max(1, sum(threads.values()))
        self.queue_length = _TASKS_PER_SLOT * self.capacity

    def start(self, problem: Problem) -> None:
        self._problem = self._placement.put(problem, self._prefix)

    def submit(self, task: Task) -> None:
        key = f"{self._prefix}-{task.key}"
        shared = None if task.parent is None else self._shared[task.parent]
        future = self._client.submit(_run, self._problem, task, shared, key=key, pure=False)
        self._tasks[key] = task
        if isinstance(task, SharedStep):
            self._shared[task.key] = future
        self._running.add(future)

    def results(self) -> Iterator[tuple[Task, BatchResult | RefitResult | None]]:
        batches: list[tuple[Task, distributed.Future[Any]]] = []
        for future in self._running.next_batch():
            task = self._tasks.pop(future.key)
            if isinstance(task, SharedStep) and future.status == "finished":
                yield task, None
            else:
                batches.append((task, future))
        results = self._client.gather([future for _, future in batches])
        for (task, _), result in zip(batches, results, strict=True):
            yield task, result

    def release(self, key: str) -> None:
        self._shared.pop(key).release()

    def stop(self) -> None:
        left = [future for future in self._running.futures if not future.done()]
        self._client.cancel(left)
        self._running.clear()
        self._tasks.clear()
        self._shared.clear()
        self._problem = None
        self._placement.remove()


def _run(
    placed: Problem | MappedProblem, task: Task, shared: StepResult | None
) -> StepResult | BatchResult | RefitResult:
    """Run a task on a worker as it would run where the search was started: same configuration, same filters."""
    problem = placed.open() if isinstance(placed, MappedProblem) else placed
    limit = os.environ.get("OMP_NUM_THREADS", "")
    surroundings = Surroundings(
        native_threads=int(limit) if limit.isdigit() else None,
        watch=partial(collected_warnings, problem.warning_filters),
        interrupts=(),
    )
    with config_context(**problem.config):
        return run_task(problem, task, shared, surroundings)
