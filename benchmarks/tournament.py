"""LightGBM against Keras, with early stopping: the demo on all its rows, and the same by hand through joblib.

Ours replaces Keras' loop over batches, which a peer may well do in part. So there are contestants in between, each of
which differs from the one before in one thing: by hand with Keras' own remedy (``steps_per_execution``, which changes
no score, as early stopping looks at whole epochs only), by hand with a cache of the encoder besides, ours with that
remedy in place of its own loop, and ours without any short cut.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import joblib
from sklearn.base import clone
from sklearn.model_selection import KFold, ParameterSampler, ShuffleSplit, train_test_split

from benchmarks._base import OURS, Benchmark, Breakdown, Claim, Taken
from benchmarks._breakdown import Chain, Paths
from benchmarks._by_hand import FIT_BY_HAND, ByHand
from benchmarks._claims import Race, fits_bound
from benchmarks._cores import N_JOBS
from benchmarks._measurement import EVALUATIONS, Stage, as_text, scores_by_hand
from multisearch.datasets import make_categorical_regression

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"
AT_ONCE = 32
"""Batches per call of TensorFlow, where Keras is told a number: more than these make an epoch no faster."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large the tournament is; None leaves it to the demo's full size."""

    n_samples: int | None = None
    n_settings: int | None = None
    n_splits: int | None = None
    max_epochs: int | None = None
    keras_learning_rate: float | None = None


@cache
def demo() -> Any:
    """Import the demo; workers find it the same way, for they are given this process's search path."""
    if str(EXAMPLES) not in sys.path:
        sys.path.append(str(EXAMPLES))
    return importlib.import_module("lightgbm_vs_keras")


def sizes_of(size: Size) -> Any:
    """Return the demo's full sizes, changed as told."""
    changes = {name: value for name in Size.__slots__ if (value := getattr(size, name)) is not None}
    return replace(demo().FULL, **changes)


TINY = Size(n_samples=300, n_settings=1, n_splits=4, max_epochs=1)
"""What both models are first fitted on, by every contestant, where workers are to be warm."""
TINY_ROWS = slice(200)


def make_search(size: Size, steps_per_execution: int = 1) -> Any:
    """Make the demo's search, as all contestants of all benchmarks are: without refit, one thread for each model."""
    search = demo().make_search(sizes_of(size), n_jobs=N_JOBS)
    search.set_params(refit=False, verbose=0, lightgbm__model__n_jobs=1)
    if steps_per_execution > 1:
        search.set_params(keras__model__compile__steps_per_execution=steps_per_execution)
    return search


def training_rows(size: Size, n_categories: int) -> tuple[Any, Any]:
    """Generate the rows that the demo searches on."""
    seed = demo().SEED
    X, y = make_categorical_regression(sizes_of(size).n_samples, n_categories=n_categories, random_state=seed)
    X_train, _, y_train, _ = train_test_split(X, y, test_size=0.2, random_state=seed)
    return X_train, y_train


def multisearch(stage: Stage[Size], n_categories: int, steps_per_execution: int = 1, **arguments: Any) -> None:
    """Search once, on local workers that have searched a tiny tournament, and are cold when that begins."""
    X, y = training_rows(stage.size, n_categories)

    def make(size: Size) -> Any:
        return make_search(size, steps_per_execution).set_params(**arguments)

    start = time.monotonic()
    make(TINY).fit(X[TINY_ROWS], y[TINY_ROWS])
    with stage.timed("warm"):
        search = make(stage.size).fit(X, y)
    stage.windows["cold"] = (start, stage.windows["warm"][1])
    stage.keep_scores("warm", both=search)
    stage.scores["cold"] = stage.scores["warm"]
    stage.keep_fits(search)
    stage.figures[FOLDS] = search.n_splits_


def by_hand(search: Any, X: Any, memory: str | None) -> Iterator[tuple[str, ByHand]]:
    """Yield candidate and evaluation, with the settings, folds and stopping rows that a search would take."""
    seed = search.random_state
    for name, estimator, space in search.estimators:
        rule = search.early_stopping[name]
        for params in ParameterSampler(space, search.n_iter, random_state=seed):
            for train, test in KFold(search.cv).split(X):
                shuffle = ShuffleSplit(1, test_size=rule.validation_fraction, random_state=seed)
                kept, stopping = next(shuffle.split(train))
                pipeline = clone(estimator).set_params(memory=memory, **params)
                fit_model = partial(FIT_BY_HAND[name], rule)
                yield as_text(name, params), ByHand(pipeline, fit_model, train[kept], train[stopping], test)


