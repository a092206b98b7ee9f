"""The workers of a cluster: whether there are any, what they do with our tasks, and how to end one."""

from __future__ import annotations

import math
import os
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import distributed

from multisearch.engines.cluster import _remote
from multisearch.fitting import FitTimeoutError, within

_SECONDS_BETWEEN_LOOKS = 2.0
_SECONDS_TO_ANSWER = 30.0
"""How long the scheduler may take, before the connection counts as lost although nobody has closed it."""
_SECONDS_TO_SAY = 3.0
_IN_MOTION = frozenset({"waiting", "processing", "queued", "no-worker"})
"""dask's states of a task that is going to be done."""

_SECONDS_OF_SILENCE = 5.0
"""How long a worker whose interpreter is free may take between two signs of life, and be late with them."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the scheduler knows at one moment.

    Attributes
    ----------
    n_threads : int
        Of all workers together.
    states : mapping of str to int
        How many of our tasks are in which of dask's states.
    in_motion : frozenset of str
        The keys of those that are going to be done.
    silence : mapping of str to float
        Workers that have one of our tasks, and the seconds since each was heard of.
    tasks : mapping of str to sequence of str
        Their keys, by worker.
    wanted : mapping of str to float
        The resources that a task of ours asks for and waits for.
    offered : sequence of mapping
        Every worker's resources.
    is_stalled : bool
        Whether tasks of ours wait for something that nobody is making, because what it is made of is gone.
    """

    n_threads: int
    states: Mapping[str, int]
    in_motion: frozenset[str]
    silence: Mapping[str, float]
    tasks: Mapping[str, Sequence[str]]
    wanted: Mapping[str, float]
    offered: Sequence[Mapping[str, float]]
    is_stalled: bool


def _look(prefix: str, dask_scheduler: Any) -> Look:
    ours = [task for key, task in dask_scheduler.tasks.items() if str(key).startswith(prefix)]
    holders: dict[str, list[str]] = {}
    for task in ours:
        if task.processing_on is not None:
            holders.setdefault(task.processing_on.address, []).append(str(task.key))
    workers = dask_scheduler.workers
    now = time.time()
    return Look(
        n_threads=sum(worker.nthreads for worker in workers.values()),
        states=dict(Counter(task.state for task in ours)),
        in_motion=frozenset(str(task.key) for task in ours if task.state in _IN_MOTION),
        silence={address: now - workers[address].last_seen for address in holders},
        tasks=holders,
        wanted=next((dict(task.resource_restrictions or {}) for task in ours if task.state == "no-worker"), {}),
        offered=[dict(worker.resources) for worker in workers.values()],
        is_stalled=_is_stalled(ours),
    )


def _is_stalled(tasks: Iterable[Any]) -> bool:
    """Say whether some of the scheduler's tasks wait, and nothing that they wait for is going to be done."""
    open_ends = [task for task in tasks if task.state == "waiting"]
    seen = set(open_ends)
    while open_ends:
        before = open_ends.pop().waiting_on
        if any(task.state in _IN_MOTION - {"waiting"} for task in before):
            return False
        new = {task for task in before if task not in seen}
        seen |= new
        open_ends += new
    return bool(seen)


