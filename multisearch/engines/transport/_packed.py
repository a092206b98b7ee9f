"""A problem pickled for workers, which compare the user's code with theirs before they open it."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import distributed
import numpy as np
from numpy.typing import NDArray

from multisearch._fingerprint import Code, differing_modules
from multisearch.engines.transport._by_value import CodeDiffersError, Sender
from multisearch.engines.transport._mapped import WORTH_A_PLACE, MappedValue
from multisearch.fitting import Problem

DATA = ("X", "y", "fit_params", "score_params", "folds")
"""What of a problem is large; only this is read-only on workers, so that no estimator has read-only parameters."""

_lock = threading.RLock()


class PackedProblem:
    """A problem as bytes: nothing of the user's is imported or run before it is opened.

    Parameters
    ----------
    code : Code
        What is to be compared before.
    data, rest : bytes
    buffers : sequence of array of shape (n_bytes,)
        Of large arrays, not copied.
    """

    def __init__(self, code: Code, data: bytes, rest: bytes, buffers: Sequence[NDArray[np.uint8]]) -> None:
        self._parts = (code, data, rest)
        self._buffers = buffers
        self._opened: Problem | CodeDiffersError | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (*self._parts, self._buffers)

    def open(self) -> Problem:
        """Return the problem; every process makes it, and compares, once.

        Raises
        ------
        CodeDiffersError
            Where this process has something else in modules of the user's.
        """
        with _lock:
            if self._opened is None:
                self._opened = self._compared_and_loaded()
        if isinstance(self._opened, CodeDiffersError):
            raise CodeDiffersError(*self._opened.args)
        return self._opened

    def _compared_and_loaded(self) -> Problem | CodeDiffersError:
        code, data, rest = self._parts
        differing = differing_modules(code) if code.digests else ()
        if differing:
            return CodeDiffersError(tuple(differing), distributed.get_worker().address)
        loaded: Problem = pickle.loads(rest)
        return replace(loaded, **pickle.loads(data, buffers=self._buffers))


def pack(problem: Problem, sender: Sender) -> PackedProblem:
    """Pickle a problem.

    Raises
    ------
    Exception
        Of any kind, where something cannot be pickled.
    """
    buffers: list[NDArray[np.uint8]] = []

    def is_small(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < WORTH_A_PLACE:
            return True
        buffers.append(np.frombuffer(raw, np.uint8))  # which dask sends without a copy
        return False

    nothing: dict[str, Any] = dict.fromkeys(DATA)
    data = sender.dumps({name: getattr(problem, name) for name in DATA}, is_small)
    rest = sender.dumps(replace(problem, **nothing, spaces=()))
    return PackedProblem(sender.to_compare, data, rest, buffers)


@dataclass(frozen=True, slots=True)
class MappedProblem:
    """Stands for a packed problem in a file; every process opens it once."""

    file: MappedValue

    def open(self) -> Problem:
        """Return the problem.

        Raises
        ------
        CodeDiffersError
        """
        with _lock:
            packed = _opened.get(self.file.path)
            if packed is None:
                packed = _opened[self.file.path] = self.file.open()
            return packed.open()


class WithRows:
    """A packed problem, and the rows that were computed for it on workers.

    Parameters
    ----------
    packed : PackedProblem
    X : array-like of shape (n_samples, n_features)
    """

    def __init__(self, packed: PackedProblem, X: Any) -> None:
        self._packed = packed
        self._X = X
        self._opened: Problem | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._packed, self._X)

    def open(self) -> Problem:
        """Return the problem.

        Raises
        ------
        CodeDiffersError
        """
        with _lock:
            if self._opened is None:
                self._opened = replace(self._packed.open(), X=self._X)
            return self._opened


_opened: dict[str, PackedProblem] = {}


def forget_finished() -> None:
    """Let go of the problems whose file has been removed, because their search is over."""
    if _lock.acquire(blocking=False):  # one that is being opened may take long, and it is asked for again and again
        try:
            for path in [path for path in _opened if not Path(path).exists()]:
                del _opened[path]
        finally:
            _lock.release()
