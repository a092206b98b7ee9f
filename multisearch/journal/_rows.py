"""The rows of a journal: a finished evaluation as text and numbers, and back. Nothing in a row is ever executed."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np

from multisearch._histories import unpack
from multisearch._interrupts import raise_interrupt
from multisearch._records import Failure, Outcome, Scores

Row: TypeAlias = tuple[Any, ...]
"""The values of `COLUMNS`, and their checksum behind them."""

_TYPES: dict[str, Any] = {
    "key": str,
    "search": str,
    "finished": str,
    "estimator": str,
    "fold": int,
    "params": str,
    "fit_time": float | None,
    "score_time": float | None,
    "seconds": float | None,
    "test_scores": str | None,
    "train_scores": str | None,
    "n_iterations": int | None,
    "kind": str | None,
    "message": str | None,
    "traceback": str | None,
    "worker": str | None,
    "hardware": str | None,
    "threads": int | None,
    "history": bytes | None,
    "used_up": int | None,
}
"""What each column may hold in the file, where SQLite itself would take anything."""

COLUMNS = tuple(_TYPES)

ADDED = {2: ("hardware", "threads"), 3: ("history", "used_up")}
"""The columns that a version of the file has brought, behind those that there were."""

_NOT_FINITE = frozenset({"nan", "-nan", "inf", "-inf"})
"""What is no number in JSON; the sign of NaN is kept as well, since infinity minus infinity has one."""

_LARGEST = 2**63
"""Whole numbers beyond are no numbers to most readers of JSON."""

_DEEPEST = 10
"""Containers within so many others are written as their repr, and so are those that contain themselves."""


_YES_OR_NO = {None: None, 0: False, 1: True}
"""SQLite has numbers only; what is none of these is no answer, and an error."""


class DamagedRowError(ValueError):
    """A row that is not as it was written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished evaluation, under the key of its content."""

    key: str
    estimator: str
    params: Mapping[str, Any]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Record:
    """What a row says, with its JSON read."""

    key: str
    search: str
    finished: str
    estimator: str
    fold: int
    params: dict[str, Any]
    fit_time: float
    score_time: float
    seconds: float
    test_scores: Scores | None
    train_scores: Scores | None
    n_iterations: int | None
    kind: str | None
    message: str | None
    traceback: str | None
    worker: str | None
    hardware: str | None
    threads: int | None
    history: bytes | None
    used_up: bool | None

    @property
    def failure(self) -> Failure | None:
        """Why the evaluation did not end well, without the exception, which no text can be."""
        if self.kind is None:
            return None
        return Failure(self.message or "", self.traceback or "", kind=self.kind)

    def outcome_for(self, candidate: int, fold: int) -> Outcome:
        """Return the outcome for whoever asks for this content under numbers of their own."""
        return Outcome(
            candidate,
            fold,
            self.fit_time,
            self.score_time,
            self.seconds,
            test_scores=self.test_scores,
            train_scores=self.train_scores,
            n_iterations=self.n_iterations,
            failure=self.failure,
            worker=self.worker,
            hardware=self.hardware,
            threads=self.threads,
            history=self.history,
            used_up=self.used_up,
        )


def columns_of(version: int) -> tuple[str, ...]:
    """Return the columns of a file of some version."""
    later = {name for added_by, names in ADDED.items() if added_by > version for name in names}
    return tuple(name for name in COLUMNS if name not in later)


def row_of(entry: Entry, search: str) -> Row:
    """Return the row of an evaluation that has just finished."""
    outcome, failure = entry.outcome, entry.outcome.failure
    values = (
        entry.key,
        search,
        datetime.now(UTC).isoformat(timespec="microseconds"),
        _as_text(entry.estimator),
        int(outcome.fold),
        _params_as_json(entry.params),
        _as_time(outcome.fit_time),
        _as_time(outcome.score_time),
        _as_time(outcome.seconds),
        _scores_as_json(outcome.test_scores),
        _scores_as_json(outcome.train_scores),
        None if outcome.n_iterations is None else int(outcome.n_iterations),
        None if failure is None else failure.kind,
        None if failure is None else _as_text(failure.message),
        None if failure is None else _as_text(failure.traceback),
        None if outcome.worker is None else _as_text(outcome.worker),
        None if outcome.hardware is None else _as_text(outcome.hardware),
        None if outcome.threads is None else int(outcome.threads),
        outcome.history,
        None if outcome.used_up is None else int(outcome.used_up),
    )
    return (*values, _checksum(values))


def record_of(row: Row) -> Record:
    """Return what a row says.

    Raises
    ------
    DamagedRowError
        Where the checksum is wrong, or a stranger has written with the right one what no search writes.
    """
    try:
        return _record_of(row)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise DamagedRowError(str(error)) from error


def records_of(rows: Iterable[Row]) -> tuple[list[Record], int]:
    """Return what the rows say, and how many of them are damaged and left out."""
    records, n_damaged = [], 0
    for row in rows:
        try:
            records.append(record_of(row))
        except DamagedRowError:
            n_damaged += 1
    return records, n_damaged


def _record_of(row: Row) -> Record:
    *values, checksum = row
    if checksum != _checksum(values):
        raise ValueError("the checksum is wrong")
    cells = dict(zip(COLUMNS, values, strict=True))
    for name, value in cells.items():
        if not isinstance(value, _TYPES[name]):
            raise TypeError(f"{name} is {value!r}")
    for name in ("fit_time", "score_time", "seconds"):
        cells[name] = math.nan if cells[name] is None else cells[name]
    for name in ("test_scores", "train_scores"):
        cells[name] = _scores_from_json(cells[name])
    cells["params"] = _params_from_json(cells["params"])
    if cells["history"] is not None:
        unpack(cells["history"])
    cells["used_up"] = _YES_OR_NO[cells["used_up"]]
    return Record(**cells)


def _checksum(values: Sequence[Any]) -> str:
    """Return the checksum of a row; without the newest columns where they are empty, as older files have it."""
    for names in reversed(ADDED.values()):
        if any(value is not None for value in values[-len(names) :]):
            break
        values = values[: -len(names)]
    return hashlib.blake2b(json.dumps(values, default=bytes.hex).encode(), digest_size=8).hexdigest()


def _as_text(text: str) -> str:
    """Return text that SQLite takes: file names in a message may hold surrogates, which have no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _as_time(seconds: float) -> float | None:
    """Return the seconds as SQLite gives them back: it knows neither NaN nor a negative zero."""
    return None if math.isnan(seconds) else float(seconds) + 0.0


