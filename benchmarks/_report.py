"""The table, for the terminal and for the docs, and the record on disk."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks._base import Line, Share, Spread
from benchmarks._machine import Machine
from benchmarks._measurement import Measurement
from benchmarks._revision import Revision

COLUMNS = ("benchmark", "what", "runs", "ours", "peer", "its", "ratio", "reach", "limit", "machine's limit", "scores")
SHARE_COLUMNS = ("benchmark", "what", "from", "to", "difference", "factor", "scores")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one call of ``python -m benchmarks`` has found out.

    Attributes
    ----------
    started, ended : str
        In UTC, in ISO 8601.
    size : {"full", "quick"}
    machine : Machine
    revision : Revision
    lines : tuple of Line
    shares : tuple of Share
    measurements : mapping of str to tuple of Measurement
        By benchmark; empty where the report was read from a file.
    """

    started: str
    ended: str
    size: str
    machine: Machine
    revision: Revision
    lines: tuple[Line, ...]
    shares: tuple[Share, ...]
    measurements: dict[str, tuple[Measurement, ...]]


def rows(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    """Write the lines of the table; of several peers, the fastest is marked, for its ratio is the one that counts."""
    times: dict[tuple[str, str], list[float]] = {}
    for line in lines:
        if line.theirs is not None:
            times.setdefault((line.benchmark, line.what), []).append(line.theirs.median)

    def is_fastest(line: Line) -> bool:
        others = times.get((line.benchmark, line.what), [])
        return line.theirs is not None and len(others) > 1 and line.theirs.median == min(others)

    marked = (dataclasses.replace(line, peer=f"{line.peer} (fastest)") if is_fastest(line) else line for line in lines)
    return [cells(line) for line in marked]


def cells(line: Line) -> tuple[str, ...]:
    """Write one line of the table, one text per column."""
    return (
        line.benchmark,
        line.what,
        str(line.runs),
        _spread(line.ours, line.unit),
        line.peer,
        "" if line.theirs is None else _spread(line.theirs, line.unit),
        "" if line.ratio is None else f"{line.ratio:.2f}x",
        _reach(line),
        "" if line.limit is None else f"{line.limit:.2f}x",
        "" if line.machine is None else f"{number(line.machine)} s",
        "" if line.disagreement is None else "differ" if line.disagreement else "equal",
    )


def share_cells(share: Share) -> tuple[str, ...]:
    """Write one line of the table of what ratios are made of, one text per column."""
    scores = "" if not share.slower else "differ" if share.disagreement else "equal"
    names = (share.benchmark, share.whole, share.slower, share.faster, share.what)
    return (*names, f"{share.factor:.2f}x", scores)


def _reach(line: Line) -> str:
    return "" if line.reach is None else f"{_bound(line)}, {'MISSED' if line.is_missed else 'reached'}"


def _bound(line: Line) -> str:
    """Write a bound that there is."""
    assert line.reach is not None
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
    intro = f"Measured from {report.started} to {report.ended} (UTC) at {report.revision} on {where}, {what}."
    texts = [intro, "Times and figures are medians of as many runs as stated (lowest..highest)."]
    if report.size == "quick":
        texts.append("Sizes were those of `--quick`, which say nothing about time.")
    texts.append(_markdown_table(COLUMNS, rows(report.lines)))
    if report.shares:
        texts.append("What the ratios are made of, contestant by contestant:")
        texts.append(_markdown_table(SHARE_COLUMNS, map(share_cells, report.shares)))
    return "\n\n".join(texts) + "\n"


def _markdown_table(columns: Sequence[str], several: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(texts)} |" for texts in [columns, ["---"] * len(columns), *several])


def write_json(report: Report, file: Path) -> None:
    """Write the report to a file: machine, code, lines and shares, and the times and figures of every process."""
    record = {
        "started": report.started,
        "ended": report.ended,
        "size": report.size,
        "machine": dataclasses.asdict(report.machine),
        "revision": dataclasses.asdict(report.revision),
        "lines": [dataclasses.asdict(line) for line in report.lines],
        "shares": [dataclasses.asdict(share) for share in report.shares],
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
        revision=Revision(**record["revision"]),
        lines=tuple(_line(one) for one in record["lines"]),
        shares=tuple(Share(**one) for one in record["shares"]),
        measurements={},
    )


def _line(record: dict[str, Any]) -> Line:
    spreads = {key: Spread(**record[key]) for key in ("ours", "theirs") if record[key] is not None}
    return Line(**{**record, **spreads})


def failures_of(report: Report) -> list[str]:
    """Say which contestants do not agree, and which bounds are missed."""
    return [
        *(f"{line.benchmark}, {line.what}: {line.disagreement}" for line in report.lines if line.disagreement),
        *(
            f"{share.benchmark}, {share.slower} and {share.faster}: {share.disagreement}"
            for share in report.shares
            if share.disagreement
        ),
        *(_missed(line) for line in report.lines if line.is_missed),
    ]


def _missed(line: Line) -> str:
    reached = _spread(line.ours, line.unit) if line.ratio is None else f"{line.ratio:.2f}x against {line.peer}"
    return f"{line.benchmark}, {line.what}: MISSED {_bound(line)}, with {reached}"
