"""Fits of seconds with nothing in common: a search must not be in their way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn.datasets import make_classification
from sklearn.svm import SVC

from benchmarks._base import OURS, Benchmark
from benchmarks._claims import Race
from benchmarks._measurement import Stage, total_seconds
from benchmarks._peers import grid_search, our_search

SPACE = {"C": [0.3, 1.0, 3.0, 10.0], "gamma": [0.02, 0.1]}


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows there are."""

    n_rows: int
    n_features: int = 20


def data(size: Size) -> tuple[Any, Any]:
    """Generate classes that are hard to tell apart, so that a fit takes long."""
    X, y = make_classification(size.n_rows, size.n_features, n_informative=10, flip_y=0.1, random_state=0)
    return X, y


def multisearch(stage: Stage[Size]) -> None:
    """Search once."""
    X, y = data(stage.size)
    with stage.timed("cold"):
        search = our_search(("svc", SVC(), SPACE), cv=5).fit(X, y)
    stage.keep_scores("cold", svc=search)


def scikit_learn(stage: Stage[Size]) -> None:
    """Search once."""
    X, y = data(stage.size)
    with stage.timed("cold"):
        search = grid_search(SVC(), SPACE, cv=5).fit(X, y)
    stage.keep_scores("cold", svc=search)
    seconds = total_seconds(search.cv_results_)
    stage.keep_work(of_the_peer=seconds, needed=seconds)


BENCHMARK = Benchmark(
    about="SVC with 8 settings on 5 folds, seconds per fit",
    full=Size(n_rows=12_000),
    quick=Size(n_rows=300),
    contestants={OURS: multisearch, "GridSearchCV": scikit_learn},
    claims=(Race("cold", "GridSearchCV", reach=0.95, work="GridSearchCV"),),
)
