"""Fits of a millisecond: what a search costs when fitting costs nothing.

The searches of scikit-learn 1.9 send the callbacks' whole tree of tasks, which grows with the number of fits, along
with every batch of fits; where joblib makes small batches, this costs more than the fits. The same fits by hand
through joblib show what they cost without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
from sklearn.datasets import make_regression
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, ParameterGrid

from benchmarks._base import OURS, Benchmark
from benchmarks._claims import Race
from benchmarks._cores import N_JOBS
from benchmarks._measurement import Stage, as_text, scores_by_hand, total_seconds
from benchmarks._models import fit_and_score
from benchmarks._peers import dask_ml_search, grid_search, our_search, running_cluster

OURS_ON_CLUSTER = "multisearch on a cluster"
N_SPLITS = 5


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
            search = our_search(("ridge", Ridge(), space(stage.size.n_settings)), cv=N_SPLITS).fit(X, y)
        stage.keep_scores(phase, ridge=search)


def scikit_learn(stage: Stage[Size]) -> None:
    """Search twice, starting with joblib's processes that do not run yet."""
    X, y = data(stage.size)
    for phase in ("cold", "second"):
        with stage.timed(phase):
            search = grid_search(Ridge(), space(stage.size.n_settings), cv=N_SPLITS).fit(X, y)
        stage.keep_scores(phase, ridge=search)
    seconds = total_seconds(search.cv_results_)
    stage.keep_work(of_the_peer=seconds, needed=seconds)


def through_joblib(stage: Stage[Size]) -> None:
    """Do the same fits twice without any search, starting with joblib's processes that do not run yet."""
    X, y = data(stage.size)
    for phase in ("cold", "second"):
        with stage.timed(phase):
            settings = list(ParameterGrid(space(stage.size.n_settings)))
            splits = list(KFold(N_SPLITS).split(X))
            outcomes = joblib.Parallel(n_jobs=N_JOBS)(
                joblib.delayed(fit_and_score)(Ridge(**setting), X, y, train, test)
                for setting in settings
                for train, test in splits
            )
        rows = np.reshape(outcomes, (len(settings), N_SPLITS)).tolist()
        candidates = [as_text("ridge", setting) for setting in settings]
        stage.scores[phase] = scores_by_hand(dict(zip(candidates, rows, strict=True)))


def multisearch_on_cluster(stage: Stage[Size]) -> None:
    """Search on a cluster that runs and has searched before."""
    X, y = data(stage.size)
    with running_cluster():
        our_search(("ridge", Ridge(), space(5)), cv=N_SPLITS).fit(X, y)
        with stage.timed("running"):
            search = our_search(("ridge", Ridge(), space(stage.size.n_settings)), cv=N_SPLITS).fit(X, y)
    stage.keep_scores("running", ridge=search)


def dask_ml(stage: Stage[Size]) -> None:
    """Search on a cluster that runs and has searched before."""
    X, y = data(stage.size)
    with running_cluster():
        dask_ml_search(Ridge(), space(5), cv=N_SPLITS).fit(X, y)
        with stage.timed("running"):
            search = dask_ml_search(Ridge(), space(stage.size.n_settings), cv=N_SPLITS).fit(X, y)
    stage.keep_scores("running", ridge=search)


BENCHMARK = Benchmark(
    about="Ridge on 500 rows and 10 features, 10,000 fits",
    full=Size(n_settings=2_000),
    quick=Size(n_settings=40),
    contestants={
        OURS: multisearch,
        "GridSearchCV": scikit_learn,
        "joblib": through_joblib,
        OURS_ON_CLUSTER: multisearch_on_cluster,
        "dask-ml": dask_ml,
    },
    claims=(
        Race("cold", "GridSearchCV", reach=1.5, work="GridSearchCV"),
        Race("second search", "GridSearchCV", reach=2.0, phase="second", work="GridSearchCV"),
        Race("cold", "joblib", reach=0.6, work="GridSearchCV"),
        Race("second search", "joblib", reach=0.6, phase="second", work="GridSearchCV"),
        Race("on a running cluster", "dask-ml", reach=4.0, phase="running", ours=OURS_ON_CLUSTER, work="GridSearchCV"),
    ),
)
