"""How a problem gets to the workers: scattered to any cluster, or in one file that all workers of this machine read."""

from __future__ import annotations

import logging
import math
import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import distributed

from multisearch._lazy import is_lazy
from multisearch.engines.cluster._versions import check_modules, check_versions
from multisearch.engines.transport._by_value import Sender
from multisearch.engines.transport._mapped import MappedValue, write
from multisearch.engines.transport._modules import import_ahead, modules_of
from multisearch.engines.transport._packed import DATA, MappedProblem, PackedProblem, WithRows, pack
from multisearch.fitting import FitTimeoutError, Problem, within

logger = logging.getLogger("multisearch")


class Placement(Protocol):
    """Puts one problem where the tasks will run."""

    def check(self, problem: Problem) -> None:
        """Raise an error where the workers cannot work on the problem."""

    def put(self, problem: Problem, sender: Sender, key: str) -> Any:
        """Return what tasks are submitted with, in the problem's place; ``key`` is for new keys to begin with."""

    def remove(self) -> None:
        """Forget the problem."""


class Scattered:
    """Sends the problem to every worker; for a cluster whose workers may be on other machines."""

    def __init__(self, client: distributed.Client) -> None:
        self._client = client
        self._problem: distributed.Future[Any] | None = None

    def check(self, problem: Problem) -> None:
        """Compare versions of packages, and look for the user's modules.

        Raises
        ------
        RuntimeError, ModuleNotFoundError
        """
        nothing: dict[str, Any] = dict.fromkeys(DATA)
        check_versions(self._client, problem.estimators.values())
        check_modules(self._client, replace(problem, **nothing, spaces=()))

    def put(self, problem: Problem, sender: Sender, key: str) -> distributed.Future[Any]:
        """Return a future; a dask collection's rows go from worker to worker, not through this process."""
        if not is_lazy(problem.X):
            return self.put_packed(pack(problem, sender), key)
        rest = self.put_packed(pack(replace(problem, X=None), sender), key)
        rows = self._client.compute(problem.X)
        again = f"{key}-problem-{uuid.uuid4().hex[:12]}"  # it may be put again, and dask knows old keys
        self._problem = self._client.submit(WithRows, rest, rows, key=again, pure=False)
        return self._problem

    def put_packed(self, packed: PackedProblem, key: str) -> distributed.Future[Any]:
        """Return a future."""
        self._problem = _sent_to_all(self._client, packed, key)
        return self._problem

    def remove(self) -> None:
        """Release the future."""
        self._problem = None


class OnThisMachine:
    """Writes the problem to one file; for workers of this machine, that read it and share its memory."""

    def __init__(self, client: distributed.Client, folders: Sequence[Path]) -> None:
        self._client = client
        self._scattered = Scattered(client)
        self._folders = folders
        self._file: MappedValue | None = None
        self._imports: list[distributed.Future[Any]] = []

    def check(self, problem: Problem) -> None:
        """Do nothing: local workers import what this process does."""

    def put(self, problem: Problem, sender: Sender, key: str) -> distributed.Future[Any] | MappedProblem:
        """Return where the file is; what is not in memory here, a dask collection, goes the way of all clusters."""
        if is_lazy(problem.X):
            return self._scattered.put(problem, sender, key)
        self.remove()
        self._import_ahead(modules_of(problem.estimators.values()), key)
        packed = pack(problem, sender)
        try:
            self._file = write(packed, self._folders)
        except OSError as error:
            logger.warning("the data cannot be written for local workers to share (%s); each gets a copy", error)
            return self._scattered.put_packed(packed, key)
        return MappedProblem(self._file)

    def remove(self) -> None:
        """Delete the file; workers let go of it soon after."""
        self._scattered.remove()
        self._imports.clear()
        if self._file is not None:
            self._file.remove()
            self._file = None

    def _import_ahead(self, names: Sequence[str], key: str) -> None:
        """Let all workers import at once what tasks will need, while the problem is written and planned here."""
        for number, worker in enumerate(self._client.nthreads() if names else ()):
            where = {"workers": [worker], "allow_other_workers": True}  # one that has died needs no imports
            future = self._client.submit(import_ahead, names, key=f"{key}-imports-{number}", pure=False, **where)
            self._imports.append(future)


def _sent_to_all(client: distributed.Client, packed: PackedProblem, prefix: str) -> distributed.Future[Any]:
    """Send a packed problem to every worker.

    Raises
    ------
    ConnectionError
        Where one of them goes meanwhile: dask would go on trying to reach it, for ever.
    """
    key = f"{prefix}-sent-{uuid.uuid4().hex[:12]}"
    before = client.nthreads().keys()

    def some_have_gone() -> bool:
        return not before <= client.nthreads().keys()

    try:
        futures = within(math.inf, partial(client.scatter, {key: packed}, broadcast=True), is_in_vain=some_have_gone)
    except FitTimeoutError:
        distributed.Future(key, client).release()  # dask ceases to send what nobody wants
        raise ConnectionError("a worker went while the data were sent to all") from None
    sent: distributed.Future[Any] = futures[key]
    return sent
