"""scikit-learn's ensembles with several numbers of trees: the smaller models are contained in the largest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.datasets import make_regression
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor

from benchmarks._base import OURS, Benchmark
from benchmarks._claims import Race, fits_bound
from benchmarks._measurement import Stage
from benchmarks._peers import grid_search, our_search
from benchmarks._work import path_work

FITS = 2 * 2 * 5
"""Families, other settings and folds."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows there are, and which numbers of trees."""

    n_rows: int
    n_trees: tuple[int, ...]
    n_features: int = 20


def data(size: Size) -> tuple[Any, Any]:
    """Generate the data."""
    X, y = make_regression(size.n_rows, size.n_features, n_informative=10, noise=20.0, random_state=0)
    return X, y


def forest(n_trees: Sequence[int]) -> tuple[RandomForestRegressor, dict[str, list[Any]]]:
    """Make the forest and its settings."""
    estimator = RandomForestRegressor(min_samples_leaf=5, n_jobs=1, random_state=0)
    return estimator, {"n_estimators": list(n_trees), "max_features": [0.3, 0.6]}


def boosting(n_trees: Sequence[int]) -> tuple[HistGradientBoostingRegressor, dict[str, list[Any]]]:
    """Make the boosted trees and their settings."""
    estimator = HistGradientBoostingRegressor(early_stopping=False, random_state=0)
    return estimator, {"max_iter": list(n_trees), "learning_rate": [0.05, 0.1]}


def multisearch(stage: Stage[Size]) -> None:
    """Search both families at once."""
    X, y = data(stage.size)
    n_trees = stage.size.n_trees
    with stage.timed("cold"):
        search = our_search(("forest", *forest(n_trees)), ("boosting", *boosting(n_trees)), cv=5).fit(X, y)
    stage.keep_scores("cold", both=search)
    stage.keep_fits(search)


def scikit_learn(stage: Stage[Size]) -> None:
    """Search one family after the other."""
    X, y = data(stage.size)
    n_trees = stage.size.n_trees
    with stage.timed("cold"):
        forests = grid_search(*forest(n_trees), cv=5).fit(X, y)
        boosted = grid_search(*boosting(n_trees), cv=5).fit(X, y)
    stage.keep_scores("cold", forest=forests, boosting=boosted)
    work = [path_work(forests.cv_results_, "n_estimators"), path_work(boosted.cv_results_, "max_iter")]
    of_the_peer, needed = (sum(both) for both in zip(*work, strict=True))
    stage.keep_work(of_the_peer=of_the_peer, needed=needed)


BENCHMARK = Benchmark(
    about="RandomForest and HistGradientBoosting without early stopping, 4 numbers of trees x 2 other settings",
    full=Size(n_rows=4_000, n_trees=(50, 100, 200, 400)),
    quick=Size(n_rows=300, n_trees=(2, 3, 5)),
    contestants={OURS: multisearch, "GridSearchCV": scikit_learn},
    claims=(
        Race("one fit for all numbers of trees", "GridSearchCV", work="GridSearchCV", reach_of_limit=0.8),
        fits_bound(FITS),
    ),
)
