"""Four model families behind the same costly imputer and encoder, in one search instead of four."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import KNNImputer
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import KFold, ParameterGrid
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from benchmarks._base import OURS, PARTS, Benchmark
from benchmarks._breakdown import Chain
from benchmarks._claims import Race, fits_bound
from benchmarks._measurement import Stage
from benchmarks._peers import grid_search, our_search
from benchmarks._work import measure_parts

MODELS: dict[str, tuple[Any, dict[str, list[Any]]]] = {
    "ridge": (Ridge(), {"alpha": [0.1, 1.0, 10.0, 100.0]}),
    "lasso": (Lasso(), {"alpha": [0.1, 0.3, 1.0, 3.0]}),
    "neighbours": (KNeighborsRegressor(n_jobs=1), {"n_neighbors": [5, 10, 20, 40]}),
    "forest": (
        RandomForestRegressor(20, max_features=0.3, n_jobs=1, random_state=0),
        {"min_samples_leaf": [2, 5, 10, 20]},
    ),
}
N_NUMBERS = 20
KINDS = pd.Index([*"abcdefgh"])
N_SPLITS = 5
WITH_MEMORY = "GridSearchCV, Pipeline(memory=)"


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows there are."""

    n_rows: int


def data(size: Size) -> tuple[pd.DataFrame, Any]:
    """Generate numbers, a tenth of them missing, and three categories."""
    random = np.random.default_rng(0)
    numbers = random.normal(size=(size.n_rows, N_NUMBERS)) + random.normal(size=(size.n_rows, 1))
    categories = random.integers(0, len(KINDS), size=(size.n_rows, 3))
    y = numbers @ random.normal(size=N_NUMBERS) + categories.sum(axis=1) + random.normal(size=size.n_rows)
    numbers[random.random(numbers.shape) < 0.1] = np.nan  # noqa: PLR2004
    X = pd.DataFrame(numbers, columns=[f"number {column}" for column in range(N_NUMBERS)])
    for column in range(categories.shape[1]):
        X[f"category {column}"] = pd.Categorical.from_codes(categories[:, column], categories=KINDS)
    return X, y


def preprocessing() -> ColumnTransformer:
    """Make what all models stand behind."""
    return ColumnTransformer(
        [
            ("numbers", KNNImputer(), [f"number {column}" for column in range(N_NUMBERS)]),
            ("categories", OneHotEncoder(sparse_output=False), [f"category {column}" for column in range(3)]),
        ]
    )


def behind_preprocessing(name: str) -> tuple[Pipeline, dict[str, Any]]:
    """Make a family's pipeline and its settings."""
    model, settings = MODELS[name]
    pipeline = Pipeline([("preprocess", preprocessing()), ("model", model)])
    return pipeline, {f"model__{parameter}": values for parameter, values in settings.items()}


def multisearch(stage: Stage[Size]) -> None:
    """Search all families at once."""
    X, y = data(stage.size)
    with stage.timed("cold"):
        search = our_search(*((name, *behind_preprocessing(name)) for name in MODELS), cv=N_SPLITS).fit(X, y)
    stage.keep_scores("cold", all=search)
    stage.keep_fits(search)


def scikit_learn(stage: Stage[Size]) -> None:
    """Search one family after the other."""
    X, y = data(stage.size)
    with stage.timed("cold"):
        searches = {name: grid_search(*behind_preprocessing(name), cv=N_SPLITS).fit(X, y) for name in MODELS}
    stage.keep_scores("cold", **searches)


def scikit_learn_with_memory(stage: Stage[Size]) -> None:
    """Do the same with a cache of fitted steps for all families, which is empty in the beginning."""
    X, y = data(stage.size)
    pipelines = {name: behind_preprocessing(name) for name in MODELS}
    with tempfile.TemporaryDirectory() as folder:
        with stage.timed("cold"):
            searches = {
                name: grid_search(pipeline.set_params(memory=folder), settings, cv=N_SPLITS).fit(X, y)
                for name, (pipeline, settings) in pipelines.items()
            }
        stage.keep_scores("cold", **searches)


def parts(stage: Stage[Size]) -> None:
    """Measure the preprocessing once per fold, and all models."""
    X, y = data(stage.size)
    models = [
        type(model)(**{**model.get_params(), **setting})
        for model, settings in MODELS.values()
        for setting in ParameterGrid(settings)
    ]
    with stage.timed("parts"):
        measured = measure_parts(preprocessing(), models, X, y, list(KFold(N_SPLITS).split(X)))
    of_the_peer, needed = measured.together(len(models))
    stage.keep_work(of_the_peer=of_the_peer, needed=needed)


BENCHMARK = Benchmark(
    about="KNNImputer and OneHotEncoder in front of 4 families with 4 settings each, against a search per family",
    full=Size(n_rows=4_500),
    quick=Size(n_rows=300),
    contestants={OURS: multisearch, "GridSearchCV": scikit_learn, WITH_MEMORY: scikit_learn_with_memory},
    claims=(
        Race("all families", "GridSearchCV", reach=3.0, work=PARTS),
        Race("all families", WITH_MEMORY, reach=1.0),
        fits_bound(N_SPLITS * (1 + sum(len(ParameterGrid(settings)) for _, settings in MODELS.values()))),
    ),
    made_of=(
        Chain(
            "all families",
            "cold",
            "GridSearchCV",
            [
                ("sharing: fitted steps from a cache on disk", WITH_MEMORY),
                ("sharing without a cache, test rows transformed once, one search, scheduling", OURS),
            ],
        ),
    ),
    parts=parts,
)
