"""Shared steps: fitted once through scikit-learn's own Pipeline, then handed out to every Pipeline that needs them."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import scipy.sparse

from multisearch._records import CaughtWarning, Failure
from multisearch.families import active_steps
from multisearch.fitting._profit import Origin
from multisearch.fitting._rows import handed_over


@dataclass(frozen=True, slots=True)
class StepResult:
    """What leading steps made of one fold's rows.

    Attributes
    ----------
    fitted : tuple of transformer
        All steps from the first to the last that this covers.
    train, stopping, test, scored_train : rows, transformed, or None where nobody needs them
        ``train`` is what ``fit_transform`` gave, ``scored_train`` what ``transform`` gives for the same rows.
    fit_seconds, score_seconds : float
        What the steps took for rows to fit and to stop on, and for rows to score on.
    seconds : mapping of str to float
        All that was spent, by the keys of the shared steps that this stands on.
    failure : Failure or None
    warnings : tuple of CaughtWarning
        What fitting the steps warned about, collected on a worker.
    strange : frozenset of int
        Which of the steps, by position, are of classes that are not known: using them may change them.
    is_private : bool
        Whether everybody is to get copies of the rows, also who is known to behave.
    origins : tuple of Origin
        For whom the shared steps that this stands on were made.
    """

    fitted: tuple[Any, ...] = ()
    train: Any = None
    stopping: Any = None
    test: Any = None
    scored_train: Any = None
    fit_seconds: float = 0.0
    score_seconds: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None
    warnings: tuple[CaughtWarning, ...] = ()
    strange: frozenset[int] = frozenset()
    is_private: bool = False
    origins: tuple[Origin, ...] = ()

    def __sizeof__(self) -> int:
        """Return the bytes of the rows, by which a scheduler decides where to place and when to spill them."""
        parts = (self.train, self.stopping, self.test, self.scored_train)
        return object.__sizeof__(self) + sum(_bytes(part) for part in parts)


def _bytes(rows: Any) -> int:
    if scipy.sparse.issparse(rows):
        return sum(
            getattr(rows, name).nbytes for name in ("data", "indices", "indptr", "row", "col") if hasattr(rows, name)
        )
    if hasattr(rows, "memory_usage"):
        return int(rows.memory_usage(deep=False).sum())
    return int(getattr(rows, "nbytes", 0)) or sys.getsizeof(rows)


class _Reached(BaseException):
    """Ends a Pipeline's fit once the steps that were asked for are fitted; no ``except Exception`` stops it."""


class _HandOut:
    """A Pipeline's ``memory`` that returns the results of its first steps instead of fitting them.

    A Pipeline passes every transformer through ``memory.cache(function)``, in order. So scikit-learn stays in charge
    of fit parameters, metadata routing and callbacks, and only the fitting itself is left out.
    """

    def __init__(self, fitted: Sequence[Any], train: Any, stop: int | None) -> None:
        self.fitted = list(fitted)
        self.train = train
        self._given = len(fitted)
        self._stop = stop
        self._position = 0

    def cache(self, function: Callable[..., Any], **_: Any) -> Callable[..., Any]:
        def fit_transform(transformer: Any, X: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
            position = self._position
            self._position += 1
            if position < self._given:
                return self.train, self.fitted[position]
            self.train, fitted = function(transformer, X, *args, **kwargs)
            self.fitted.append(fitted)
            if self._position == self._stop:
                raise _Reached
            return self.train, fitted

        return fit_transform


@contextmanager
def handed_out(pipeline: Any, shared: StepResult | None, stop: int | None = None) -> Iterator[_HandOut]:
    """Let a Pipeline's ``fit`` take its first steps from ``shared``, and end it after ``stop`` steps if that is given.

    What is shared is handed out as it is, see `lent`. The Pipeline's own ``memory`` is put back in the end.
    """
    own = pipeline.memory
    given = shared if shared is not None else StepResult()
    pipeline.memory = memory = _HandOut(given.fitted, given.train, stop)
    try:
        yield memory
    except _Reached:
        return
    finally:
        pipeline.memory = own


def through_steps(pipeline: Any, start: int, X: Any) -> Any:
    """Transform rows with the fitted steps of a Pipeline, from step ``start`` (of those that do something) on."""
    for _, step in active_steps(pipeline)[start:]:
        X = step.transform(X)
    return X


def lent(shared: StepResult, *, known: bool, copies: Iterable[int]) -> StepResult:
    """Return shared steps as one fit may have them.

    Parameters
    ----------
    shared : StepResult
    known : bool
        Whether all that is fitted on the rows is known to behave.
    copies : iterable of int
        Which of the fitted steps it must not share with others.
    """
    known = known and not shared.is_private
    chosen = sorted(copies)
    # All at once, so that what they have in common stays so
    copied = dict(zip(chosen, copy.deepcopy([shared.fitted[position] for position in chosen]), strict=True))
    return replace(
        shared,
        fitted=tuple(copied.get(position, step) for position, step in enumerate(shared.fitted)),
        train=handed_over(shared.train, known=known),
        stopping=handed_over(shared.stopping, known=known),
    )


def private_copy(shared: StepResult) -> StepResult:
    """Return shared steps whose rows are copied for whoever gets them, for a fit that has to write into them."""
    return replace(shared, is_private=True)
