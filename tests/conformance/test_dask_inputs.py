"""dask arrays and DataFrames give what the same rows give in memory, and stay where they are."""

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from helpers import assert_same_results
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from multisearch import MultiModelSearchCV

N_PARTITIONS = 4


@pytest.fixture(scope="module")
def labelled(classification):
    X, y = classification
    order = np.argsort(X[:, 0], kind="stable")  # so that partitions differ in what they contain
    return X[order], y[order]


def as_array(X):
    return da.from_array(X, chunks=(40, 3))


def as_array_of_unknown_lengths(X):
    rows = da.from_array(X, chunks=(40, -1))
    return rows[rows[:, 0] < np.inf]


def as_array_with_empty_blocks(X):
    return da.from_array(X, chunks=((0, 40, 0, 60, 50), -1))


def frame_of(X):
    """Return a DataFrame with columns of many kinds."""
    frame = pd.DataFrame(X, columns=[f"x{column}" for column in range(X.shape[1])])
    level = np.digitize(X[:, 0], [-1.0, 0.0, 1.0])
    return frame.assign(
        colour=np.array(["red", "blue", "green", "grey"])[level],
        size=10 * level,
        when=pd.Timestamp("2024-01-31") + pd.to_timedelta(40 * level, "D"),
    )


def as_frame(X):
    frame = frame_of(X).astype({"colour": "category", "size": "category"})
    return dd.from_pandas(frame, npartitions=N_PARTITIONS)


def as_frame_of_unknown_categories(X):
    lazy = dd.from_pandas(frame_of(X), npartitions=N_PARTITIONS)
    return lazy.assign(colour=lazy["colour"].astype("category"), size=lazy["size"].astype("category"))


def as_frame_with_empty_partitions(X):
    frame = frame_of(X)
    frame.index = 10 * frame.index
    divisions = (-10, -5, 405, 408, frame.index[-1])
    lazy = dd.from_pandas(frame, npartitions=1).repartition(divisions=divisions, force=True)
    return lazy.assign(colour=lazy["colour"].astype("category"), size=lazy["size"].astype("category"))


def as_frame_of_strings(X):
    """Return text in objects, which dask makes strings of, and a column whose categories all partitions have."""
    return dd.from_pandas(frame_of(X).astype({"colour": object, "size": "category"}), npartitions=N_PARTITIONS)


ARRAYS = [as_array, as_array_of_unknown_lengths, as_array_with_empty_blocks]
FRAMES = [as_frame, as_frame_of_unknown_categories, as_frame_with_empty_partitions, as_frame_of_strings]
KINDS = [pytest.param(kind, "threads") for kind in ARRAYS + FRAMES]
KINDS += [pytest.param(kind, "client") for kind in (as_array, as_frame_with_empty_partitions)]


@pytest.fixture
def threads():
    """Stand for what dask computes with where there is no cluster."""


def codes(frame):
    """Return what depends on the categories themselves, used or not, and on their order."""
    return np.column_stack([frame[name].cat.codes for name in frame])


def months(frame):
    return np.column_stack([frame[name].dt.month for name in frame])


def prepared(X):
    """Return a transformer of all columns, of a DataFrame by name and type."""
    if not hasattr(X, "columns"):
        return StandardScaler()
    return ColumnTransformer(
        [
            ("numbers", StandardScaler(), make_column_selector(dtype_include="number")),
            ("colour", OneHotEncoder(sparse_output=False), ["colour"]),
            ("size", FunctionTransformer(codes), ["size"]),
            ("when", FunctionTransformer(months), ["when"]),
        ]
    )


def search_with(model, X, **arguments):
    pipeline = Pipeline([("prepare", prepared(X)), ("model", model)])
    folds = StratifiedKFold(2, shuffle=True, random_state=0)
    return MultiModelSearchCV([("only", pipeline, {})], cv=folds, scheduler="inline", **arguments)


def blocks_in_memory(lazy):
    """Return the rows in memory, cut as the lazy ones are; without empty blocks."""
    rows, lengths = lazy.compute(), lengths_of(lazy)
    take = rows.iloc if hasattr(rows, "iloc") else rows
    ends = np.cumsum(lengths)
    return [take[end - length : end] for end, length in zip(ends, lengths, strict=True) if length]


def lengths_of(lazy):
    if isinstance(lazy, da.Array):
        return lazy.copy().compute_chunk_sizes().chunks[0]
    return lazy.map_partitions(len).compute().tolist()


MODELS = [
    (LogisticRegression(), ["predict", "predict_proba", "predict_log_proba", "decision_function"]),
    (GaussianMixture(2, covariance_type="diag", random_state=0), ["score_samples"]),
    (PCA(2, random_state=0), ["transform"]),
]


def number_of_rows(estimator, X, y):
    return len(X)


@pytest.mark.parametrize(("kind", "place"), KINDS)
@pytest.mark.parametrize(("model", "methods"), MODELS)
def test_methods_give_for_each_block_what_its_rows_give_in_memory(model, methods, kind, place, labelled, request):
    request.getfixturevalue(place)
    X, y = labelled
    lazy = kind(X)
    rows, blocks = lazy.compute(), blocks_in_memory(lazy)
    search = search_with(model, lazy, scoring=number_of_rows).fit(rows, y)
    for method in methods:
        ask = getattr(search, method)
        answer = ask(lazy)
        assert isinstance(answer, da.Array)
        computed, in_memory = answer.compute(), ask(rows)
        np.testing.assert_array_equal(computed, np.concatenate([ask(block) for block in blocks]))
        assert answer.dtype == computed.dtype == in_memory.dtype
        assert answer.shape[1:] == in_memory.shape[1:]
        same = np.testing.assert_array_equal if method == "predict" else np.testing.assert_allclose
        same(computed, in_memory)


