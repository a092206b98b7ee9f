"""A gigabyte of X on four local workers: how many copies of it there are, and whether more candidates mean more.

Every candidate trains on the same 5 % of the rows and is scored on 1 %: a fold is a private selection (copy) of its
rows, so that the usual four fifths of X would be 0.8 GB of copying for each of 10,000 fits, and hours would be spent on
nothing but that. For memory it makes no difference, as long as it is known: what is allowed counts these 6 % once per
running task. The splits are equal at 100 and at 10,000 candidates, so that the two can be compared.

What the processes need without any data is measured by the same search on a thousandth of the rows, and allowed too.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import ShuffleSplit

from benchmarks._base import Benchmark, Taken
from benchmarks._claims import Bound
from benchmarks._measurement import Stage
from benchmarks._memory import CAN_BE_WATCHED
from benchmarks._models import ColumnMeans
from benchmarks._peers import our_search

N_WORKERS = 4
N_FEATURES = 125
TRAIN, TEST = 0.05, 0.01
PHASE = "search"
_ROWS_AT_ONCE = 10_000
_SECONDS_TO_BE_SEEN = 2.0


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows there are, and how many candidates a short and a long search have.

    Where X is so small that what the processes need otherwise counts, a part of it is allowed as ``noise``; a copy too
    many still shows.
    """

    n_rows: int
    few: int
    many: int
    noise: float = 0.0


def fill(n_rows: int, put: Callable[[slice, Any], Any]) -> None:
    """Generate rows in small pieces, so that X is never in memory twice."""
    random = np.random.default_rng(0)
    for start in range(0, n_rows, _ROWS_AT_ONCE):
        rows = slice(start, min(start + _ROWS_AT_ONCE, n_rows))
        put(rows, random.normal(size=(rows.stop - rows.start, N_FEATURES)))


def in_memory(n_rows: int) -> Any:
    """Make X as an array in this process."""
    X = np.empty((n_rows, N_FEATURES))
    fill(n_rows, X.__setitem__)
    return X


def mapped(n_rows: int, folder: Path) -> Any:
    """Make X as a file, and map it."""
    path = folder / "X.npy"
    with path.open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (n_rows, N_FEATURES)}
        np.lib.format.write_array_header_1_0(file, header)
        fill(n_rows, lambda _, rows: file.write(rows.tobytes()))
    return np.load(path, mmap_mode="r")


def search(stage: Stage[Size], *, is_mapped: bool, is_long: bool, has_data: bool = True) -> None:
    """Search once, on local workers that have searched before."""
    if not CAN_BE_WATCHED:
        raise OSError("memory can be measured on Linux only, which says in /proc what processes share")
    size = stage.size
    n_rows = size.n_rows if has_data else size.n_rows // 1_000
    cv = ShuffleSplit(1, train_size=TRAIN, test_size=TEST, random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        X = mapped(n_rows, Path(folder)) if is_mapped else in_memory(n_rows)
        y = np.arange(float(n_rows))
        settings = {"setting": range(10 * N_WORKERS)}  # so many that every worker imports what it needs
        warm_up = our_search(("means", ColumnMeans(), settings), cv=2, n_jobs=N_WORKERS)
        while warm_up.fit(np.ones((100, 2)), np.arange(100.0)).search_stats_.workers < N_WORKERS:
            time.sleep(0.1)  # some are still starting
        space = {"setting": range(size.many if is_long else size.few)}
        with stage.timed(PHASE):
            start = time.monotonic()
            our_search(("means", ColumnMeans(), space), cv=cv, n_jobs=N_WORKERS).fit(X, y)
            if not has_data:  # a search this short may be over before its memory is looked at
                time.sleep(max(0.0, _SECONDS_TO_BE_SEEN - (time.monotonic() - start)))
    stage.figures |= {"bytes of X": X.nbytes, "noise": size.noise}


def times_size(contestant: str) -> Callable[[Taken], list[float]]:
    """Return a function that reads the highest memory, over the size of X, from the measurements."""

    def values(taken: Taken) -> list[float]:
        return [one.peaks[PHASE] / one.figures["bytes of X"] for one in taken.of(contestant)]

    return values


def growth(short: str, long: str) -> Callable[[Taken], list[float]]:
    """Return a function that compares the highest memory of a long search with that of a short one."""

    def values(taken: Taken) -> list[float]:
        before = {one.run: one.peaks[PHASE] for one in taken.of(short)}
        return [one.peaks[PHASE] / before[one.run] for one in taken.of(long) if one.run in before]

    return values


def allowed(contestant: str, copies: int) -> Callable[[Taken], float]:
    """Return a function that computes what is allowed: copies of X, a fold per task, and the processes themselves."""

    def bound(taken: Taken) -> float:
        processes = max(one.peaks[PHASE] for one in taken.of(NO_DATA))
        figures = taken.of(contestant)[0].figures
        return copies + N_WORKERS * (TRAIN + TEST) + processes / figures["bytes of X"] + figures["noise"]

    return bound


def flat(short: str) -> Callable[[Taken], float]:
    """Return a function that computes how much higher the peak of a longer search may be."""

    def bound(taken: Taken) -> float:
        (first, *_) = taken.of(short)
        return FLAT + first.figures["noise"] * first.figures["bytes of X"] / first.peaks[PHASE]

    return bound


NO_DATA = "without data"
FLAT = 1.1
"""How much more memory a hundred times as many candidates may take: no more than noise."""
CASES = {"few, in memory": (False, False), "many, in memory": (False, True), "few, mapped": (True, False)} | {
    "many, mapped": (True, True)
}
COPIES = {False: 2, True: 1}
"""X itself; and what is in the user's memory only cannot be seen by workers, so that their host needs one copy."""

BENCHMARK = Benchmark(
    about="1 GB of X on 4 local workers: the highest sum of the processes' proportional set sizes, over X's size",
    full=Size(n_rows=1_000_000, few=100, many=10_000),
    quick=Size(n_rows=200_000, few=10, many=100, noise=0.7),
    contestants={
        NO_DATA: partial(search, is_mapped=False, is_long=False, has_data=False),
        **{name: partial(search, is_mapped=mapped, is_long=long) for name, (mapped, long) in CASES.items()},
    },
    claims=(
        *(
            Bound(f"{name} (candidates, X)", "x X", times_size(name), allowed(name, COPIES[is_mapped]))
            for name, (is_mapped, _) in CASES.items()
        ),
        *(
            Bound(f"many over few, {where}", "x", growth(f"few, {where}", f"many, {where}"), flat(f"few, {where}"))
            for where in ("in memory", "mapped")
        ),
    ),
    only_full=frozenset({"few, mapped"}),
    runs=3,
    watch_memory=True,
)
