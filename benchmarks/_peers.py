"""Peers and how they are set up, for several benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import distributed
from distributed import LocalCluster
from sklearn.model_selection import GridSearchCV

from benchmarks._cores import N_JOBS
from multisearch import MultiModelSearchCV


def grid_search(estimator: Any, space: Any, **arguments: Any) -> GridSearchCV:
    """Make scikit-learn's search."""
    return GridSearchCV(estimator, space, refit=False, n_jobs=N_JOBS, **arguments)


def our_search(*competitors: tuple[str, Any, Any], **arguments: Any) -> MultiModelSearchCV:
    """Make our search."""
    return MultiModelSearchCV([*competitors], **{"refit": False, "n_jobs": N_JOBS, **arguments})


def dask_ml_search(estimator: Any, space: Any, **arguments: Any) -> Any:
    """Make dask-ml's search, which runs on the active client."""
    from dask_ml.model_selection import GridSearchCV as DaskMLGridSearchCV

    return DaskMLGridSearchCV(estimator, space, refit=False, **arguments)


@contextmanager
def running_cluster(n_workers: int = N_JOBS, threads_per_worker: int = 1) -> Iterator[distributed.Client]:
    """Start a dask cluster of worker processes and connect to it."""
    cluster = LocalCluster(
        n_workers=n_workers,
        threads_per_worker=threads_per_worker,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
    )
    with cluster, distributed.Client(cluster) as client:
        client.wait_for_workers(n_workers)
        yield client
