"""Rows of dask collections never come to the process that searches, whichever way dask would bring them."""

import os
from functools import partial

import dask
import dask.array as da
import dask.dataframe as dd
import guarded
import numpy as np
import pandas as pd
import pytest
from distributed import futures_of, wait
from helpers import assert_same_results
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import EarlyStopping, MultiModelSearchCV

N_ROWS, N_COLUMNS = 120, 4
NAMES = [f"x{column}" for column in range(N_COLUMNS)]


def numbers():
    return np.random.default_rng(0).normal(size=(N_ROWS, N_COLUMNS))


def guarded_array():
    rows = da.from_array(numbers(), chunks=(40, -1))
    return rows.map_blocks(partial(guarded.guarded_block, forbidden=os.getpid()), dtype=object)


def guarded_array_of_unknown_lengths():
    rows = da.from_array(numbers(), chunks=(40, -1))
    return rows[rows[:, 0] < np.inf].map_blocks(partial(guarded.guarded_block, forbidden=os.getpid()), dtype=object)


def guarded_frame():
    frame = dd.from_pandas(pd.DataFrame(numbers(), columns=NAMES), npartitions=3)
    guard = partial(guarded.guarded_block, forbidden=os.getpid())
    return frame.map_partitions(guard, meta=pd.DataFrame(columns=NAMES, dtype=object))


KINDS = [guarded_array, guarded_array_of_unknown_lengths, guarded_frame]


@pytest.fixture(params=KINDS)
def rows(request):
    guarded.came.clear()
    return request.param()


@pytest.fixture
def y():
    return numbers() @ np.arange(1.0, N_COLUMNS + 1)


def unguarded(rows):
    """Return the same rows in memory."""
    return numbers() if isinstance(rows, da.Array) else pd.DataFrame(numbers(), columns=NAMES)


def search_over(rows, **arguments):
    scale = StandardScaler()
    if hasattr(rows, "columns"):
        scale = ColumnTransformer([("left", StandardScaler(), NAMES[:2]), ("right", StandardScaler(), NAMES[2:])])
    pipeline = Pipeline([("scale", scale), ("model", Ridge())])
    return MultiModelSearchCV([("ridge", pipeline, {"model__alpha": [0.1, 1.0]})], cv=2, **arguments)


def first_block(rows):
    return rows.blocks[0] if isinstance(rows, da.Array) else rows.partitions[0]


WAYS = {
    "compute": lambda rows, client: rows.compute(),
    "dask.compute": lambda rows, client: dask.compute(rows),
    "a result": lambda rows, client: client.compute(rows).result(),
    "gather": lambda rows, client: client.gather(client.compute(rows)),
    "persist": lambda rows, client: client.gather(futures_of(rows.persist())),
    "a block": lambda rows, client: first_block(rows).compute(),
    "a first row": lambda rows, client: rows[:1].compute() if isinstance(rows, da.Array) else rows.head(1),
    "delayed": lambda rows, client: dask.delayed(lambda same: same)(rows).compute(),
}


@pytest.mark.parametrize("way", WAYS)
def test_whichever_way_rows_came_it_would_be_noticed(way, y, client):
    for kind in (guarded_array, guarded_frame):
        guarded.came.clear()
        with pytest.raises(Exception):  # noqa: B017, PT011 - dask may wrap it
            WAYS[way](kind(), client)
        assert guarded.came


def test_workers_may_have_them(rows, client):
    kept = rows.persist()
    wait(kept)
    assert len(client.who_has(futures_of(kept))) == 3
    assert guarded.came == []


@pytest.mark.parametrize("lazy_y", [False, True])
def test_none_comes_during_a_search_and_after_it(rows, y, lazy_y, client):
    if lazy_y:
        y = da.from_array(y, chunks=40)
    search = search_over(rows)
    search.plan(rows, y, measure=True)
    search.fit(rows, y)
    score = search.score(rows, y, sample_weight=np.ones(N_ROWS))
    predicted = search.predict(rows).compute()
    assert guarded.came == []

    in_memory = search_over(unguarded(rows), scheduler="inline").fit(unguarded(rows), np.asarray(y))
    assert_same_results(in_memory.cv_results_, search.cv_results_)
    assert score == in_memory.score(unguarded(rows), np.asarray(y))
    np.testing.assert_allclose(predicted, in_memory.predict(unguarded(rows)))


def test_none_comes_where_fits_fail_and_where_a_journal_is_kept(rows, y, tmp_path, client):
    search = search_over(rows, journal=tmp_path / "journal.sqlite", error_score=-1.0)
    search.estimators[0][2]["model__alpha"] = [0.1, -1.0]
    for _ in range(2):
        with pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 4"):
            search.fit(rows, y)
    assert len(search.failures_) == 2
    assert guarded.came == []


def test_none_comes_where_training_stops_early_and_everything_is_done_twice(rows, y, client):
    stopped = HistGradientBoostingRegressor(max_iter=5, random_state=0)
    pipeline = Pipeline([*search_over(rows).estimators[0][1].steps[:1], ("model", stopped)])
    estimators = [*search_over(rows).estimators, ("trees", pipeline, {"model__max_depth": [2, 3]})]
    stopping = {"trees": EarlyStopping(patience=2)}
    search = MultiModelSearchCV(estimators, cv=2, early_stopping=stopping, optimize="verify", random_state=0)
    search.fit(rows, y)
    assert guarded.came == []
