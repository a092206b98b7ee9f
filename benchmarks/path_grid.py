"""LightGBM with several numbers of trees: the smaller models are contained in the largest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lightgbm import LGBMRegressor
from sklearn.datasets import make_regression

from benchmarks._base import OURS, Benchmark
from benchmarks._claims import Race, fits_bound
from benchmarks._measurement import Stage
from benchmarks._peers import grid_search, our_search
from benchmarks._work import path_work

FITS = 2 * 2 * 5
"""Depths, learning rates and folds."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows there are, and which numbers of trees."""

    n_rows: int
    n_estimators: tuple[int, ...]
    n_features: int = 30


def data(size: Size) -> tuple[Any, Any]:
    """Generate the data."""
    X, y = make_regression(size.n_rows, size.n_features, n_informative=15, noise=20.0, random_state=0)
    return X, y


def space(n_estimators: Sequence[int]) -> dict[str, list[Any]]:
    """Return the settings."""
    return {"n_estimators": list(n_estimators), "max_depth": [4, 8], "learning_rate": [0.05, 0.1]}


def trees() -> LGBMRegressor:
    """Make the estimator."""
    return LGBMRegressor(n_jobs=1, random_state=0, verbosity=-1)


def multisearch(stage: Stage[Size]) -> None:
    """Search once."""
    X, y = data(stage.size)
    with stage.timed("cold"):
        search = our_search(("lightgbm", trees(), space(stage.size.n_estimators)), cv=5).fit(X, y)
    stage.keep_scores("cold", lightgbm=search)
    stage.keep_fits(search)


def scikit_learn(stage: Stage[Size]) -> None:
    """Search once."""
    X, y = data(stage.size)
    with stage.timed("cold"):
        search = grid_search(trees(), space(stage.size.n_estimators), cv=5).fit(X, y)
    stage.keep_scores("cold", lightgbm=search)
    of_the_peer, needed = path_work(search.cv_results_, "n_estimators")
    stage.keep_work(of_the_peer=of_the_peer, needed=needed)


BENCHMARK = Benchmark(
    about="LightGBM on 50,000 rows and 30 features, 5 numbers of trees x 2 depths x 2 learning rates",
    full=Size(n_rows=50_000, n_estimators=(50, 100, 200, 300, 400)),
    quick=Size(n_rows=400, n_estimators=(2, 3, 5)),
    contestants={OURS: multisearch, "GridSearchCV": scikit_learn},
    claims=(
        Race("one fit for all numbers of trees", "GridSearchCV", work="GridSearchCV", reach_of_limit=0.8),
        fits_bound(FITS),
    ),
)
