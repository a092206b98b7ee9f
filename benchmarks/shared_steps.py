"""Texts through a vectoriser into a linear model: the costly step is the same for all settings of the model."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import ParameterGrid, StratifiedKFold
from sklearn.pipeline import Pipeline

from benchmarks._base import OURS, PARTS, Benchmark
from benchmarks._breakdown import Chain
from benchmarks._claims import Race, fits_bound
from benchmarks._measurement import Stage
from benchmarks._peers import dask_ml_search, grid_search, our_search, running_cluster
from benchmarks._work import measure_parts

OURS_ON_CLUSTER = "multisearch on a cluster"
WITH_MEMORY = "GridSearchCV, Pipeline(memory=)"
SPACE = {
    "model__alpha": [3e-6, 1e-5, 2e-5, 3e-5, 5e-5, 1e-4, 2e-4, 3e-4],
    "model__penalty": ["l2", "elasticnet"],
}
N_SPLITS = 5


@dataclass(frozen=True, slots=True)
class Size:
    """How many documents there are, and out of how many words."""

    n_documents: int
    n_words: int = 20_000


def documents(size: Size) -> tuple[list[str], Any]:
    """Generate documents of 60 to 100 words of two classes.

    Words are as frequent as in a language (Zipf's law); each class prefers half of the words.
    """
    random = np.random.default_rng(0)
    words = np.array([_word(number) for number in range(size.n_words)])
    frequency = 1.0 / np.arange(1, size.n_words + 1)
    preferred = random.random(size.n_words) < 0.5  # noqa: PLR2004
    y = random.integers(0, 2, size.n_documents)
    cumulated = [np.cumsum(frequency * np.where(preferred == bool(label), 3.0, 1.0)) for label in (0, 1)]
    texts = []
    for label in y:
        drawn = random.random(random.integers(60, 101)) * cumulated[label][-1]
        texts.append(" ".join(words[np.searchsorted(cumulated[label], drawn)]))
    return texts, y


def _word(number: int) -> str:
    """Spell a number in syllables, so that words are as long as words are."""
    syllables = [consonant + vowel for consonant in "bdfghklmnprstvz" for vowel in "aeiou"]
    word = syllables[number % len(syllables)]
    while number := number // len(syllables):
        word += syllables[number % len(syllables)]
    return word + "n"


def pipeline() -> Pipeline:
    """Make the estimator."""
    return Pipeline([("words", TfidfVectorizer(ngram_range=(1, 2))), ("model", SGDClassifier(random_state=0))])


def multisearch(stage: Stage[Size]) -> None:
    """Search twice, starting with local workers that do not run yet."""
    X, y = documents(stage.size)
    for phase in ("cold", "second"):
        with stage.timed(phase):
            search = our_search(("sgd", pipeline(), SPACE), cv=N_SPLITS).fit(X, y)
        stage.keep_scores(phase, sgd=search)
    stage.keep_fits(search)


def scikit_learn(stage: Stage[Size]) -> None:
    """Search twice, starting with joblib's processes that do not run yet."""
    X, y = documents(stage.size)
    for phase in ("cold", "second"):
        with stage.timed(phase):
            search = grid_search(pipeline(), SPACE, cv=N_SPLITS).fit(X, y)
        stage.keep_scores(phase, sgd=search)


def scikit_learn_with_memory(stage: Stage[Size]) -> None:
    """Do the same with a cache of fitted steps, which is empty when a search begins."""
    X, y = documents(stage.size)
    for phase in ("cold", "second"):
        with tempfile.TemporaryDirectory() as folder:
            with stage.timed(phase):
                search = grid_search(pipeline().set_params(memory=folder), SPACE, cv=N_SPLITS).fit(X, y)
            stage.keep_scores(phase, sgd=search)


def multisearch_on_cluster(stage: Stage[Size]) -> None:
    """Search on a cluster that runs and has searched before."""
    X, y = documents(stage.size)
    with running_cluster():
        our_search(("sgd", pipeline(), {}), cv=N_SPLITS).fit(X[:100], y[:100])
        with stage.timed("running"):
            search = our_search(("sgd", pipeline(), SPACE), cv=N_SPLITS).fit(X, y)
    stage.keep_scores("running", sgd=search)


def dask_ml(stage: Stage[Size]) -> None:
    """Search on a cluster that runs and has searched before."""
    X, y = documents(stage.size)
    with running_cluster():
        dask_ml_search(pipeline(), {"model__alpha": [1e-4]}, cv=N_SPLITS).fit(X[:100], y[:100])
        with stage.timed("running"):
            search = dask_ml_search(pipeline(), SPACE, cv=N_SPLITS).fit(X, y)
    stage.keep_scores("running", sgd=search)


def parts(stage: Stage[Size]) -> None:
    """Measure the vectoriser once per fold, and all models."""
    X, y = documents(stage.size)
    words, model = pipeline().named_steps.values()
    settings = [{key.removeprefix("model__"): one[key] for key in one} for one in ParameterGrid(SPACE)]
    models = [SGDClassifier(**{**model.get_params(), **setting}) for setting in settings]
    splits = list(StratifiedKFold(N_SPLITS).split(np.zeros(len(y)), y))
    with stage.timed("parts"):
        measured = measure_parts(words, models, X, y, splits)
    of_the_peer, needed = measured.together(len(models))
    stage.keep_work(of_the_peer=of_the_peer, needed=needed)


BENCHMARK = Benchmark(
    about="20,000 documents through tf-idf with bigrams into SGDClassifier, 16 settings of the model",
    full=Size(n_documents=20_000),
    quick=Size(n_documents=300),
    contestants={
        OURS: multisearch,
        "GridSearchCV": scikit_learn,
        WITH_MEMORY: scikit_learn_with_memory,
        OURS_ON_CLUSTER: multisearch_on_cluster,
        "dask-ml": dask_ml,
    },
    claims=(
        Race("cold", "GridSearchCV", reach=6.0, work=PARTS),
        Race("cold", WITH_MEMORY, reach=1.0),
        Race("second search", "GridSearchCV", reach=8.0, phase="second", work=PARTS),
        Race("second search", WITH_MEMORY, reach=1.0, phase="second"),
        Race("on a running cluster", "dask-ml", reach=1.8, phase="running", ours=OURS_ON_CLUSTER, work=PARTS),
        fits_bound(N_SPLITS * (1 + len(ParameterGrid(SPACE)))),
    ),
    made_of=tuple(
        Chain(
            whole,
            phase,
            "GridSearchCV",
            [
                ("sharing: fitted steps from a cache on disk", WITH_MEMORY),
                ("sharing without a cache, test rows transformed once, scheduling", OURS),
            ],
        )
        for whole, phase in (("cold", "cold"), ("second search", "second"))
    ),
    parts=parts,
    only_full=frozenset({OURS_ON_CLUSTER, "dask-ml"}),
    runs=3,
)
