"""A worker is killed in the midst of a fit: the results are the same, and only what is unfinished is done again."""

import os
import signal

import numpy as np
import pytest
from faults._estimators import ONE_SPLIT, Faulty, FaultyStep, among_sound_ones, assert_same_scores
from faults._signals import meanwhile, pids_that_started, wait_for
from helpers import assert_same_results
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(240)


def pipeline(model):
    return Pipeline([("scale", StandardScaler()), ("reduce", PCA(random_state=0)), ("model", model)])


@pytest.mark.parametrize("n_killed", [1, 2])
def test_some_or_all_workers_are_killed_by_others(theirs, regression, tmp_path, n_killed):
    search = MultiModelSearchCV(among_sound_ones(["waits", "waits"], tmp_path), cv=3)

    def kill():
        pids = wait_for(lambda: len(found := pids_that_started(tmp_path)) == 2 and found)
        for pid in sorted(pids)[:n_killed]:
            os.kill(pid, signal.SIGKILL)
        (tmp_path / "go").touch()

    with meanwhile(kill):
        search.fit(*regression)
    assert_same_scores(search, regression, 2, lost=False)
    assert search.failures_.empty


def test_every_fit_kills_its_worker_once_the_refit_included(regression, tmp_path):
    faulty = pipeline(Faulty(fault="each_dies_once", folder=str(tmp_path)))
    space = {"reduce__n_components": [2, 5], "model__alpha": [0.1, 10.0]}
    search = MultiModelSearchCV([("ridge", faulty, space)], cv=2, scheduler="local", n_jobs=2).fit(*regression)
    alone = MultiModelSearchCV([("ridge", pipeline(Ridge()), space)], cv=2, scheduler="inline").fit(*regression)
    assert_same_results(alone.cv_results_, search.cv_results_)
    np.testing.assert_array_equal(alone.predict(regression[0]), search.predict(regression[0]))
    assert len(list(tmp_path.glob("died-*"))) == 9
    assert search.failures_.empty


def search_on_a_step(fault, folder, space):
    """Return a search whose model kills the only worker, which has all shared results."""
    steps = [("base", FaultyStep(fault, str(folder))), ("scale", StandardScaler())]
    model = Faulty(fault="dies_once", folder=str(folder))
    competitor = ("ridge", Pipeline([*steps, ("model", model)]), {"model__alpha": [0.1, 10.0], **space})
    return MultiModelSearchCV([competitor], cv=ONE_SPLIT, scheduler="local", n_jobs=1)


def test_a_lost_step_dies_as_often_as_dask_allows_while_it_is_made_again(regression, tmp_path):
    two_steps_above_it = {"scale__with_mean": [True, False]}
    search = search_on_a_step("dies_twice_when_made_again", tmp_path, two_steps_above_it).fit(*regression)
    assert {"died", "again", "twice"} <= {file.name for file in tmp_path.iterdir()}
    assert search.failures_.empty
    alone = search_on_a_step("nothing", tmp_path, two_steps_above_it).set_params(scheduler="inline").fit(*regression)
    assert_same_results(alone.cv_results_, search.cv_results_)


def test_a_lost_step_that_can_not_be_made_again(regression, tmp_path):
    search = search_on_a_step("dies_whenever_made_again", tmp_path, {})
    sound = ("sound", Ridge(), {"alpha": [0.1, 10.0]})
    search.set_params(estimators=[*search.estimators, sound], refit=False)
    with pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 4"):
        search.fit(*regression)
    assert list(search.failures_["estimator"]) == ["ridge", "ridge"]
    assert set(search.failures_["kind"]) == {"killed"}
