"""Which engine a search gets: the meaning of ``n_jobs`` and ``scheduler``."""

from __future__ import annotations

import logging
import numbers
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import joblib
from joblib.parallel import get_active_backend

from multisearch.engines._base import Engine
from multisearch.engines._inline import InlineEngine
from multisearch.engines.local._process import begin

logger = logging.getLogger("multisearch")

_DASK_ENGINE = "multisearch.engines.cluster._engine"


@contextmanager
def open_engine(n_jobs: int | None, scheduler: str | None, worker_timeout: float | None = None) -> Iterator[Engine]:
    """Open the engine that the arguments and the surroundings ask for; it is stopped in the end.

    Parameters
    ----------
    n_jobs : int or None
        Local worker processes; None and 1 stand for this process, -1 for one per core.
    scheduler : {None, "inline", "local"} or address
        None uses the active dask client if there is one, and nothing but this process inside a joblib or dask worker.
    worker_timeout : float or None, default=None
        Seconds that a cluster may have no worker for the tasks; None waits for ever.

    Raises
    ------
    ValueError, TypeError
        Where an argument has no such meaning.
    ConnectionError
        Where no scheduler answers at the address within 10 seconds, or the active client is closed.
    """
    scheduler = place_of(n_jobs, scheduler)
    if scheduler == "inline":
        engine: Engine = InlineEngine()
        try:
            yield engine
        finally:
            engine.stop()
        return
    n_workers = joblib.cpu_count() if n_jobs is None else _n_workers(n_jobs)
    if scheduler == "local" and _DASK_ENGINE not in sys.modules:
        begin(n_workers)  # while this process imports distributed
    from multisearch.engines.cluster._engine import dask_engine

    with dask_engine(scheduler, n_workers, worker_timeout) as engine:
        yield engine


def place_of(n_jobs: int | None, scheduler: str | None) -> str:
    """Say where tasks would run: "inline", "client", "local" or a scheduler's address; nothing is started for it.

    Raises
    ------
    ValueError, TypeError
        Where an argument has no meaning.
    ConnectionError
        Where the active client is closed.
    """
    if scheduler is not None and not isinstance(scheduler, str):
        raise TypeError(f"scheduler must be None, 'inline', 'local' or a scheduler's address, got {scheduler!r}")
    _check_n_jobs(n_jobs)
    return _what_fits(n_jobs) if scheduler is None else scheduler


def _check_n_jobs(n_jobs: Any) -> None:
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, numbers.Integral)):
        raise TypeError(f"n_jobs must be None or a whole number, got {n_jobs!r}")
    if n_jobs == 0:
        raise ValueError("n_jobs == 0 has no meaning; use None or 1 for this process, -1 for all cores")


def _n_workers(n_jobs: int | None) -> int:
    return int(joblib.effective_n_jobs(None if n_jobs is None else int(n_jobs)))


def _what_fits(n_jobs: int | None) -> str:
    """Say where to run when the user leaves it open."""
    if _inside_a_worker():
        return "inline"
    if _active_client() is not None:
        if n_jobs is not None:
            logger.info("n_jobs=%s is not used, because a dask client is active", n_jobs)
        return "client"
    return "local" if _n_workers(n_jobs) > 1 else "inline"


def _inside_a_worker() -> bool:
    """Say whether this runs in a task of joblib's or dask's: to wait there for more workers could wait for ever."""
    if get_active_backend()[0].nesting_level:
        return True
    if "distributed" not in sys.modules:
        return False
    from distributed import get_worker

    try:
        get_worker()
    except ValueError:
        return False
    return True


def _active_client() -> Any:
    """Return the current default client, if dask.distributed was ever imported and has one."""
    if "distributed" not in sys.modules:
        return None
    from distributed import default_client

    try:
        client = default_client()
    except ValueError:
        return None
    if client.status == "closed":  # it can be the current one nevertheless, in a context of its own
        raise ConnectionError(
            f"the active dask client is closed: {client!r}; make a new one, or set scheduler to 'inline' or 'local'"
        )
    return client
