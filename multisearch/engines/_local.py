"""Local worker processes of our own: started once, kept warm for the next fit, gone with this process."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import Any

import distributed
import joblib
from distributed.deploy.subprocess import SubprocessCluster

_LOOPBACK = "127.0.0.1"
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)

_lock = threading.Lock()
_clients: dict[tuple[int, int], distributed.Client] = {}


def local_client(n_workers: int) -> distributed.Client:
    """Return a client of so many local worker processes, started before or now.

    The workers begin with a fresh interpreter (distributed's SubprocessCluster), so that the user's script is not run
    again and needs no ``__main__`` guard. Each has one thread for tasks and as many native ones as workers leave.
    """
    key = (os.getpid(), n_workers)
    with _lock:
        client = _clients.get(key)
        if client is None or client.status != "running":
            client = _clients[key] = _start(n_workers)
    client.register_plugin(_SearchPath(list(sys.path)))
    return client


def _start(n_workers: int) -> distributed.Client:
    threads = str(max(1, joblib.cpu_count() // n_workers))
    cluster = SubprocessCluster(
        host=_LOOPBACK,
        dashboard_address="",
        scheduler_kwargs={"dashboard": False, "dashboard_address": f"{_LOOPBACK}:0"},
        n_workers=n_workers,
        threads_per_worker=1,
        worker_kwargs={
            "dashboard": False,
            "dashboard_address": f"{_LOOPBACK}:0",
            "env": {**dict.fromkeys(_THREAD_VARIABLES, threads), "OMP_WAIT_POLICY": "PASSIVE"},
        },
    )
    client = distributed.Client(cluster, set_as_default=False)
    client.wait_for_workers(n_workers, timeout=60)
    return client


class _SearchPath(distributed.WorkerPlugin):
    """Lets workers import what the user's process can import, such as modules beside a script."""

    name = "multisearch-search-path"
    idempotent = False

    def __init__(self, path: list[str]) -> None:
        self.path = path

    def setup(self, worker: Any) -> None:
        sys.path.extend(entry for entry in self.path if entry not in sys.path)


@atexit.register
def close_local_workers() -> None:
    """Close all local workers that this process has started."""
    with _lock:
        for (process, _), client in list(_clients.items()):
            if process == os.getpid():
                cluster: Any = client.cluster
                client.close()
                cluster.close()
        _clients.clear()
