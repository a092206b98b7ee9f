"""Local worker processes of our own: started once, kept warm for the next fit, gone with this process."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import distributed
import numpy as np
from tornado.ioloop import PeriodicCallback

from multisearch.engines.local._process import host_process
from multisearch.engines.local._quiet import level_for_workers, quieten
from multisearch.engines.transport._by_value import CodeCannotBeSentError
from multisearch.engines.transport._packed import forget_finished

logger = logging.getLogger("multisearch")

_SECONDS_TO_START = 60
_SECONDS_TO_CLOSE = 2
_MILLISECONDS_TO_FORGET = 500
_FIRST_TO_BE_KILLED = "500"


class LocalWorkers:
    """Worker processes of this machine, and a client of theirs.

    They never run the user's script, so that it needs no ``__main__`` guard.

    Attributes
    ----------
    client : distributed.Client
    folders : list of Path
        Where to put files for the workers to read; they are deleted when the workers end.
    """

    def __init__(self, n_workers: int) -> None:
        self.users = 0
        self.retired = False
        self._n_workers = n_workers
        self._at_home: tuple[list[str], int] | None = None
        self._host = host_process(n_workers)
        try:
            address, self.folders = self._host.wait_until_ready()
            self.client = distributed.Client(address, set_as_default=False)
            self.client.wait_for_workers(n_workers, timeout=_SECONDS_TO_START)
        except BaseException:
            self._host.close()
            raise

    def are_up_to_date(self) -> bool:
        """Say whether they run, in the environment that this process has now."""
        if not (self._host.is_running and self.client.status == "running"):
            return False
        changed = self._host.changed_variables()
        if changed:
            logger.info("local workers are started anew, because of changes in %s", ", ".join(changed))
        return not changed

    def wait_for_all(self) -> None:
        """Wait for those that are being replaced, though not for ever: a search can begin with fewer."""
        with suppress(TimeoutError):
            self.client.wait_for_workers(self._n_workers, timeout=_SECONDS_TO_START)

    def make_at_home(self) -> None:
        """Let them import what this process can import, and say no more than it would, now and after a restart."""
        at_home = list(sys.path), level_for_workers()
        if self._at_home != at_home:
            self._at_home = at_home
            self.client.register_plugin(_AtHome(*at_home))

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        self.client.close(timeout=_SECONDS_TO_CLOSE)
        self._host.close()


_warm: dict[tuple[int, int], LocalWorkers] = {}
_lock = threading.Lock()


@contextmanager
def local_workers(n_workers: int) -> Iterator[LocalWorkers]:
    """Give so many local workers, started before or now, and keep them for the next time.

    After an interrupt they are not kept, since a fit may be running that nothing else would stop; nor where they have
    other code of the user's than this process, which could not be sent to them.
    """
    key = (os.getpid(), n_workers)
    with _lock:
        workers = _warm.get(key)
        if workers is None or not workers.are_up_to_date():
            _retire(key)
            workers = _warm[key] = LocalWorkers(n_workers)
        workers.users += 1
    try:
        workers.wait_for_all()
        workers.make_at_home()
        yield workers
    except BaseException as error:
        if isinstance(error, CodeCannotBeSentError) or not isinstance(error, Exception):
            with _lock:
                if _warm.get(key) is workers:
                    _retire(key)
        raise
    finally:
        with _lock:
            workers.users -= 1
            if workers.retired and not workers.users:
                workers.close()


def _retire(key: tuple[int, int]) -> None:
    """Hand out these workers no more; another thread's search may still use them."""
    workers = _warm.pop(key, None)
    if workers is not None:
        workers.retired = True
        if not workers.users:
            workers.close()


@atexit.register
def close_local_workers() -> None:
    """Close all local workers that this process has started."""
    with _lock:
        for workers in _warm.values():
            workers.close()
        _warm.clear()


def _after_fork() -> None:
    """Leave the workers to the process that has started them; a thread of it may hold the lock."""
    global _lock  # noqa: PLW0603 - a lock cannot be made free otherwise
    _lock = threading.Lock()
    _warm.clear()


os.register_at_fork(after_in_child=_after_fork)


class _AtHome(distributed.WorkerPlugin):
    """Makes a worker process one of the user's machine: it imports what the user can, shares files, and is quiet."""

    name = "multisearch-at-home"
    idempotent = False

    def __init__(self, search_path: list[str], level_of_tensorflow: int) -> None:
        self._search_path = search_path
        self._level_of_tensorflow = level_of_tensorflow
        self._forgetting: PeriodicCallback | None = None

    def setup(self, worker: Any) -> None:
        quieten(self._level_of_tensorflow)
        sys.path.extend(entry for entry in self._search_path if entry not in sys.path)
        np.random.seed()  # noqa: NPY002 - forked workers would all draw the same from the global generator
        with suppress(OSError):  # when memory runs out, a worker can be replaced, the user's process cannot
            Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_BE_KILLED)
        self._forgetting = PeriodicCallback(forget_finished, _MILLISECONDS_TO_FORGET)
        self._forgetting.start()

    def teardown(self, worker: Any) -> None:
        if self._forgetting is not None:
            self._forgetting.stop()
