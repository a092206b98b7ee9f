"""The only worker that has the data is killed: the data is put there again."""

import multiprocessing
import os
import signal
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
from faults._estimators import among_sound_ones, assert_same_scores
from faults._signals import is_first
from sklearn.linear_model import Ridge

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(240)


@pytest.mark.usefixtures("clusters_keep_their_workers")
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


class KillTheSecondReceiver(np.ndarray):
    """Rows that kill the second worker which receives them."""

    folder = None

    def __array_finalize__(self, other):
        self.folder = getattr(other, "folder", None)

    def __reduce__(self):
        make, arguments, state = super().__reduce__()
        return make, arguments, (state, self.folder)

    def __setstate__(self, state_and_folder):
        state, self.folder = state_and_folder
        super().__setstate__(state)
        is_worker = multiprocessing.parent_process() is not None
        if is_worker and not is_first(self.folder, "received") and is_first(self.folder, "died"):
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("clusters_keep_their_workers")
def test_a_worker_is_killed_while_it_is_given_the_data(new_cluster, regression, tmp_path):
    new_cluster(2)
    X, y = regression[0].view(KillTheSecondReceiver), regression[1]
    X.folder = str(tmp_path)
    search = MultiModelSearchCV(among_sound_ones([], tmp_path), cv=2).fit(X, y)
    assert not is_first(tmp_path, "died")
    assert_same_scores(search, regression)


def made(block, folder):
    """Make a block of rows; kill the worker twice, once they have been lost."""
    if (Path(folder) / "died").exists() and any(is_first(folder, name) for name in ("again", "twice")):
        os.kill(os.getpid(), signal.SIGKILL)
    return block


def test_lazy_rows_die_as_often_as_dask_allows_while_they_are_made_again(regression, tmp_path):
    X, y = regression
    lazy = da.from_array(X, chunks=X.shape).map_blocks(made, folder=str(tmp_path), dtype=X.dtype)
    search = MultiModelSearchCV(among_sound_ones(["dies_once"], tmp_path), cv=2, scheduler="local", n_jobs=1)
    search.set_params(refit=False).fit(lazy, y)
    assert {"died", "again", "twice"} <= {file.name for file in tmp_path.iterdir()}
    assert_same_scores(search, regression, 1, lost=False)
    assert search.failures_.empty


def refitted_with(search):
    return {"alpha": search.best_params_["alpha"]}
