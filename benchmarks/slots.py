"""Many slots that mostly wait: whether a search can keep 64 of them busy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks._base import OURS, Benchmark
from benchmarks._claims import Ideal
from benchmarks._measurement import Stage
from benchmarks._models import Sleeper
from benchmarks._peers import our_search, running_cluster

N_WORKERS = 4
THREADS_PER_WORKER = 16
N_SPLITS = 5
IDEAL = "ideal makespan"


@dataclass(frozen=True, slots=True)
class Size:
    """How many settings there are, each fitted on 5 folds, and how long a fit sleeps."""

    n_settings: int
    seconds: float = 0.1


def multisearch(stage: Stage[Size]) -> None:
    """Search on a cluster that runs and has searched before."""
    size = stage.size
    X, y = np.zeros((100, 2)), np.arange(100.0)
    with running_cluster(N_WORKERS, THREADS_PER_WORKER):
        our_search(("sleeper", Sleeper(), {"setting": range(64)}), cv=N_SPLITS).fit(X, y)
        with stage.timed("running"):
            space = {"setting": range(size.n_settings)}
            our_search(("sleeper", Sleeper(size.seconds), space), cv=N_SPLITS).fit(X, y)
    stage.figures[IDEAL] = size.n_settings * N_SPLITS * size.seconds / (N_WORKERS * THREADS_PER_WORKER)


BENCHMARK = Benchmark(
    about="20,000 fits that sleep 0.1 s, on a running cluster of 64 slots (4 workers with 16 threads each)",
    full=Size(n_settings=4_000),
    quick=Size(n_settings=128),
    contestants={OURS: multisearch},
    claims=(Ideal("64 slots, running cluster", IDEAL, reach=0.9, phase="running"),),
)
