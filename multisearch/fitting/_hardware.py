"""On what a fit runs, as far as its numbers may depend on it to the last bit."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from functools import cache
from pathlib import Path

import joblib


@cache
def hardware() -> str:
    """Return the processor's architecture and model in one short text; libraries choose their code by these."""
    return " ".join([platform.machine(), *_model().split()])


def _model() -> str:
    with suppress(OSError, UnicodeDecodeError):  # only Linux has it
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value
    return os.environ.get("PROCESSOR_IDENTIFIER", "")  # Windows


def threads(limit: int | None) -> int:
    """Return how many native threads a fit may take, which is the limit or else what libraries take by themselves."""
    if limit is not None:
        return limit
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() else _cores()


@cache
def _cores() -> int:
    return int(joblib.cpu_count())
