"""Modules of a user's, on disk."""

import sys
import textwrap
from pathlib import Path

import pytest


class UsersFiles:
    """A folder that modules are imported from."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, **sources):
        """Write modules, and forget what was imported of them; two underscores end the name of a folder."""
        for name, source in sources.items():
            path = self.folder / Path(*name.split("__", 1)).with_suffix(".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(textwrap.dedent(source))
        self.forget()

    def forget(self):
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(self.folder)):
                del sys.modules[name]


@pytest.fixture
def users(tmp_path, monkeypatch):
    """Let tests import modules from a folder of their own."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(
        sys, "dont_write_bytecode", True
    )  # a version written within a second would be taken for the last
    files = UsersFiles(tmp_path)
    yield files
    files.forget()
