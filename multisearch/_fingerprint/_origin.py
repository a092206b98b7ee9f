"""Where code comes from: an installed library, whose name and version stand for it, or the user's own."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import site
import sys
import sysconfig
import types
from pathlib import Path
from typing import Any, Protocol

from multisearch._interrupts import raise_interrupt

_PACKAGE = __name__.partition(".")[0]


class Origin(Protocol):
    """Says whose a module is."""

    def is_users(self, name: str, file: str | None) -> bool:
        """Say whether code of a module, given by its name and perhaps its file, is the user's own."""


class ByFile:
    """Tells by files: what is installed, and this library itself, counts by name and version.

    So what is installed in place, to be edited, is the user's own.

    Attributes
    ----------
    modules : set of str
        The user's own modules that were asked for.
    """

    def __init__(self) -> None:
        self.modules: set[str] = set()

    def is_users(self, name: str, file: str | None) -> bool:
        if name.partition(".")[0] == _PACKAGE or _is_installed(name, file):
            return False
        self.modules.add(name)
        return True


class ByName:
    """Takes another process's word for it: the user's own are the modules that it took for such.

    Parameters
    ----------
    modules : collection of str
    """

    def __init__(self, modules: frozenset[str]) -> None:
        self.modules = modules

    def is_users(self, name: str, file: str | None) -> bool:
        return name in self.modules


def _is_installed(name: str, file: str | None) -> bool:
    if name == "__main__":
        return False
    if file is None:
        return name.partition(".")[0] in sys.stdlib_module_names
    return file.startswith(("<frozen", *_library_folders()))


@functools.cache
def _library_folders() -> tuple[str, ...]:
    folders = [*site.getsitepackages(), site.getusersitepackages()]
    folders += [path for name, path in sysconfig.get_paths().items() if name.endswith(("lib", "stdlib"))]
    return tuple({f"{folder}{os.sep}" for path in folders for folder in (path, os.path.realpath(path))})


def file_of(module: types.ModuleType | None) -> str | None:
    """Return the file of a module, without asking a lazy one to load itself."""
    file = getattr(module, "__dict__", {}).get("__file__")
    return file if isinstance(file, str) else None


def found_under(module: str | None, qualified_name: str | None) -> Any:
    """Return what a loaded module has under a dotted name, as pickling would look it up; None if there is nothing."""
    found: Any = None if module is None else sys.modules.get(module)
    for name in (qualified_name or "<nameless>").split("."):
        try:
            found = getattr(found, name)
        except Exception as error:  # noqa: BLE001 - a module's or a class's own way to look names up may raise anything
            raise_interrupt(error)
            return None
    return found


def version_of(module: str) -> str:
    """Return the version of the library that a module is part of; "" for Python's own."""
    package = module.partition(".")[0]
    if package in sys.stdlib_module_names:
        return ""
    said = getattr(sys.modules.get(package), "__version__", None)
    return _installed_version(package) if said is None else str(said)


@functools.cache
def _installed_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except Exception as error:  # noqa: BLE001 - a damaged or strange installation may raise anything, and says no version
        raise_interrupt(error)
        return "of no known version"


def is_compiled(file: str | None) -> bool:
    """Say whether a module is machine code, which has no content to look at."""
    return file is not None and Path(file).suffix in {".so", ".pyd", ".dll", ".dylib"}