class Workers:
    """The workers of one cluster, as one search sees them.

    Parameters
    ----------
    client : distributed.Client
    prefix : str
        What the keys of the search's tasks begin with.
    worker_timeout : float or None
        Seconds to wait while no worker can take any of them.
    fit_timeout : float or None
        Seconds that a fit may take.
    """

    def __init__(
        self, client: distributed.Client, prefix: str, worker_timeout: float | None, fit_timeout: float | None
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._worker_timeout = worker_timeout
        self._fit_timeout = fit_timeout
        self._last_look = time.monotonic()
        self._idle_since: float | None = None
        self._was_stalled = False
        self._were_missing: set[str] = set()
        self.forgotten: set[str] = set()
        self.has_lost_data = False
        self.is_silent = False
        self.n_threads: int = sum(client.nthreads().values())

    @property
    def silence_allowed(self) -> float:
        """Seconds for which a worker may give no sign of life, because a fit holds the interpreter."""
        return (self._fit_timeout or 0.0) + _SECONDS_OF_SILENCE

    def wait_for_one(self) -> None:
        """Wait until there is a worker.

        Raises
        ------
        ConnectionError
            Where the scheduler is gone.
        TimeoutError
            Where none has come in time.
        """
        self.n_threads = sum(self._answered(self._client.nthreads).values())
        if self.n_threads:
            return
        # A task, since some clusters start workers only where there is something to do
        future = self._client.submit(bool, key=f"{self._prefix}-awaited-{uuid.uuid4().hex}", pure=False)
        seconds = math.inf if self._worker_timeout is None else self._worker_timeout
        try:
            within(seconds, future.result, is_in_vain=self.are_cut_off)
        except CancelledError as error:
            raise self._gone() from error
        except FitTimeoutError:
            self.check_connection()
            future.cancel()
            raise TimeoutError(self._what_is_missing(self._look())) from None
        self.n_threads = sum(self._client.nthreads().values())

    @contextmanager
    def kept_busy(self) -> Iterator[None]:
        """Keep the workers busy meanwhile, which a cluster that adapts to its load would take away as idle ones."""
        name = f"{self._prefix}-busy-{uuid.uuid4().hex}"
        addresses = self._answered(self._client.nthreads)
        futures = [
            self._client.submit(_remote.stay_busy, name, key=f"{name}-{number}", workers=[address], pure=False)
            for number, address in enumerate(addresses)
        ]
        try:
            yield
        finally:
            with suppress(OSError, FitTimeoutError):  # one that does not answer is busy anyway
                self._client.cancel(futures)
                within(_SECONDS_TO_SAY, partial(self._client.run, _remote.be_free, name, on_error="ignore"))

    def check_nannies(self) -> None:
        """Check that every worker can be ended and comes back.

        Raises
        ------
        ValueError
            Where one has no nanny.
        """
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        alone = [address for address, worker in workers.items() if not worker["nanny"]]
        if alone:
            raise ValueError(
                f"fit_timeout={self._fit_timeout} needs workers that can be ended and come back, but {alone[0]} has no "
                "nanny; start workers with one (not with --no-nanny), or leave fit_timeout=None"
            )

    def check_connection(self) -> None:
        """Check that the scheduler is there.

        Raises
        ------
        ConnectionError
        """
        if self.are_cut_off():
            raise self._gone()

    def are_cut_off(self) -> bool:
        """Say whether the connection to the scheduler is known to be closed."""
        return bool(self._client.status != "running")

    def look(self, pending: Collection[str] = ()) -> list[str]:
        """Return the keys of tasks whose workers give no sign of life for longer than a fit may take.

        The scheduler is asked every other second only. What it says sets ``n_threads``, ``has_lost_data`` and
        ``forgotten``: those of the pending keys of which it has known nothing twice in a row, as when a result was lost
        just as it was asked for.

        Parameters
        ----------
        pending : collection of str, default=()
            The keys of tasks that are not known to have ended.

        Raises
        ------
        ConnectionError
            Where the scheduler is gone.
        TimeoutError
            Where no worker can take any of the tasks, for too long.
        """
        self.check_connection()
        now = time.monotonic()
        if now - self._last_look < _SECONDS_BETWEEN_LOOKS:
            return []
        self._last_look = now
        look = self._look()
        self.n_threads = look.n_threads
        self.has_lost_data = look.is_stalled and self._was_stalled
        self._was_stalled = look.is_stalled and not self.has_lost_data
        missing = set(pending) - look.in_motion
        self.forgotten = missing & self._were_missing
        self._were_missing = missing - self.forgotten
        self._wait_no_longer_than_allowed(look, now)
        return self._stuck(look)

    def _look(self) -> Look:
        look: Look = self._answered(partial(self._client.run_on_scheduler, _look, self._prefix))
        return look

    def _answered(self, ask: Callable[[], Any]) -> Any:
        try:
            return within(_SECONDS_TO_ANSWER, ask, is_in_vain=self.are_cut_off)
        except (OSError, FitTimeoutError) as error:
            self.is_silent = isinstance(error, FitTimeoutError)
            raise self._gone() from error

    def _wait_no_longer_than_allowed(self, look: Look, now: float) -> None:
        has_no_worker = look.states.get("no-worker", 0) and not look.states.get("processing", 0)
        if look.n_threads and not has_no_worker:
            self._idle_since = None
            return
        self._idle_since = now if self._idle_since is None else self._idle_since
        if self._worker_timeout is not None and now - self._idle_since >= self._worker_timeout:
            raise TimeoutError(self._what_is_missing(look))

    def _stuck(self, look: Look) -> list[str]:
        if self._fit_timeout is None:
            return []
        silent = [address for address, seconds in look.silence.items() if seconds > self.silence_allowed]
        self.end(silent)
        return [key for address in silent for key in look.tasks[address]]

    def _what_is_missing(self, look: Look) -> str:
        waited = f"within worker_timeout={self._worker_timeout} seconds no worker has taken a task of this search: "
        if not look.n_threads:
            return f"{waited}the cluster at {self._address} has none; start workers, or scale the cluster up"
        return (
            f"{waited}they ask for {look.wanted or 'a certain worker'}, and the {len(look.offered)} workers there are "
            f"offer {_counted(look.offered)}; start workers with these resources, or search without dask.annotate"
        )

    def _gone(self) -> ConnectionError:
        return ConnectionError(
            f"the connection to the scheduler at {self._address} is lost; what had come back by then is in "
            "partial_results_, and in the journal if there is one, from where the same search goes on"
        )

    @property
    def _address(self) -> str:
        scheduler = self._client.scheduler
        return "an unknown address" if scheduler is None else str(scheduler.address)

    def end(self, addresses: Collection[str]) -> None:
        """Kill the processes of these workers through their nannies, which start new ones in their place."""
        if addresses:
            with suppress(OSError):
                self._client.run(_kill_worker, workers=list(addresses), nanny=True, on_error="ignore")

    def only_ours(self, addresses: Iterable[str], also_ours: Collection[str]) -> list[str]:
        """Return those of the workers that have a nanny, and nothing to do and nothing in memory for anybody else."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        tasks, results = self._client.processing(), self._client.has_what()
        return [
            address
            for address in addresses
            if workers.get(address, {}).get("nanny")
            and all(
                str(key).startswith(self._prefix) or key in also_ours
                for key in (*tasks.get(address, ()), *results.get(address, ()))
            )
        ]


def _counted(offered: Sequence[Mapping[str, float]]) -> str:
    kinds = Counter(str(dict(resources)) if resources else "none" for resources in offered)
    return ", ".join(kinds)


def _kill_worker(dask_worker: Any) -> None:
    """Kill the process that a nanny watches; one whose interpreter is stuck would not listen."""
    pid = dask_worker.pid
    if pid is not None:
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
