"""Text that comes from data and parameters, for terminals and logs: shown, never obeyed."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text with its line breaks and control characters as escape sequences, so that it says only itself."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def on_one_line(text: str) -> str:
    r"""Return a text whose lines are joined by spaces, all other control characters as escape sequences.

    Examples
    --------
    >>> from multisearch._printable import on_one_line
    >>> on_one_line("two\n  lines \x1b[31m")
    'two lines \\x1b[31m'
    """
    return printable(" ".join(text.split()))
