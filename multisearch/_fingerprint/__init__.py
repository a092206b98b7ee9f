"""Content keys of estimators, settings, code and data, stable across processes and machines.

Two things with equal keys are interchangeable for fitting; things whose content cannot be told raise
`UnencodableError`. `fingerprint` makes one key, `Fingerprints` many of them, `Cloned` marks what only its parameters
make; `code_of` and `differing_modules` compare the user's code in two processes.
"""

from __future__ import annotations

from multisearch._fingerprint._code import imports_in
from multisearch._fingerprint._encoder import Fingerprints, UnencodableError, fingerprint
from multisearch._fingerprint._objects import Cloned
from multisearch._fingerprint._sides import Code, code_of, differing_modules

__all__ = [
    "Cloned",
    "Code",
    "Fingerprints",
    "UnencodableError",
    "code_of",
    "differing_modules",
    "fingerprint",
    "imports_in",
]