@pytest.mark.parametrize("kind", ARRAYS)
def test_a_transformation_is_undone_block_by_block(kind, labelled):
    X, y = labelled
    search = MultiModelSearchCV([("pca", PCA(8), {})], cv=2, scheduler="inline", scoring=number_of_rows).fit(X, y)
    undone = search.inverse_transform(search.transform(kind(X)))
    assert isinstance(undone, da.Array)
    np.testing.assert_allclose(undone.compute(), X)


def spread_of_margins(estimator, X, y):
    """Score by what only all rows together give, and only rows in memory."""
    assert isinstance(X, np.ndarray | pd.DataFrame)
    first = np.asarray(X)[:, 0].astype(float)
    return float(np.median(estimator.predict_proba(X).max(axis=1)) + np.std(first) + len(X) + (y == "low").sum())


SCORINGS = [
    {},
    {"scoring": "roc_auc_ovr"},
    {"scoring": ["f1_macro", "neg_log_loss"], "refit": "neg_log_loss"},
    {"scoring": spread_of_margins},
]


@pytest.mark.parametrize(("kind", "place"), KINDS)
def test_scores_are_those_of_the_same_rows_in_memory(kind, place, labelled, request):
    request.getfixturevalue(place)
    X, y = labelled
    lazy, weights = kind(X), np.linspace(0.1, 1.0, len(y))
    rows = lazy.compute()
    for scoring in SCORINGS:
        search = search_with(LogisticRegression(), lazy, **scoring).fit(rows, y)
        score = search.score(rows, y)
        assert search.score(lazy, y) == score
        if scoring.get("scoring") is not spread_of_margins:
            weighted = search.score(rows, y, sample_weight=weights)
            assert weighted != score
            assert search.score(lazy, y, sample_weight=da.from_array(weights, chunks=70)) == weighted


@pytest.mark.parametrize("lazy_y", [lambda y: da.from_array(y, 40), lambda y: dd.from_pandas(pd.Series(y), 2)])
def test_targets_and_weights_of_any_kind(lazy_y, labelled, client):
    X, y = labelled
    weights = np.linspace(0.1, 1.0, len(y))
    search = search_with(LogisticRegression(), X).fit(X, y)
    for weight in (weights, da.from_array(weights, chunks=70), dd.from_pandas(pd.Series(weights), 3)):
        assert search.score(X, lazy_y(y), sample_weight=weight) == search.score(X, y, sample_weight=weights)
        assert search.score(as_array(X), lazy_y(y), sample_weight=weight) == search.score(X, y, sample_weight=weights)


@pytest.mark.parametrize("kind", [*ARRAYS, *FRAMES])
def test_fits_are_those_of_the_same_rows_in_memory(kind, labelled, client):
    X, y = labelled
    lazy = kind(X)
    search = search_with(LogisticRegression(), lazy)
    in_memory = search.fit(lazy.compute(), y).cv_results_
    on_cluster = search.set_params(scheduler=None).fit(lazy, da.from_array(y, chunks=50)).cv_results_
    assert_same_results(in_memory, on_cluster)


PLACES = {
    "client": lambda cluster: {"scheduler": None},
    "local": lambda cluster: {"scheduler": "local", "n_jobs": 2},
    "address": lambda cluster: {"scheduler": cluster.scheduler_address},
}


@pytest.mark.parametrize("place", PLACES)
def test_fits_are_the_same_wherever_they_run(place, labelled, cluster, request):
    X, y = labelled
    lazy = as_frame_of_unknown_categories(X)
    search = search_with(LogisticRegression(), lazy)
    in_memory = search.fit(lazy.compute(), y).cv_results_
    if place == "client":
        request.getfixturevalue("client")
    search.set_params(**PLACES[place](cluster)).fit(lazy, dd.from_pandas(pd.Series(y), npartitions=2))
    assert search.search_stats_.workers == 2
    assert_same_results(in_memory, search.cv_results_)


@pytest.mark.parametrize("convert", [True, False])
def test_text_is_what_dask_has_made_of_it(convert, labelled):
    X, y = labelled
    seen = set()

    def note(frame):
        seen.add(frame["colour"].dtype)
        return frame[["x0"]]

    with dask.config.set({"dataframe.convert-string": convert}):
        lazy = dd.from_pandas(frame_of(X).astype({"colour": object}), npartitions=N_PARTITIONS)
    pipeline = Pipeline([("note", FunctionTransformer(note)), ("model", LogisticRegression())])
    search = MultiModelSearchCV([("only", pipeline, {})], cv=2, scheduler="inline").fit(lazy, y)
    search.score(lazy, y)
    search.predict(lazy).compute()
    assert seen == {lazy["colour"].dtype}
    assert (lazy["colour"].dtype == object) is not convert


def test_partitions_and_categories_are_such_that_they_matter(labelled):
    X, _ = labelled
    lazy = as_frame_of_unknown_categories(X)
    own = [lazy.partitions[index].compute()["size"].cat.categories.tolist() for index in range(lazy.npartitions)]
    assert len({tuple(categories) for categories in own}) > 2
    assert sorted(lengths_of(as_frame_with_empty_partitions(X)))[:2] == [0, 0]
    assert np.isnan(as_array_of_unknown_lengths(X).shape[0])
    assert as_array_with_empty_blocks(X).chunks[0][0] == 0
