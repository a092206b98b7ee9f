"""A hundred thousand candidates: whether a search completes, and what it keeps in memory meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil

from benchmarks._base import OURS, Benchmark, Taken
from benchmarks._claims import Bound
from benchmarks._measurement import Stage
from benchmarks._models import ColumnMeans
from benchmarks._peers import our_search

N_SPLITS = 5
BYTES_PER_EVALUATION = 2_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many settings there are, each fitted on 5 folds."""

    n_settings: int


class PeakOf:
    """The highest private memory of a process while the context is open, and the one in the end, over its beginning."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._before = self._peak = self._size()

    def look(self) -> None:
        """Look once more."""
        self._peak = max(self._peak, self._size())

    def growth(self) -> tuple[float, float]:
        """Return by how many bytes it has grown at its highest, and until now."""
        now = self._size()
        return float(max(self._peak, now) - self._before), float(now - self._before)

    def _size(self) -> int:
        return int(self._process.memory_full_info().uss)


@contextmanager
def watched(processes: Sequence[psutil.Process], interval: float = 0.5) -> Iterator[list[PeakOf]]:
    """Look at the memory of processes again and again while the context is open."""
    peaks = [PeakOf(process) for process in processes]
    over = threading.Event()

    def look() -> None:
        while not over.wait(interval):
            for peak in peaks:
                peak.look()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield peaks
    over.set()
    thread.join()


def scheduler_process() -> psutil.Process:
    """Return the process below this one that it is connected to: the local workers' scheduler.

    Raises
    ------
    LookupError
        Where there is none, or several.
    """
    me = psutil.Process()
    connected = {one.raddr.port for one in me.net_connections("tcp") if one.status == psutil.CONN_ESTABLISHED}
    found = [child for child in me.children(recursive=True) if connected & listening_ports(child)]
    if len(found) != 1:
        raise LookupError(f"one process should be the scheduler, but {len(found)} are connected to this one")
    return found[0]


def listening_ports(process: psutil.Process) -> set[int]:
    """Return the ports that a process listens on."""
    return {one.laddr.port for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN}


def multisearch(stage: Stage[Size]) -> None:
    """Search on local workers that have searched before."""
    X, y = np.random.default_rng(0).normal(size=(100, 2)), np.arange(100.0)

    def search(n_settings: int) -> Any:
        return our_search(("means", ColumnMeans(), {"setting": range(n_settings)}), cv=N_SPLITS, scheduler="local")

    search(50).fit(X, y)
    with watched([psutil.Process(), scheduler_process()]) as (client, scheduler):
        with stage.timed("warm"):
            fitted = search(stage.size.n_settings).fit(X, y)
        for name, peak in {"client": client, "scheduler": scheduler}.items():
            stage.figures[f"{name}, at its peak"], stage.figures[f"{name}, in the end"] = peak.growth()
    scores = fitted.cv_results_["mean_test_score"]
    if len(scores) != stage.size.n_settings or np.isnan(scores).any():
        raise ValueError("some candidates have no score")
    stage.figures["evaluations"] = stage.size.n_settings * N_SPLITS


def bytes_per_evaluation(figure: str) -> Callable[[Taken], list[float]]:
    """Return a function that reads a growth from the measurements."""

    def values(taken: Taken) -> list[float]:
        return [one.figures[figure] / one.figures["evaluations"] for one in taken.of(OURS)]

    return values


BENCHMARK = Benchmark(
    about="100,000 candidates of a trivial estimator on 5 folds, on local workers that run already",
    full=Size(n_settings=100_000),
    quick=Size(n_settings=2_000),
    contestants={OURS: multisearch},
    claims=tuple(
        Bound(f"growth of the {figure}", "bytes per evaluation", bytes_per_evaluation(figure), BYTES_PER_EVALUATION)
        for figure in ("client, at its peak", "client, in the end", "scheduler, at its peak", "scheduler, in the end")
    ),
    runs=3,
)