def _scores_as_json(scores: Scores | None) -> str | None:
    if scores is None:
        return None
    if isinstance(scores, dict):
        return json.dumps({metric: _as_number(float(score)) for metric, score in scores.items()}, allow_nan=False)
    return json.dumps(_as_number(float(scores)), allow_nan=False)


def _scores_from_json(text: str | None) -> Scores | None:
    if text is None:
        return None
    scores = json.loads(text)
    if isinstance(scores, dict):
        return {metric: _number_from(score) for metric, score in scores.items()}
    return _number_from(scores)


def _as_number(number: float) -> float | str:
    if math.isfinite(number):
        return number  # JSON's text of a number is Python's repr, which is exact
    sign = "-" if math.copysign(1.0, number) < 0 else ""
    return sign + ("nan" if math.isnan(number) else "inf")


def _number_from(value: Any) -> float:
    if isinstance(value, float) or value in _NOT_FINITE:
        return float(value)
    raise TypeError(f"a score is {value!r}")


def _params_as_json(params: Mapping[str, Any]) -> str:
    return json.dumps({str(name): _param(value) for name, value in params.items()}, allow_nan=False)


def _params_from_json(text: str) -> dict[str, Any]:
    params = json.loads(text)
    if not isinstance(params, dict):
        raise TypeError(f"params are {params!r}")
    return params


def _param(value: Any) -> Any:
    """Return what JSON can say about a parameter's value, whatever that is."""
    try:
        return _plain(value, 0)
    except Exception as error:  # noqa: BLE001 - containers of the user's may raise anything when they are looked at
        raise_interrupt(error)
        return _repr(value)


def _plain(value: Any, depth: int) -> Any:
    if isinstance(value, np.bool_ | np.integer):
        value = value.item()
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and -_LARGEST <= value < _LARGEST:
        return value
    if isinstance(value, float | np.floating):
        return _as_number(float(value))
    if isinstance(value, dict) and depth < _DEEPEST:
        return {_name(name): _plain(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [_plain(inner, depth + 1) for inner in value]
    return _repr(value)


def _name(value: Any) -> str:
    """Return the key of a dict as text: JSON has no others, and ``{0: 1.0}`` is a usual ``class_weight``."""
    return value if isinstance(value, str) else str(_plain(value, _DEEPEST))


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - a repr of the user's may raise anything
        raise_interrupt(error)
        return f"<{type(value).__name__} without a repr>"
