"""Modules that workers import: those of estimators, ahead of their tasks; and whether one is the user's own."""

from __future__ import annotations

import functools
import importlib
import logging
import site
import sys
import sysconfig
from collections.abc import Iterable
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


@functools.cache
def _library_folders() -> tuple[str, ...]:
    installed = {path for name, path in sysconfig.get_paths().items() if name.endswith(("lib", "stdlib"))}
    return tuple(installed | {*site.getsitepackages(), site.getusersitepackages()})
