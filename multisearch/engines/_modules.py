"""Modules that workers import: the user's own, which may change while workers keep them, and those of estimators."""

from __future__ import annotations

import functools
import importlib
import logging
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

logger = logging.getLogger("multisearch")


_ALWAYS_THERE = frozenset({"__main__", "builtins", "multisearch", "numpy", "sklearn"})


def modules_of(estimators: Iterable[Any]) -> tuple[str, ...]:
    """Return the modules that have to be imported for these estimators and what they are made of.

    Not those that every worker has imported before.
    """
    parts = [part for estimator in estimators for part in (estimator, *estimator.get_params(deep=True).values())]
    classes = {base for part in parts if hasattr(part, "get_params") for base in type(part).__mro__}
    return tuple(sorted({one.__module__ for one in classes if one.__module__.partition(".")[0] not in _ALWAYS_THERE}))


def is_users_own(name: str) -> bool:
    """Say whether an imported module is neither installed nor the standard library's."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return name == "__main__" or (isinstance(file, str) and not file.startswith(_library_folders()))


def import_ahead(names: Iterable[str]) -> None:
    """Import modules before they are needed; where one cannot be, whoever needs it will say so."""
    for name in names:
        try:
            importlib.import_module(name)
        except BaseException as error:  # noqa: BLE001 - a module may raise anything, SystemExit included
            logger.debug("importing %s ahead failed: %r", name, error)


@dataclass(frozen=True, slots=True, eq=False)
class _Version:
    """What a module was loaded from; loading it again makes a new ``spec``."""

    file: str
    stamp: tuple[int, int]
    spec: Any


class UserModules:
    """The modules of the user's that this process has imported since workers started, and they may have, too.

    Those of the standard library and of installed packages are taken to stay as they are; the main module's functions
    and classes travel with their code.
    """

    def __init__(self) -> None:
        self._known = dict(_imported())

    def changed(self) -> list[str]:
        """Return the names of those that were edited or reloaded since they were seen first; remember the others."""
        now = dict(_imported())
        names = [name for name, then in self._known.items() if _differs(then, now.get(name))]
        self._known = {**now, **self._known}
        return sorted(names)


def _imported() -> Iterator[tuple[str, _Version]]:
    for name, module in list(sys.modules.items()):
        attributes = getattr(module, "__dict__", {})  # asking a lazy module itself could make it import
        file = attributes.get("__file__")
        if name != "__main__" and isinstance(file, str) and not file.startswith(_library_folders()):
            stamp = _stamp(file)
            if stamp is not None:
                yield name, _Version(file, stamp, attributes.get("__spec__"))


def _differs(then: _Version, now: _Version | None) -> bool:
    if now is not None and now.spec is not then.spec:
        return True
    return _stamp(then.file) not in {then.stamp, None}


def _stamp(file: str) -> tuple[int, int] | None:
    try:
        status = Path(file).stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


@functools.cache
def _library_folders() -> tuple[str, ...]:
    installed = {path for name, path in sysconfig.get_paths().items() if name.endswith(("lib", "stdlib"))}
    return tuple(installed | {*site.getsitepackages(), site.getusersitepackages()})
