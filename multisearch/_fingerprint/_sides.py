"""The user's code in two processes: what one of them means, compared with what the other has."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from multisearch._fingerprint._encoder import Fingerprints, UnencodableError
from multisearch._fingerprint._origin import ByFile, ByName, found_under


@dataclass(frozen=True, slots=True)
class Code:
    """The user's code that some values refer to, as one process has it.

    Attributes
    ----------
    modules : frozenset of str
        The modules that this process takes for the user's own; another one is to take its word for it.
    digests : mapping of (str, str) to str
        By module and qualified name, what stands there. Without what travels with its code anyway, such as the
        functions of a main module.
    """

    modules: frozenset[str] = frozenset()
    digests: Mapping[tuple[str, str], str] = field(default_factory=dict)


def code_of(*values: Any) -> Code:
    """Return the user's code that the values refer to, directly or through other code.

    What has no content that could be told counts by its class: who shares or keeps results has a stricter measure.
    """
    origin = ByFile()
    keys = Fingerprints(origin, tolerant=True)
    for value in values:
        _key_of(keys, value)
    met = dict(keys.met)
    in_order = Fingerprints(origin, tolerant=True)  # the other side has nothing but these
    digests = {place: _key_of(in_order, met[place]) for place in sorted(met)}
    return Code(frozenset(origin.modules), digests)


def differing_modules(code: Code) -> list[str]:
    """Return the names of the modules that hold something else in this process, or that it cannot import.

    Parameters
    ----------
    code : Code
        Of another process.
    """
    keys = Fingerprints(ByName(code.modules), tolerant=True)
    differing = set()
    for (module, name), digest in sorted(code.digests.items()):
        try:
            importlib.import_module(module)
        except Exception:  # noqa: BLE001 - a module may raise anything, and is not the same then
            differing.add(module)
            continue
        if _key_of(keys, found_under(module, name)) != digest:
            differing.add(module)
    return sorted(differing)


def _key_of(keys: Fingerprints, value: Any) -> str:
    try:
        return keys(value)
    except UnencodableError:  # an object of the user's that cannot even be looked at
        return "untold"
