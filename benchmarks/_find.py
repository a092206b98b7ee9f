"""The benchmarks that there are: every module of this package whose name has no underscore in front."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import benchmarks
from benchmarks._base import Benchmark


def names() -> list[str]:
    """Return the names of all benchmarks."""
    return sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name[0] != "_")


def find(name: str) -> Benchmark[Any]:
    """Return a benchmark by its name.

    Raises
    ------
    ValueError
        Where there is none of that name.
    """
    if name not in names():
        raise ValueError(f"there is no benchmark {name!r}; there are {', '.join(names())}")
    benchmark = importlib.import_module(f"benchmarks.{name}").BENCHMARK
    if not isinstance(benchmark, Benchmark):
        raise TypeError(f"benchmarks.{name}.BENCHMARK must be a Benchmark, got {benchmark!r}")
    return benchmark
