"""A plan as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from multisearch.preview._sheet import Branch, Sheet

_WIDTH = 100


def as_text(sheet: Sheet) -> str:
    """Return what a sheet says, as lines of text."""
    shares = [", ".join(share.words for share in sheet.shares if share.steps)] if sheet.shares else []
    blocks = [
        [sheet.headline, *shares, *sheet.facts],
        [line for problem in sheet.problems for line in _wrapped(f"! {problem}", "  ")],
        ["training rows of a fold", *_aligned(list(_lines(sheet.tree, "")))],
        _table([sheet.header, *sheet.rows]),
        [line for note in sheet.notes for line in _wrapped(note, "")],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent=indent, break_long_words=False)


def _lines(branches: Sequence[Branch], indent: str) -> Iterator[tuple[str, str]]:
    for branch in branches:
        is_last = branch is branches[-1]
        yield f"{indent}{'└─ ' if is_last else '├─ '}{branch.label}", branch.detail
        yield from _lines(branch.children, f"{indent}{'   ' if is_last else '│  '}")


def _aligned(lines: Sequence[tuple[str, str]]) -> list[str]:
    width = max((len(label) for label, _ in lines), default=0)
    return [f"{label:<{width}}  {detail}" for label, detail in lines]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *cells in rows:
        numbers = [f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True)]
        lines.append("  ".join([f"{name:<{widths[0]}}", *numbers]))
    return lines
