"""What the benchmarks ran on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import joblib
import psutil

PACKAGES = (
    "multisearch",
    "scikit-learn",
    "numpy",
    "scipy",
    "pandas",
    "joblib",
    "dask",
    "distributed",
    "dask-ml",
    "lightgbm",
    "keras",
    "scikeras",
    "tensorflow",
)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine and what is installed on it."""

    processor: str
    cores: int
    memory_gb: float
    system: str
    python: str
    packages: dict[str, str]
    load: float


def this_machine() -> Machine:
    """Describe this machine."""
    return Machine(
        processor=_processor(),
        cores=joblib.cpu_count(),
        memory_gb=round(psutil.virtual_memory().total / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        packages={name: version for name in PACKAGES if (version := _version(name)) is not None},
        load=round(os.getloadavg()[0], 2),
    )


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    """Return the processor's name, which Linux tells in a file only."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
