"""Tracebacks as text, shortened to what tells a user why a fit failed: the error first, then where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_FRAMES_OF_THE_USERS = 3
_FRAMES_OF_LIBRARIES = 2
_LINES_OF_AN_ERROR = 8

_LINKS = {
    "The above exception was the direct cause of the following exception:": "which was raised from",
    "During handling of the above exception, another exception occurred:": "which came up in the handling of",
}
_LINK = re.compile(f"^({'|'.join(map(re.escape, _LINKS))})$", re.MULTILINE)
_FRAME = re.compile(r'  File "(?P<file>.*)", line \d+, in .*')
_MARKERS = re.compile(r"\s+[~^]+\s*")
_INSTALLED = re.compile(r"[/\\](site|dist)-packages[/\\]|[/\\]lib[/\\]python3|^<frozen ")
_IN_BETWEEN = re.compile(r"[/\\](site|dist)-packages[/\\](multisearch|joblib|dask|distributed)[/\\]")
_HERE = str(Path(__file__).parents[1])


@dataclass(frozen=True, slots=True)
class _Frame:
    """One entry of a traceback: the file, and the lines that show it."""

    file: str
    lines: tuple[str, ...]

    @property
    def is_in_between(self) -> bool:
        """Whether it only leads from the search to the fit."""
        return self.file.startswith(_HERE) or _IN_BETWEEN.search(self.file) is not None

    @property
    def is_users(self) -> bool:
        return _INSTALLED.search(self.file) is None


def shortened(message: str, traceback: str) -> str:
    """Return what went wrong, and where in the user's code and in the library that has raised it.

    Parameters
    ----------
    message : str
        Stands for an error that the traceback does not tell.
    traceback : str
        As Python writes it; may be empty.

    Returns
    -------
    text : str
        The error and a few frames below it; then, in the same way, the errors that it was made from.
    """
    *pieces, last = _LINK.split(traceback)
    told = [_told(last, message)]
    for link, piece in zip(pieces[-1::-2], pieces[-2::-2], strict=True):
        told.append(f"{_LINKS[link]} {_told(piece, 'an error')}")
    return "\n".join(told)


def _told(piece: str, message: str) -> str:
    lines = [line for line in piece.strip("\n").split("\n") if not _MARKERS.fullmatch(line)]
    frames = list(_frames(lines))
    error = _error(lines) or message.split("\n")
    left_out = len(error) - _LINES_OF_AN_ERROR
    if left_out > 0:
        error = [*error[:_LINES_OF_AN_ERROR], f"[{left_out} more lines]"]
    return "\n".join([*error, *(line for frame in _telling(frames) for line in frame.lines)])


def _frames(lines: Sequence[str]) -> Iterator[_Frame]:
    file, own = "", list[str]()
    for line in lines:
        start = _FRAME.fullmatch(line)
        if own and (start or not line.startswith("  ")):
            yield _Frame(file, tuple(own))
            own = []
        if start:
            file, own = start["file"], [line]
        elif own:
            own.append(line)
        elif file:  # the error, which may say anything
            return
    if own:
        yield _Frame(file, tuple(own))


def _error(lines: Sequence[str]) -> list[str]:
    """Return the lines behind the frames: what was raised."""
    for number, line in enumerate(lines):
        if line and not line.startswith((" ", "Traceback (most recent call last)")):
            return [one for one in lines[number:] if one.strip()]
    return []


def _telling(frames: Sequence[_Frame]) -> list[_Frame]:
    """Choose the frames that lead to the error: the last ones of the user's, and where it was raised."""
    outside = [number for number, frame in enumerate(frames) if not frame.is_in_between]
    of_users = [number for number in outside if frames[number].is_users]
    chosen = {*of_users[-_FRAMES_OF_THE_USERS:], *outside[-_FRAMES_OF_LIBRARIES:]}
    return [frames[number] for number in sorted(chosen)]
