"""The table, for the terminal and for the docs, and the record on disk."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks._base import Line, Spread
from benchmarks._machine import Machine
from benchmarks._measurement import Measurement

COLUMNS = ("benchmark", "what", "ours", "peer", "its", "ratio", "reach", "limit", "machine's limit", "scores")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one call of ``python -m benchmarks`` has found out.

    Attributes
    ----------
    started, ended : str
        In UTC, in ISO 8601.
    size : {"full", "quick"}
    machine : Machine
    lines : tuple of Line
    measurements : mapping of str to tuple of Measurement
        By benchmark; empty where the report was read from a file.
    """

    started: str
    ended: str
    size: str
    machine: Machine
    lines: tuple[Line, ...]
    measurements: dict[str, tuple[Measurement, ...]]


def cells(line: Line) -> tuple[str, ...]:
    """Write one line of the table, one text per column."""
    return (
        line.benchmark,
        line.what,
        _spread(line.ours, line.unit),
        line.peer,
        "" if line.theirs is None else _spread(line.theirs, line.unit),
        "" if line.ratio is None else f"{line.ratio:.2f}x",
        f"{_reach(line)}, {'reached' if line.reached else 'missed'}",
        "" if line.limit is None else f"{line.limit:.2f}x",
        "" if line.machine is None else f"{number(line.machine)} s",
        "" if line.disagreement is None else "differ" if line.disagreement else "equal",
    )


def _reach(line: Line) -> str:
    return f"at most {number(line.reach)} {line.unit}" if line.ratio is None else f"{line.reach:.2f}x"


def _spread(spread: Spread, unit: str) -> str:
    """Write a median and, where there were several runs, the lowest and the highest."""
    middle = f"{number(spread.median)} {unit}"
    if spread.lowest == spread.highest:
        return middle
    return f"{middle} ({number(spread.lowest)}..{number(spread.highest)})"


def number(value: float) -> str:
    """Write a number with three digits that count."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2  # noqa: PLR2004
    return f"{value:,.{digits}f}"


def markdown(report: Report) -> str:
    """Write the report as the docs include it."""
    machine = report.machine
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    where = f"{machine.cores} cores of {machine.processor}, {machine.memory_gb:g} GB of memory, {machine.system}"
    what = f"Python {machine.python}; {packages}"
    intro = [f"Measured from {report.started} to {report.ended} (UTC) on {where}, {what}.", ""]
    if report.size == "quick":
        intro += ["Sizes were those of `--quick`, which say nothing about time.", ""]
    head = [_markdown_row(COLUMNS), _markdown_row("---" for _ in COLUMNS)]
    return "\n".join([*intro, *head, *(_markdown_row(cells(line)) for line in report.lines), ""])


def _markdown_row(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"


def write_json(report: Report, file: Path) -> None:
    """Write the report to a file: the machine, the lines, and the times and figures of every process."""
    record = {
        "started": report.started,
        "ended": report.ended,
        "size": report.size,
        "machine": dataclasses.asdict(report.machine),
        "lines": [dataclasses.asdict(line) for line in report.lines],
        "measurements": {name: [_raw(one) for one in several] for name, several in report.measurements.items()},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _raw(measurement: Measurement) -> dict[str, Any]:
    """Return what was measured, without the thousands of scores."""
    return {
        "contestant": measurement.contestant,
        "run": measurement.run,
        "seconds": {phase: measurement.seconds(phase) for phase in measurement.windows},
        "figures": dict(measurement.figures),
        "best": {phase: scores.best for phase, scores in measurement.scores.items()},
        "peak bytes": dict(measurement.peaks),
        "load": measurement.load,
    }


def read_json(file: Path) -> Report:
    """Read a report again, without the measurements."""
    record = json.loads(file.read_text(encoding="utf-8"))
    return Report(
        started=record["started"],
        ended=record["ended"],
        size=record["size"],
        machine=Machine(**record["machine"]),
        lines=tuple(_line(one) for one in record["lines"]),
        measurements={},
    )


def _line(record: dict[str, Any]) -> Line:
    spreads = {key: Spread(**record[key]) for key in ("ours", "theirs") if record[key] is not None}
    return Line(**{**record, **spreads})


def disagreements(lines: Sequence[Line]) -> list[str]:
    """Say which contestants do not agree."""
    return [f"{line.benchmark}, {line.what}: {line.disagreement}" for line in lines if line.disagreement]
