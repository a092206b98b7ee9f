"""Lets contestants perform in turn, each in a fresh process, and reads what they bring back."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TextIO

import psutil

from benchmarks._base import PARTS, Benchmark
from benchmarks._measurement import Measurement, Scores
from benchmarks._memory import CAN_BE_WATCHED, MemoryWatch
from benchmarks._revision import ROOT

LONGEST_SECONDS = {"full": 7200, "quick": 480}
_LINES_OF_AN_ERROR = 40


class ContestantError(Exception):
    """A contestant's process has failed."""


def take_turns(benchmark: Benchmark[Any], size: str, runs: int) -> Iterator[tuple[str, int]]:
    """Yield who performs when: the parts once, then everybody in turn, so that noise hits all alike."""
    if benchmark.parts is not None:
        yield PARTS, 0
    contestants = [name for name in benchmark.contestants if name not in benchmark.left_out(size)]
    for run in range(runs):
        for contestant in contestants:
            yield contestant, run


def measure(
    name: str,
    benchmark: Benchmark[Any],
    size: str,
    runs: int,
    tell: Callable[[Measurement | ContestantError], None],
) -> list[Measurement]:
    """Let everybody perform.

    Parameters
    ----------
    name : str
        The benchmark's name.
    benchmark : Benchmark
    size : {"full", "quick"}
    runs : int
    tell : callable
        Told of every measurement, and of everyone who failed.

    Returns
    -------
    measurements : list of Measurement
        Of those that did not fail.
    """
    measurements: list[Measurement] = []
    for contestant, run in take_turns(benchmark, size, runs):
        try:
            measurement = perform(name, contestant, size, run, watch_memory=benchmark.watch_memory)
        except ContestantError as error:
            tell(error)
        else:
            measurements.append(measurement)
            tell(measurement)
    return measurements


def perform(name: str, contestant: str, size: str, run: int, *, watch_memory: bool = False) -> Measurement:
    """Let one contestant perform in a process of its own.

    Raises
    ------
    ContestantError
        Where it fails, takes far too long, or brings nothing back.
    """
    command = [sys.executable, "-m", "benchmarks._contestant", name, contestant, size]
    load = os.getloadavg()[0]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output, tempfile.TemporaryFile("w+") as errors:
        with _process(command, output, errors) as process, _watch(process.pid, watch_memory) as watch:
            try:
                status = process.wait(LONGEST_SECONDS[size])
            except subprocess.TimeoutExpired:
                raise ContestantError(f"{name}: {contestant} was not done after {LONGEST_SECONDS[size]} s") from None
        if status != 0:
            raise ContestantError(f"{name}: {contestant} failed\n{_end_of(errors)}")
        brought = last_record(output)
    if brought is None:
        raise ContestantError(f"{name}: {contestant} brought nothing back\n{_end_of(errors)}")
    windows = {phase: (start, end) for phase, (start, end) in brought["windows"].items()}
    return Measurement(
        contestant=contestant,
        run=run,
        windows=windows,
        figures=brought["figures"],
        scores={phase: _scores(one) for phase, one in brought["scores"].items()},
        peaks={} if watch is None else watch.peaks(windows),
        load=load,
    )


def last_record(output: TextIO) -> dict[str, Any] | None:
    """Return the last line that is a contestant's record; workers may have printed below it."""
    output.seek(0)
    for line in reversed(output.read().splitlines()):
        with contextlib.suppress(ValueError):
            record = json.loads(line)
            if isinstance(record, dict) and "windows" in record:
                return record
    return None


def _scores(record: dict[str, Any]) -> Scores:
    return Scores(record["best"], tuple((candidate, tuple(scores)) for candidate, scores in record["by_candidate"]))


def _watch(pid: int, wanted: bool) -> AbstractContextManager[MemoryWatch | None]:
    return MemoryWatch(pid) if wanted and CAN_BE_WATCHED else nullcontext()


@contextlib.contextmanager
def _process(command: list[str], output: TextIO, errors: TextIO) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process; whatever happens, in the end it and its descendants are gone."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=errors)
    try:
        yield process
    finally:
        if process.poll() is None:
            family = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            process.wait()
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()


def _end_of(errors: TextIO) -> str:
    errors.seek(0)
    return "\n".join(errors.read().splitlines()[-_LINES_OF_AN_ERROR:])
