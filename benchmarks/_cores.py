"""How much of the machine every contestant may use.

Libraries count cores when they are loaded, so that this module imports none.
"""

from __future__ import annotations

import os
import sys

N_JOBS = 2
"""Processes, and cores, that every contestant may use."""

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def confine() -> None:
    """Let this process, and all that it starts, use `N_JOBS` cores and one native thread per process.

    Otherwise each contestant would divide the cores of a larger machine in its own way: a search between its workers,
    joblib in part, dask not at all.
    """
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    os.environ["LOKY_MAX_CPU_COUNT"] = str(N_JOBS)  # which joblib counts, and whoever asks joblib
    if sys.platform == "linux":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:N_JOBS])
