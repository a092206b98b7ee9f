"""What runs in the process that hosts local workers: scheduler and nannies, until its client is gone.

Run as a script, by its path. The first line of standard input says what to start; when standard input ends, the client
has closed it or has died, and everything here ends. Nothing of multisearch is imported here: only workers need it.

On Linux, workers are forked from a server that has imported what they need and has no other threads; so they are there
at once, also when one has to be replaced, and share the memory of what was imported. Libraries that may not be forked
after their import (LightGBM, TensorFlow) are never imported before the fork.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from distributed import Nanny, Scheduler

_LOOPBACK = "127.0.0.1"
_SHARED_MEMORY = Path("/dev/shm")
_IMPORTED_BEFORE_THE_FORK = ["distributed", "multisearch.engines.cluster._engine"]
_SECONDS_TO_DIE = 2
_SECONDS_BETWEEN_LOOKS = 0.005
_SECONDS_BETWEEN_LOOKS_AT_NANNIES = 0.5
_SECONDS_TO_COME_BACK = 20
_GIVEN_UP = frozenset({"closed", "failed"})
_SPILL_AT = 0.6


def main() -> None:
    """Serve until standard input ends."""
    settings = json.loads(sys.stdin.readline())
    sys.path[:] = settings["search_path"]
    forks = sys.platform == "linux"  # elsewhere a process that has threads of the system's libraries may not be forked
    with _environment({"PYTHONWARNINGS": "ignore"}):  # about what processes leave that are killed in the end
        resource_tracker.ensure_running()
    cleans_up = {child.pid for child in psutil.Process().children()}
    if forks:
        with _environment({"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONSAFEPATH": "1"}):
            forkserver.set_forkserver_preload(_IMPORTED_BEFORE_THE_FORK)
            forkserver.ensure_running()

    import dask

    dask.config.set(_configuration("forkserver" if forks else "spawn", settings["n_workers"]))
    folders = _new_folders()
    threading.Thread(target=_end_with_client, args=(folders, cleans_up), daemon=True).start()
    asyncio.run(_serve(settings, folders))


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the processes started meanwhile."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _configuration(method: str, n_workers: int) -> dict[str, Any]:
    return {
        "distributed.worker.multiprocessing-method": method,
        # A worker of this machine dies of what runs in it; what has died twice is looked at alone
        "distributed.scheduler.allowed-failures": 1,
        # For a result that has died with its worker all would wait; a fit that holds the interpreter answers late
        "distributed.comm.timeouts.connect": "5 s",
        # A fit may hold the interpreter for longer than any limit; on this machine a dead process is noticed anyway
        "distributed.scheduler.worker-ttl": None,
        # Nobody sees the dashboard that shows where workers spend their time
        "distributed.worker.profile.enabled": False,
        # The limit is the whole machine's, since fits of unequal sizes share it, and mapped data counts for each worker
        "distributed.worker.memory.target": _SPILL_AT / n_workers,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
    }


def _new_folders() -> list[Path]:
    """Make private folders for the data of searches: in memory, where there is such a thing, and on disk."""
    folders = []
    with suppress(OSError):
        folders.append(Path(tempfile.mkdtemp(prefix="multisearch-", dir=_SHARED_MEMORY)))
    return [*folders, Path(tempfile.mkdtemp(prefix="multisearch-"))]


async def _serve(settings: Mapping[str, Any], folders: Sequence[Path]) -> None:
    from distributed import Nanny, Scheduler

    inside: dict[str, Any] = {"host": _LOOPBACK, "dashboard": False, "dashboard_address": f"{_LOOPBACK}:0"}
    as_given = {name: os.environ.get(name, "") for name in ("PYTHONPATH", "PYTHONSAFEPATH")}
    async with Scheduler(port=0, **inside) as scheduler:
        new_nanny = partial(
            Nanny,
            scheduler.address,
            **inside,
            nthreads=1,
            memory_limit=1.0,
            local_directory=str(folders[-1]),
            env={**as_given, **settings["environment"]},
            silence_logs=logging.WARNING,
        )
        nannies = await asyncio.gather(*(new_nanny() for _ in range(settings["n_workers"])))
        with os.fdopen(settings["report_to"], "w") as report:
            json.dump({"address": scheduler.address, "folders": [str(folder) for folder in folders]}, report)
        await asyncio.gather(*(_keep_one_worker(scheduler, nanny, new_nanny) for nanny in nannies))


async def _keep_one_worker(scheduler: Scheduler, nanny: Nanny, new_nanny: Callable[[], Nanny]) -> None:
    """Replace a nanny that has given up its worker, as when one closes itself, or cannot be started again."""
    last_seen = time.monotonic()
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS_AT_NANNIES)
        now = time.monotonic()
        if nanny.worker_address in scheduler.workers:
            last_seen = now
        elif nanny.status.name in _GIVEN_UP or now - last_seen > _SECONDS_TO_COME_BACK:
            logging.getLogger("distributed.nanny").warning("a worker has not come back, and another one is started")
            with suppress(Exception):  # whatever becomes of the old one, there is to be a new one
                await asyncio.wait_for(nanny.close(), _SECONDS_TO_COME_BACK)
            with suppress(Exception):
                nanny = await new_nanny()
            last_seen = time.monotonic()


def _end_with_client(folders: Sequence[Path], cleans_up: Collection[int]) -> None:
    """Wait until the client has gone, then kill all workers, since one in the midst of a fit would not listen."""
    sys.stdin.read()
    logging.disable()
    processes = [child for child in psutil.Process().children(recursive=True) if child.pid not in cleans_up]
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    deadline = time.monotonic() + _SECONDS_TO_DIE
    while any(map(_runs, processes)) and time.monotonic() < deadline:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _runs(process: psutil.Process) -> bool:
    """Say whether a process still does anything; one that only waits for its exit code to be read does not."""
    with suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


if __name__ == "__main__":
    main()
