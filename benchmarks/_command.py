"""The command line of ``python -m benchmarks``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks._base import Benchmark, LeftOutError, Line, Share, Taken
from benchmarks._cores import N_JOBS
from benchmarks._find import find, names
from benchmarks._machine import Machine, this_machine
from benchmarks._measurement import Measurement
from benchmarks._report import (
    COLUMNS,
    SHARE_COLUMNS,
    Report,
    failures_of,
    markdown,
    number,
    read_json,
    rows,
    share_cells,
    write_json,
)
from benchmarks._revision import this_revision
from benchmarks._runner import ContestantError, measure

_BUSY = 0.5
_WIDTH = 200
"""Characters per line where nobody says how wide the terminal is, as in the log of a CI."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks that the command line names.

    Returns
    -------
    status : int
        0, or 1 where a contestant failed, contestants do not agree, or a bound is missed.
    """
    options = parse_arguments(arguments)
    console = Console(soft_wrap=True)
    if not console.is_terminal:
        console.width = _WIDTH
    failures: list[str] = []
    reports = [read_json(file) for file in options.show] or [run(options, console, failures)]
    for report in reports:
        for table in tables_of(report):
            console.print(table)
        failures += failures_of(report)
    if options.docs is not None:
        options.docs.write_text("\n".join(markdown(report) for report in reports), encoding="utf-8")
    for failure in failures:
        console.print(failure.partition("\n")[0], style="bold red", highlight=False, markup=False)
    return 1 if failures else 0


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    names: tuple[str, ...]
    size: str
    runs: int | None
    json: Path
    docs: Path | None
    show: tuple[Path, ...]


def parse_arguments(arguments: Sequence[str] | None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Time searches beside their peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run: {', '.join(names())} (default: all)")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows agreement, not who is faster")
    parser.add_argument("--runs", type=int, help="how often each contestant runs (default: up to the benchmark)")
    parser.add_argument("--json", type=Path, default=Path("results/benchmarks.json"), help="file for all raw times")
    parser.add_argument("--docs", type=Path, help="also write the table as Markdown to this file")
    parser.add_argument(
        "--show", type=Path, nargs="+", default=(), metavar="JSON", help="run nothing, show the tables of earlier runs"
    )
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in names()]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(names())}")
    if given.runs is not None and given.runs < 1:
        parser.error("--runs must be at least 1")
    size = "quick" if given.quick else "full"
    return Options(tuple(given.names or names()), size, given.runs, given.json, given.docs, tuple(given.show))


def run(options: Options, console: Console, failures: list[str]) -> Report:
    """Run benchmarks one after the other; what is known is on disk after each. Add to ``failures`` what failed."""
    machine = this_machine()
    if machine.load > _BUSY and options.size == "full":
        console.print(f"This machine is busy (load {machine.load}): times will be too long.", style="yellow")
    revision = this_revision()
    report = Report(_now(), _now(), options.size, machine, revision, (), (), {})
    for name in options.names:
        taken = run_one(name, options, machine, console, failures)
        lines, shares = judge(find(name), taken, options.size, failures)
        report = replace(
            report,
            ended=_now(),
            revision=replace(revision, is_changed=report.revision.is_changed or this_revision() != revision),
            lines=(*report.lines, *lines),
            shares=(*report.shares, *shares),
            measurements={**report.measurements, name: tuple(taken.measurements)},
        )
        write_json(report, options.json)
    return report


def run_one(name: str, options: Options, machine: Machine, console: Console, failures: list[str]) -> Taken:
    """Run one benchmark; return what was measured."""
    benchmark = find(name)

    def tell(one: Measurement | ContestantError) -> None:
        if isinstance(one, ContestantError):
            failures.append(str(one))
            console.print(str(one), style="red", highlight=False, markup=False)
            return
        times = ", ".join(f"{phase} {number(one.seconds(phase))} s" for phase in one.windows)
        console.print(f"{name}: {one.contestant}: {times}", style="dim", highlight=False, markup=False)

    runs = options.runs or (1 if options.size == "quick" else benchmark.runs)
    measurements = measure(name, benchmark, options.size, runs, tell)
    return Taken(name, measurements, min(N_JOBS, machine.cores), benchmark.left_out(options.size))


def judge(benchmark: Benchmark[Any], taken: Taken, size: str, failures: list[str]) -> tuple[list[Line], list[Share]]:
    """Return the lines of both tables; add to ``failures`` what could not be compared."""
    lines: list[Line] = []
    shares: list[Share] = []
    for claim in benchmark.claims:
        with _noting(failures):
            line = claim.line(taken)
            lines.append(line if size in claim.bounds_at else replace(line, reach=None))
    for breakdown in benchmark.made_of:
        with _noting(failures):
            shares += breakdown.shares(taken)
    return lines, shares


@contextmanager
def _noting(failures: list[str]) -> Iterator[None]:
    """Pass over who was left out; note who failed, once."""
    try:
        yield
    except LeftOutError:
        pass
    except LookupError as error:
        if str(error) not in failures:
            failures.append(str(error))


def tables_of(report: Report) -> Iterator[Table]:
    """Make the tables for the terminal."""
    table = Table(*COLUMNS)
    for line, texts in zip(report.lines, rows(report.lines), strict=True):
        table.add_row(*texts, style="bold red" if line.is_missed or line.disagreement else None)
    yield table
    if report.shares:
        table = Table(*SHARE_COLUMNS)
        for share in report.shares:
            table.add_row(*share_cells(share), style="bold red" if share.disagreement else None)
        yield table


def _now() -> str:
    return datetime.now(UTC).isoformat(sep=" ", timespec="minutes").removesuffix("+00:00")