def through_joblib(
    stage: Stage[Size], n_categories: int, steps_per_execution: int = 1, memory: str | None = None
) -> None:
    """Evaluate the same candidates on the same folds, on workers that have evaluated the same tiny tournament."""
    X, y = training_rows(stage.size, n_categories)
    start = time.monotonic()
    with joblib.Parallel(n_jobs=N_JOBS) as parallel:

        def evaluate(size: Size, rows: slice) -> tuple[list[str], list[Any]]:
            evaluations = list(by_hand(make_search(size, steps_per_execution), X[rows], memory))
            outcomes = parallel(joblib.delayed(one.evaluate)(X[rows], y[rows]) for _, one in evaluations)
            return [candidate for candidate, _ in evaluations], outcomes

        evaluate(TINY, TINY_ROWS)
        with stage.timed("warm"):
            candidates, outcomes = evaluate(stage.size, slice(None))
            scores: dict[str, list[float]] = {}
            for candidate, outcome in zip(candidates, outcomes, strict=True):
                scores.setdefault(candidate, []).append(outcome.score)
    stage.windows["cold"] = (start, stage.windows["warm"][1])
    stage.scores["cold"] = stage.scores["warm"] = scores_by_hand(scores)
    done, encoding = (sum(getattr(one, part) for one in outcomes) for part in ("seconds", "encoding"))
    # All candidates have the same encoder in front, which is needed once per fold
    stage.keep_work(of_the_peer=done, needed=done - encoding + encoding / len(scores))


def through_joblib_with_memory(stage: Stage[Size], n_categories: int, steps_per_execution: int) -> None:
    """Do the same with a cache of fitted encoders, which is empty when that begins."""
    with tempfile.TemporaryDirectory() as folder:
        through_joblib(stage, n_categories, steps_per_execution, memory=folder)


FOLDS = "folds"
CATEGORIES = {1: "1 category", 2: "2 categories"}
UNOPTIMIZED = f"{OURS}, optimize=False"
OURS_IN_STEPS = f"{OURS}, steps_per_execution"
JOBLIB = "joblib"
JOBLIB_IN_STEPS = "joblib, steps_per_execution"
JOBLIB_WITH_MEMORY = "joblib, steps_per_execution and memory"
PERFORM: dict[str, Callable[..., None]] = {
    OURS: multisearch,
    JOBLIB: through_joblib,
    JOBLIB_IN_STEPS: partial(through_joblib, steps_per_execution=AT_ONCE),
    JOBLIB_WITH_MEMORY: partial(through_joblib_with_memory, steps_per_execution=AT_ONCE),
    OURS_IN_STEPS: partial(multisearch, steps_per_execution=AT_ONCE),
    UNOPTIMIZED: partial(multisearch, optimize=False),
}
PEERS = {1: (JOBLIB, JOBLIB_IN_STEPS, JOBLIB_WITH_MEMORY), 2: (JOBLIB, JOBLIB_IN_STEPS)}
"""By the number of categories; all contestants on both data sets would take a day."""
CONTESTANTS = {1: tuple(PERFORM), 2: (OURS, *PEERS[2])}


def on(contestant: str, n_categories: int) -> str:
    """Name a contestant on a data set."""
    return f"{contestant}, {CATEGORIES[n_categories]}"


def claims(n_categories: int) -> Iterator[Claim]:
    """Make the claims of one data set."""
    ours = on(OURS, n_categories)
    for phase, what in (("cold", "cold"), ("warm", "warm workers")):
        for peer in PEERS[n_categories]:
            name = on(peer, n_categories)
            yield Race(f"{CATEGORIES[n_categories]}, {what}", name, reach=2.0, phase=phase, ours=ours, work=name)

    def fewest(taken: Taken) -> float:
        """Count every model, and one encoder per fold."""
        figures = taken.of(ours)[0].figures
        return figures[EVALUATIONS] + figures[FOLDS]

    yield fits_bound(fewest, ours)


def made_of(n_categories: int) -> Iterator[Breakdown]:
    """Say what the ratios on one data set are made of."""
    whole = f"{CATEGORIES[n_categories]}, warm workers"

    def chain(first: str, *steps: tuple[str, str]) -> Chain:
        named = [(what, on(contestant, n_categories)) for what, contestant in steps]
        return Chain(whole, "warm", on(first, n_categories), named)

    their_loop = ("loop: steps_per_execution, which Keras offers", JOBLIB_IN_STEPS)
    if JOBLIB_WITH_MEMORY not in PEERS[n_categories]:
        yield chain(JOBLIB, their_loop, ("everything else", OURS))
        return
    yield chain(
        JOBLIB,
        their_loop,
        ("sharing: the encoder from a cache", JOBLIB_WITH_MEMORY),
        ("scheduling, and sharing without a cache", OURS_IN_STEPS),
        ("loop: an epoch in one call, networks traced once", OURS),
    )
    yield chain(
        JOBLIB,
        ("scheduling alone", UNOPTIMIZED),
        ("all short cuts: loop, sharing, paths", OURS),
    )
    yield Paths(whole, on(OURS, n_categories))


BENCHMARK = Benchmark(
    about="the demo on all its rows, of both data sets, against the same candidates and folds through joblib",
    full=Size(n_settings=2, n_splits=3),  # more of them would take half a day, and only repeat what these show
    quick=Size(n_samples=400, n_settings=2, n_splits=2, max_epochs=6, keras_learning_rate=0.1),
    contestants={
        on(contestant, n_categories): partial(PERFORM[contestant], n_categories=n_categories)
        for n_categories, several in CONTESTANTS.items()
        for contestant in several
    },
    claims=tuple(claim for n_categories in CATEGORIES for claim in claims(n_categories)),
    made_of=tuple(breakdown for n_categories in CATEGORIES for breakdown in made_of(n_categories)),
    only_full=frozenset(on(contestant, 2) for contestant in CONTESTANTS[2]),
    runs=3,
)
