"""Fits of a millisecond: what a search costs when fitting costs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import make_regression
from sklearn.linear_model import Ridge

from benchmarks._base import OURS, Benchmark
from benchmarks._claims import Race
from benchmarks._measurement import Stage, total_seconds
from benchmarks._peers import dask_ml_search, grid_search, our_search, running_cluster

OURS_ON_CLUSTER = "multisearch on a cluster"


@dataclass(frozen=True, slots=True)
class Size:
    """How many settings there are, each fitted on 5 folds."""

    n_settings: int
    n_rows: int = 500
    n_features: int = 10


def data(size: Size) -> tuple[Any, Any]:
    """Generate the data."""
    X, y = make_regression(size.n_rows, size.n_features, noise=10.0, random_state=0)
    return X, y


def space(n_settings: int) -> dict[str, Any]:
    """Return the settings."""
    return {"alpha": np.logspace(-3, 3, n_settings)}


def multisearch(stage: Stage[Size]) -> None:
    """Search twice, starting with local workers that do not run yet."""
    X, y = data(stage.size)
    for phase in ("cold", "second"):
        with stage.timed(phase):
            search = our_search(("ridge", Ridge(), space(stage.size.n_settings)), cv=5).fit(X, y)
        stage.keep_scores(phase, ridge=search)


def scikit_learn(stage: Stage[Size]) -> None:
    """Search twice, starting with joblib's processes that do not run yet."""
    X, y = data(stage.size)
    for phase in ("cold", "second"):
        with stage.timed(phase):
            search = grid_search(Ridge(), space(stage.size.n_settings), cv=5).fit(X, y)
        stage.keep_scores(phase, ridge=search)
    seconds = total_seconds(search.cv_results_)
    stage.keep_work(of_the_peer=seconds, needed=seconds)


def multisearch_on_cluster(stage: Stage[Size]) -> None:
    """Search on a cluster that runs and has searched before."""
    X, y = data(stage.size)
    with running_cluster():
        our_search(("ridge", Ridge(), space(5)), cv=5).fit(X, y)
        with stage.timed("running"):
            search = our_search(("ridge", Ridge(), space(stage.size.n_settings)), cv=5).fit(X, y)
    stage.keep_scores("running", ridge=search)


def dask_ml(stage: Stage[Size]) -> None:
    """Search on a cluster that runs and has searched before."""
    X, y = data(stage.size)
    with running_cluster():
        dask_ml_search(Ridge(), space(5), cv=5).fit(X, y)
        with stage.timed("running"):
            search = dask_ml_search(Ridge(), space(stage.size.n_settings), cv=5).fit(X, y)
    stage.keep_scores("running", ridge=search)


BENCHMARK = Benchmark(
    about="Ridge on 500 rows and 10 features, 10,000 fits",
    full=Size(n_settings=2_000),
    quick=Size(n_settings=40),
    contestants={
        OURS: multisearch,
        "GridSearchCV": scikit_learn,
        OURS_ON_CLUSTER: multisearch_on_cluster,
        "dask-ml": dask_ml,
    },
    claims=(
        Race("cold", "GridSearchCV", reach=1.5, work="GridSearchCV"),
        Race("second search", "GridSearchCV", reach=2.0, phase="second", work="GridSearchCV"),
        Race("on a running cluster", "dask-ml", reach=10.0, phase="running", ours=OURS_ON_CLUSTER, work="GridSearchCV"),
    ),
)
