"""Which cluster a search runs on: the active client's, one at an address, or local workers; and how data get there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import distributed

from multisearch.engines.cluster._placement import OnThisMachine, Placement, Scattered
from multisearch.engines.local._workers import local_workers

_CONNECT_SECONDS = 10


@contextmanager
def cluster_for(scheduler: str, n_workers: int) -> Iterator[tuple[distributed.Client, Placement]]:
    """Open a cluster.

    Parameters
    ----------
    scheduler : {"client", "local"} or address
    n_workers : int
        How many local worker processes to use.

    Raises
    ------
    ConnectionError
    """
    if scheduler == "client":
        client = distributed.default_client()
        yield client, Scattered(client)
    elif scheduler == "local":
        with local_workers(n_workers) as workers:
            yield workers.client, OnThisMachine(workers.client, workers.folders)
    else:
        with _connected(scheduler) as client:
            yield client, Scattered(client)


class _Client(distributed.Client):
    """A client that is closed at once where it cannot connect.

    Python would else close it whenever it collects its garbage, also while another client, in the same thread, holds
    the lock that this takes, and then waits for ever.
    """

    def __init__(self, address: str) -> None:
        try:
            super().__init__(  # type: ignore[no-untyped-call]
                address, timeout=_CONNECT_SECONDS, set_as_default=False
            )
        except BaseException:
            with suppress(Exception):
                self.close(timeout=_CONNECT_SECONDS)  # type: ignore[no-untyped-call]
            raise


def _connected(address: str) -> distributed.Client:
    try:
        return _Client(address)
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
