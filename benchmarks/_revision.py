"""Which code was measured."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Revision:
    """A state of the code.

    Attributes
    ----------
    commit : str or None
        None where git does not know.
    is_changed : bool
        Whether files differ from the commit, or have changed while it was measured.
    """

    commit: str | None
    is_changed: bool

    def __str__(self) -> str:
        """Name the state in words."""
        if self.commit is None:
            return "an unknown commit"
        return f"commit {self.commit[:12]}{' with changes that are not committed' if self.is_changed else ''}"


def this_revision(root: Path = ROOT) -> Revision:
    """Return the state of the code in a folder, as it is now."""
    commit, changes = _git(root, "rev-parse", "HEAD"), _git(root, "status", "--porcelain")
    return Revision(commit, commit is not None and changes != "")


def _git(root: Path, *arguments: str) -> str | None:
    try:
        said = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return said.stdout.strip()
