"""What goes wrong in a fit or a scorer, as a value: a task never raises."""

from __future__ import annotations

import io
import pickle
import traceback
import types
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import cloudpickle

from multisearch._records import TIMEOUT, Failure
from multisearch.fitting._limit import FitTimeoutError
from multisearch.fitting._shared import StepResult, private_copy

_T = TypeVar("_T")


class EndsSearchError(Exception):
    """Wraps what no ``error_score`` can stand for."""


def guarded(
    work: Callable[[StepResult | None], _T],
    shared: StepResult | None,
    interrupts: Callable[[], AbstractContextManager[Callable[[BaseException], bool]]],
) -> tuple[_T | None, Failure | None]:
    """Return what the work gives or why it failed; what fails on read-only memory is tried on a copy of its own.

    Raises
    ------
    BaseException
        What the user has interrupted the work with.
    """
    with interrupts() as is_interrupt:
        try:
            try:
                return work(shared), None
            except ValueError as error:
                if shared is None or "read-only" not in str(error) or is_interrupt(error):
                    raise
                return work(private_copy(shared)), None
        except BaseException as error:  # noqa: BLE001 - a task never raises: SystemExit and the like are outcomes too
            cause = _cause_of(error)
            if is_interrupt(cause):
                raise cause from cause.__cause__
            return None, _failure(error)


def timed_out(seconds: float | None, error: FitTimeoutError) -> Failure:
    """Return what becomes of a fit that has used up its time."""
    sentence = f"it took longer than fit_timeout={seconds} seconds"
    said = f"{TimeoutError.__name__}: {sentence}"
    return Failure(said, f"{error}{said}", TimeoutError(sentence), kind=TIMEOUT)


def _failure(error: BaseException) -> Failure:
    ends_search = isinstance(error, EndsSearchError)
    cause = _cause_of(error)
    text = "".join(traceback.format_exception(cause))
    try:
        message = str(cause)
    except BaseException:  # noqa: BLE001 - an exception that cannot even say what it is about
        message = "no message"
    return Failure(f"{type(cause).__name__}: {message}", text, _portable(cause), ends_search)


def _cause_of(error: BaseException) -> BaseException:
    return error.__cause__ if isinstance(error, EndsSearchError) and error.__cause__ is not None else error


def _portable(error: BaseException) -> BaseException | None:
    """Return an exception if it survives pickling, without what it refers to."""
    stream = io.BytesIO()
    pickler = _LeavesCode(stream)
    try:
        pickler.dump(error)
        stream.seek(0)
        _FindsCode(stream, pickler.left).load()
        cloudpickle.dumps(pickler.left)
    except BaseException:  # noqa: BLE001 - whatever pickling runs into, the text of the error is enough
        return None
    return error


class _LeavesCode(pickle.Pickler):
    """Leaves classes and functions alone: those that came to a worker with their code are found under no name."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self.left: list[Any] = []

    def persistent_id(self, value: Any) -> str | None:
        """Return the place of a class or a function among those that were left, and None for all else."""
        if not isinstance(value, type | types.FunctionType):
            return None
        self.left.append(value)
        return str(len(self.left) - 1)


class _FindsCode(pickle.Unpickler):
    """Puts the same classes and functions in again."""

    def __init__(self, stream: io.BytesIO, left: list[Any]) -> None:
        super().__init__(stream)
        self._left = left

    def persistent_load(self, place: str) -> Any:
        """Return what was left at a place."""
        return self._left[int(place)]
