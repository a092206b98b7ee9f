"""A plan in words, for whoever draws it: as text or as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from multisearch._printable import on_one_line

_LONGEST = 48
_NAMES = 3
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of the tree: a shared step or an estimator, what is to be said of it, and what hangs behind it."""

    label: str
    detail: str
    candidates: int
    children: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """A part of all the steps that fitting every candidate alone would fit."""

    words: str
    steps: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that is shown of a plan; numbers and names are text already, but not escaped.

    Attributes
    ----------
    headline : str
    shares : tuple of Share
        What is fitted, then what is saved, and how; empty where nothing is saved.
    facts : tuple of str
    problems : tuple of str
        What went wrong in the trial.
    tree : tuple of Branch
    header : tuple of str
    rows : tuple of tuple of str
        One per estimator, the names first; the last row is the total.
    notes : tuple of str
    """

    headline: str
    shares: tuple[Share, ...]
    facts: tuple[str, ...]
    problems: tuple[str, ...]
    tree: tuple[Branch, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def count(number: int, noun: str) -> str:
    """Return a number with its noun, which takes an s where there is not one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shortened(text: str) -> str:
    """Return a text on one line, cut where it is long, with nothing in it that a terminal would obey."""
    line = on_one_line(text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


def listed(names: Sequence[str]) -> str:
    """Return names in quotes, the first few of many."""
    quoted = [f'"{shortened(name)}"' for name in names]
    if len(quoted) > _NAMES + 1:
        return f"{', '.join(quoted[:_NAMES])} and {len(quoted) - _NAMES:,} more"
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def duration(seconds: float) -> str:
    """Return seconds as people say them: to two digits, longer ones to the second, and to the minute."""
    if round(seconds / _MINUTE) >= _MINUTE:
        hours, minutes = divmod(round(seconds / _MINUTE), _MINUTE)
        return f"{hours:,} h {minutes} min"
    if round(seconds) >= _MINUTE:
        return "{} min {} s".format(*divmod(round(seconds), _MINUTE))
    rounded = float(f"{seconds:.2g}")
    return f"{rounded:g} s" if rounded >= 1 else f"{rounded * 1000:g} ms"
