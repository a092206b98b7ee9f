"""The only worker that has the data is killed: the data is put there again."""

import dask.array as da
import numpy as np
import pytest
from faults._estimators import among_sound_ones, assert_same_scores
from faults._signals import is_first
from sklearn.linear_model import Ridge

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("kind", ["array", "dask array"])
def test_the_only_worker_is_killed(new_cluster, regression, tmp_path, kind):
    new_cluster(1)
    X, y = regression
    given = X if kind == "array" else da.from_array(X, chunks=(40, 8))
    search = MultiModelSearchCV(among_sound_ones(["dies_once"], tmp_path), cv=2).fit(given, y)
    assert not is_first(tmp_path, "died")
    assert_same_scores(search, regression, 1, lost=False)
    assert search.failures_.empty
    np.testing.assert_array_equal(search.predict(X), Ridge(**refitted_with(search)).fit(X, y).predict(X))


def refitted_with(search):
    return {"alpha": search.best_params_["alpha"]}
