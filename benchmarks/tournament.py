"""LightGBM against Keras, with early stopping: the demo at full size, and the same by hand through joblib."""

from __future__ import annotations

import importlib
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import joblib
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, ParameterSampler, ShuffleSplit, train_test_split

from benchmarks._base import OURS, Benchmark
from benchmarks._claims import Race
from benchmarks._measurement import Stage, as_text, scores_by_hand
from benchmarks._peers import N_JOBS
from multisearch.datasets import make_categorical_regression

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}


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


TINY = Size(n_samples=300, n_settings=1, n_splits=2, max_epochs=1)
"""What both models are first fitted on where workers are to be warm."""


def make_search(size: Size) -> Any:
    """Make the demo's search, as all contestants of all benchmarks are: without refit, one thread for each model."""
    search = demo().make_search(sizes_of(size), n_jobs=N_JOBS)
    return search.set_params(refit=False, verbose=0, lightgbm__model__n_jobs=1)


def training_rows(size: Size, n_categories: int) -> tuple[Any, Any]:
    """Generate the rows that the demo searches on."""
    seed = demo().SEED
    X, y = make_categorical_regression(sizes_of(size).n_samples, n_categories=n_categories, random_state=seed)
    X_train, _, y_train, _ = train_test_split(X, y, test_size=0.2, random_state=seed)
    return X_train, y_train


def multisearch(stage: Stage[Size], n_categories: int) -> None:
    """Search once, on local workers that have fitted a tiny model of either kind, and are cold when that begins."""
    X, y = training_rows(stage.size, n_categories)
    start = time.monotonic()
    make_search(TINY).fit(X[:200], y[:200])
    with stage.timed("warm"):
        search = make_search(stage.size).fit(X, y)
    stage.windows["cold"] = (start, stage.windows["warm"][1])
    stage.keep_scores("warm", both=search)
    stage.scores["cold"] = stage.scores["warm"]


@dataclass(frozen=True, slots=True)
class ByHand:
    """One evaluation by hand: a pipeline with its setting, how its model is fitted, and the rows."""

    pipeline: Any
    fit_model: Callable[..., None]
    train: Any
    stopping: Any
    test: Any

    def score(self, X: Any, y: Any) -> tuple[float, float]:
        """Fit with early stopping; return the score of the test rows and the seconds that it took."""
        start = time.perf_counter()
        encoder, model = self.pipeline.named_steps.values()
        X_train = encoder.fit_transform(X.iloc[self.train], y[self.train])
        self.fit_model(model, X_train, y[self.train], encoder.transform(X.iloc[self.stopping]), y[self.stopping])
        score = r2_score(y[self.test], self.pipeline.predict(X.iloc[self.test]))
        return float(score), time.perf_counter() - start


def fit_lightgbm(rule: Any, model: Any, X: Any, y: Any, X_stop: Any, y_stop: Any) -> None:
    """Fit LightGBM until the stopping rows gain no more."""
    import lightgbm

    stop = lightgbm.early_stopping(rule.patience, verbose=False, min_delta=rule.min_delta)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The argument 'eval_set' is deprecated")
        model.fit(X, y, eval_set=[(X_stop, y_stop)], callbacks=[stop])


def fit_keras(rule: Any, model: Any, X: Any, y: Any, X_stop: Any, y_stop: Any) -> None:
    """Fit Keras until the stopping rows gain no more."""
    import keras

    stop = keras.callbacks.EarlyStopping(
        monitor="val_loss", min_delta=rule.min_delta, patience=rule.patience, restore_best_weights=True
    )
    model.set_params(callbacks=[stop]).fit(X, y, validation_data=(X_stop, y_stop))


FIT_BY_HAND = {"lightgbm": fit_lightgbm, "keras": fit_keras}


def import_both() -> None:
    """Import what a worker needs for either model."""
    demo()


def by_hand(size: Size, X: Any) -> Iterator[tuple[str, str, ByHand]]:
    """Yield estimator, candidate and evaluation, with the settings, folds and stopping rows that the search takes."""
    search = make_search(size)
    seed = search.random_state
    for name, estimator, space in search.estimators:
        rule = search.early_stopping[name]
        for params in ParameterSampler(space, search.n_iter, random_state=seed):
            for train, test in KFold(search.cv).split(X):
                shuffle = ShuffleSplit(1, test_size=rule.validation_fraction, random_state=seed)
                kept, stopping = next(shuffle.split(train))
                pipeline = clone(estimator).set_params(**params)
                fit_model = partial(FIT_BY_HAND[name], rule)
                yield name, as_text(name, params), ByHand(pipeline, fit_model, train[kept], train[stopping], test)


def through_joblib(stage: Stage[Size], n_categories: int) -> None:
    """Evaluate the same candidates on the same folds; workers first import what they need, which is timed apart."""
    os.environ.update(ONE_THREAD)  # for the workers, which start now
    X, y = training_rows(stage.size, n_categories)
    start = time.monotonic()
    with joblib.Parallel(n_jobs=N_JOBS) as parallel:
        parallel(joblib.delayed(import_both)() for _ in range(N_JOBS))
        with stage.timed("warm"):
            evaluations = list(by_hand(stage.size, X))
            outcomes = parallel(joblib.delayed(one.score)(X, y) for _, _, one in evaluations)
            scores: dict[str, list[float]] = {}
            for (_, candidate, _), (score, _) in zip(evaluations, outcomes, strict=True):
                scores.setdefault(candidate, []).append(score)
    stage.windows["cold"] = (start, stage.windows["warm"][1])
    stage.scores["cold"] = stage.scores["warm"] = scores_by_hand(scores)
    stage.figures["seconds of all evaluations"] = sum(spent for _, spent in outcomes)


CATEGORIES = {1: "1 category", 2: "2 categories"}

BENCHMARK = Benchmark(
    about="the demo at full size on both data sets, against the same candidates and folds through joblib",
    full=Size(),
    quick=Size(n_samples=400, n_settings=2, n_splits=2, max_epochs=6, keras_learning_rate=0.1),
    contestants={
        f"{contestant}, {label}": partial(perform, n_categories=n_categories)
        for n_categories, label in CATEGORIES.items()
        for contestant, perform in (
            (OURS, multisearch),
            ("joblib", through_joblib),
        )
    },
    claims=tuple(
        Race(f"{label}, {what}", f"joblib, {label}", reach=2.0, phase=phase, ours=f"{OURS}, {label}")
        for label in CATEGORIES.values()
        for phase, what in (("cold", "cold"), ("warm", "warm workers"))
    ),
    only_full=frozenset({f"{OURS}, 2 categories", "joblib, 2 categories"}),
    runs=1,
)
