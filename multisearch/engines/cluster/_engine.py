"""On a dask cluster: the user's client, a scheduler's address, or local worker processes of our own."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeAlias

import distributed
from distributed.scheduler import KilledWorker

from multisearch._records import TIMEOUT, BatchResult, Lost, Outcome, RefitResult, SharedStep, Task
from multisearch.engines.cluster import _remote
from multisearch.engines.cluster._clusters import cluster_for
from multisearch.engines.cluster._delivery import Delivery
from multisearch.engines.cluster._lost import died_below, gone_with_its_base, killed, no_sign_of_life
from multisearch.engines.cluster._placement import Placement
from multisearch.engines.cluster._versions import module_not_found
from multisearch.engines.cluster._workers import Workers
from multisearch.engines.transport._by_value import CodeDiffersError
from multisearch.fitting import FitTimeoutError, Problem, within

logger = logging.getLogger("multisearch")

_TASKS_PER_SLOT = 3
_SECONDS_TO_WAKE = 0.1
_SECONDS_TO_END = 1.0
_SECONDS_TO_SAY = 3.0
_SECONDS_TO_GATHER = 10.0
_TIMES_TO_LOSE = 2

Result: TypeAlias = BatchResult | RefitResult | Lost | None


@contextmanager
def dask_engine(scheduler: str, n_workers: int, worker_timeout: float | None) -> Iterator[DaskEngine]:
    """Open an engine on a cluster.

    Parameters
    ----------
    scheduler : {"client", "local"} or address
        The active client, local worker processes, or the scheduler at an address.
    n_workers : int
        How many local worker processes to use.
    worker_timeout : float or None
        Seconds to wait while no worker can take any task.
    """
    with cluster_for(scheduler, n_workers) as (client, placement):
        engine = DaskEngine(client, placement, worker_timeout)
        try:
            yield engine
        finally:
            engine.stop()


class DaskEngine:
    """Runs tasks through a dask client; shared steps stay on the cluster as futures that batches depend on.

    Keys begin with a name that no other search has, and none is used twice: dask would hand out an old result, or an
    old error, for an old key.

    Parameters
    ----------
    client : distributed.Client
    placement : Placement
    worker_timeout : float or None, default=None
        Seconds to wait while no worker can take any task.
    """

    def __init__(self, client: distributed.Client, placement: Placement, worker_timeout: float | None = None) -> None:
        self._client = client
        self._placement = placement
        self._worker_timeout = worker_timeout
        self._prefix = f"multisearch-{uuid.uuid4().hex[:12]}"
        self._n_keys = 0
        self._delivery: Delivery | None = None
        self._steps: dict[str, distributed.Future[Any]] = {}
        self._known_steps: dict[str, SharedStep] = {}
        self._tasks: dict[str, tuple[Task, distributed.Future[Any]]] = {}
        self._given_up: list[tuple[Task, Lost]] = []
        self._times_lost: Counter[str] = Counter()
        self._seconds_to_gather = _SECONDS_TO_GATHER
        self._running = distributed.as_completed(loop=client.loop, with_results=False)
        self._workers = Workers(client, self._prefix, worker_timeout, None)

    @property
    def capacity(self) -> int:
        return max(1, self._workers.n_threads)

    @property
    def queue_length(self) -> int:
        return _TASKS_PER_SLOT * self.capacity

    def start(self, problem: Problem) -> None:
        self._workers = Workers(self._client, self._prefix, self._worker_timeout, problem.fit_timeout)
        self._workers.check_connection()
        self._workers.wait_for_one()
        if problem.fit_timeout is not None:
            self._workers.check_nannies()
        self._placement.check(problem)
        self._delivery = Delivery(problem, self._placement, self._workers, self._prefix)
        self._delivery.put()

    @property
    def _started(self) -> Delivery:
        if self._delivery is None:
            raise RuntimeError("start the engine before handing over tasks")
        return self._delivery

    def compute(self, collection: Any) -> Any:
        return self._client.compute(collection).result()  # type: ignore[no-untyped-call, unused-ignore]

    def submit(self, task: Task) -> None:
        future = self._submitted(task)
        self._tasks[str(future.key)] = (task, future)
        self._running.add(future)

    def _submitted(self, task: Task) -> distributed.Future[Any]:
        self._n_keys += 1
        key = f"{self._prefix}-{task.key}-{self._n_keys}"
        step = None if task.parent is None else self._steps[task.parent]
        delivery = self._started
        future = self._client.submit(
            _remote.run, delivery.placed, delivery.packed(task), step, self._prefix, key=key, pure=False
        )
        if isinstance(task, SharedStep):
            self._known_steps[task.key] = task
            self._steps[task.key] = future
        return future

    def results(self) -> Iterator[tuple[Task, Result]]:
        ended = [future for future in self._ended() if str(future.key) in self._tasks]
        given_up, self._given_up = self._given_up, []
        yield from given_up
        if any(future.cancelled() for future in ended):
            self._put_again()
            return
        batches: dict[str, tuple[Task, distributed.Future[Any]]] = {}
        for future in ended:
            task, _ = self._tasks.pop(str(future.key))
            if future.status == "error":
                yield from self._failed(task, future)
            elif isinstance(task, SharedStep):
                yield task, None
            else:
                batches[str(future.key)] = (task, future)
        if batches:
            yield from self._gathered(batches)

    def _ended(self) -> list[distributed.Future[Any]]:
        """Return the futures that have come to an end, waiting for one and looking after the workers meanwhile."""
        while not self._running.has_ready() and not self._given_up:
            with self._running.thread_condition:
                self._running.thread_condition.wait(_SECONDS_TO_WAKE)
            self._look_after_workers()
        self._look_after_workers()
        ended: list[distributed.Future[Any]] = self._running.next_batch(block=False)
        return ended

    def _look_after_workers(self) -> None:
        """Give up the tasks of workers that had to be ended, since nobody knows which of them was running."""
        pending = [key for key, (_, future) in self._tasks.items() if not future.done()]
        for key in self._workers.look(pending):
            task, future = self._tasks.pop(key, (None, None))
            if task is not None and future is not None:
                future.cancel()
                self._forget_step(task)
                self._given_up.append((task, no_sign_of_life(self._workers.silence_allowed)))
        while self._workers.forgotten:
            task, future = self._tasks.pop(self._workers.forgotten.pop(), (None, None))
            if task is not None and future is not None:
                future.cancel()
                self.submit(task)
        if self._workers.has_lost_data:
            self._workers.has_lost_data = False
            self._put_again()

    def _gathered(self, batches: dict[str, tuple[Task, distributed.Future[Any]]]) -> Iterator[tuple[Task, Result]]:
        futures = {key: future for key, (_, future) in batches.items()}
        try:
            gather = partial(self._client.gather, futures, errors="skip")
            results = within(self._seconds_to_gather, gather, is_in_vain=self._workers.are_cut_off)
        except (CancelledError, asyncio.CancelledError):
            self._tasks |= batches
            self._put_again()
            return
        except (OSError, FitTimeoutError):  # it may have died on its way, or be large
            self._workers.check_connection()
            self._seconds_to_gather *= 2
            self._tasks |= batches
            self._running.update(futures.values())
            return
        results = {key: self._started.unpacked(result) for key, result in results.items()}
        late = {outcome.worker for result in results.values() for outcome in _timeouts_in(result)}
        self._workers.end([address for address in late if address is not None])
        differs: CodeDiffersError | None = None
        for key, (task, future) in batches.items():
            result = results.get(key)  # where it was skipped there is a None in a dict's place
            if isinstance(result, CodeDiffersError):
                differs = result
                self._tasks[key] = (task, future)
            elif result is not None:
                future.release()  # not when the last reference goes: a traceback, or a cycle, may hold it for long
                yield task, result
            elif future.status == "error":
                yield from self._failed(task, future)
            else:  # its worker went before it was here
                self._tasks[key] = (task, future)
        if differs is not None:
            self._send_code(differs)
        elif not batches.keys().isdisjoint(self._tasks):
            self._put_again()

    def _failed(self, task: Task, future: distributed.Future[Any]) -> Iterator[tuple[Task, Lost]]:
        """Yield why there is no result, or submit the task again where it has not even begun.

        dask makes a lost result of a shared step anew, and counts every death beside it, over the whole search.
        """
        if not died_below(future.exception(), future.key):
            yield task, self._lost(task, future)
        elif not self._is_given_up(task):
            self._renew_lost_steps(task)
            self.submit(task)

    def _renew_lost_steps(self, task: Task) -> None:
        steps = list(self._steps)
        key = task.parent
        while key is not None:
            if key in self._steps and self._steps[key].status == "error":
                del self._steps[key]
            key = self._known_steps[key].parent
        self._renew(steps)

    def _lost(self, task: Task, future: distributed.Future[Any]) -> Lost:
        """Return why there is no result.

        Raises
        ------
        ModuleNotFoundError, RuntimeError
            Where the task could not even be begun.
        """
        self._forget_step(task)
        error: Any = future.exception()
        future.release()
        if isinstance(error, _remote.StepTimeoutError):
            self._workers.end([error.worker])
            return Lost(error.failure, is_certain=True, worker=error.worker)
        if isinstance(error, KilledWorker):
            return killed(error)
        cause = error
        while cause is not None and not isinstance(cause, ModuleNotFoundError):
            cause = cause.__cause__
        if cause is not None:
            raise module_not_found(str(cause.name), "or scheduler") from error
        raise RuntimeError(f"a task cannot be run on the cluster: {error!r}") from error

    def _forget_step(self, task: Task) -> None:
        if isinstance(task, SharedStep):
            self._steps.pop(task.key, None)

    def _put_again(self) -> None:
        """Put the problem there again, after its only copy has gone with a worker, and everything that stands on it."""
        self._workers.check_connection()
        logger.warning("the data were lost with a worker, and are put on the cluster again")
        self._begin_again([task for task, _ in self._tasks.values() if not self._is_given_up(task)])

    def _send_code(self, differs: CodeDiffersError) -> None:
        """Put the problem there again, with the code of modules that are not on a worker what they are here."""
        logger.info("%s differs on worker %s, and is sent there", ", ".join(differs.modules), differs.worker)
        self._started.send_code(differs)
        self._begin_again([task for task, _ in self._tasks.values()])

    def _begin_again(self, tasks: Sequence[Task]) -> None:
        steps = list(self._steps)
        self._forget_everything()
        self._started.put()
        self._renew(steps)
        for task in tasks:
            if task.key in self._steps:
                future = self._steps[task.key]
                self._tasks[str(future.key)] = (task, future)
                self._running.add(future)
            else:
                self.submit(task)

    def _is_given_up(self, task: Task) -> bool:
        """Give up a task that was there too often when its base was lost: dask counts anew what is submitted anew."""
        self._times_lost[task.key] += 1
        if self._times_lost[task.key] < _TIMES_TO_LOSE:
            return False
        del self._times_lost[task.key]
        self._forget_step(task)
        self._given_up.append((task, gone_with_its_base(_TIMES_TO_LOSE)))
        return True

    def _renew(self, keys: Sequence[str]) -> None:
        """Submit again those of the shared steps that are not there, and what they stand on."""
        for key in keys:
            self._renew_path(key)
        for key in self._steps.keys() - set(keys):
            self.release(key)  # dask keeps them for those that stand on them

    def _renew_path(self, key: str) -> None:
        if key in self._steps:
            return
        step = self._known_steps[key]
        if step.parent is not None:
            self._renew_path(step.parent)
        self._submitted(step)

    def release(self, key: str) -> None:
        step = self._steps.pop(key, None)
        if step is not None:
            step.release()

    def stop(self) -> None:
        left = [future for _, future in self._tasks.values() if not future.done()]
        if left and self._client.status == "running" and not self._workers.is_silent:
            with suppress(OSError, FitTimeoutError):
                self._end(left)
        self._forget_everything()
        self._placement.remove()

    def _end(self, left: Sequence[distributed.Future[Any]]) -> None:
        """Cancel what waits, let what runs end after its present fit, and end the worker of a fit that is long."""
        workers = [
            address
            for address, keys in within(_SECONDS_TO_SAY, self._client.processing).items()
            if any(str(key).startswith(self._prefix) for key in keys)
        ]
        self._client.cancel(left)
        deadline = time.monotonic() + _SECONDS_TO_END
        try:
            while workers and time.monotonic() < deadline:
                workers = within(_SECONDS_TO_END, partial(self._still_running, workers))
                time.sleep(_SECONDS_TO_WAKE)
        except FitTimeoutError:
            logger.debug("workers do not answer: %s", workers)
        placed = None if self._delivery is None else self._delivery.placed
        also_ours = {str(placed.key)} if isinstance(placed, distributed.Future) else set()
        self._workers.end(self._workers.only_ours(workers, also_ours))

    def _still_running(self, workers: list[str]) -> list[str]:
        answers = self._client.run(_remote.abandon, self._prefix, workers=workers, on_error="ignore")
        return [address for address, runs in answers.items() if runs]

    def _forget_everything(self) -> None:
        for future in (*(future for _, future in self._tasks.values()), *self._steps.values()):
            future.release()
        self._running.clear()
        self._tasks.clear()
        self._steps.clear()
        if self._delivery is not None:
            self._delivery.placed = None


def _timeouts_in(result: Any) -> Iterator[Outcome]:
    for outcome in result.outcomes if isinstance(result, BatchResult) else ():
        if outcome.failure is not None and outcome.failure.kind == TIMEOUT:
            yield outcome
