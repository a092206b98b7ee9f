import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from helpers import assert_same_results
from sklearn.compose import make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from multisearch import MultiModelSearchCV
from multisearch._lazy import blocks_of, in_memory, is_lazy, standing_in


@pytest.fixture
def arrays(regression):
    X, y = regression
    return da.from_array(X, chunks=(50, 4)), da.from_array(y, chunks=40)


@pytest.fixture
def frame(regression):
    X, y = regression
    frame = pd.DataFrame(X, columns=[f"x{column}" for column in range(X.shape[1])])
    return frame.assign(colour=np.where(y > 0, "red", "blue")), pd.Series(y, name="y")


@pytest.fixture
def ridge():
    return MultiModelSearchCV(
        [("ridge", make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [0.1, 1.0]})], return_train_score=True
    )


@pytest.fixture
def ridge_by_column():
    encoder = make_column_transformer((OneHotEncoder(), ["colour"]), remainder=StandardScaler())
    return MultiModelSearchCV([("ridge", make_pipeline(encoder, Ridge()), {"ridge__alpha": [0.1, 1.0]})])


def test_arrays_on_a_cluster_give_the_results_of_arrays_in_memory(ridge, arrays, regression, client):
    on_cluster = ridge.fit(*arrays).cv_results_
    in_this_process = ridge.set_params(scheduler="inline").fit(*regression).cv_results_
    assert_same_results(in_this_process, on_cluster)


def test_frames_on_a_cluster_give_the_results_of_frames_in_memory(ridge_by_column, frame, client):
    X, y = frame
    lazy = dd.from_pandas(X, npartitions=3), dd.from_pandas(y, npartitions=3)
    on_cluster = ridge_by_column.fit(*lazy).cv_results_
    assert_same_results(ridge_by_column.set_params(scheduler="inline").fit(X, y).cv_results_, on_cluster)


def test_without_a_cluster_collections_are_computed_here(ridge, arrays, regression):
    assert_same_results(ridge.fit(*regression).cv_results_, ridge.fit(*arrays).cv_results_)


def test_lazy_weights_and_groups(ridge, arrays, regression):
    X, y = regression
    weights, groups = np.linspace(0.1, 1, len(X)), np.arange(len(X)) % 6
    ridge.set_params(cv=GroupKFold(3))
    lazy = ridge.fit(*arrays, sample_weight=da.from_array(weights), groups=da.from_array(groups)).cv_results_
    assert_same_results(ridge.fit(X, y, sample_weight=weights, groups=groups).cv_results_, lazy)


def test_what_is_not_lazy_stays_as_it_is(regression):
    X, _ = regression
    assert in_memory(X) is X
    assert standing_in(X) is X
    assert not is_lazy(X)
    assert standing_in(da.from_array(X)).shape == (120, 0)


def test_rows_are_counted_where_they_are(regression):
    X, _ = regression
    rows = da.from_array(X, chunks=(50, 3))
    assert standing_in(rows[rows[:, 0] < np.inf]).shape == (120, 0)
    assert standing_in(dd.from_pandas(pd.DataFrame(X), npartitions=3)).shape == (120, 0)
    assert blocks_of(rows).shape == (3, 3)
    assert blocks_of(dd.from_pandas(pd.DataFrame(X), npartitions=3)).shape == (3, 1)
