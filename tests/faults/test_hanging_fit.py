"""A fit hangs: its worker alone is restarted, and it alone is blamed; who could not do that refuses before work."""

import os

import numpy as np
import pytest
from faults._estimators import (
    FIT_TIMEOUT,
    LONGER_THAN_A_LIMIT,
    ONE_SPLIT,
    OURS,
    Faulty,
    FaultyStep,
    FaultyWhenAsked,
    among_sound_ones,
    assert_same_scores,
)
from faults._signals import pids_that_started
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(120)


def assert_timed_out(failures, folds_by_candidate):
    found = failures.groupby("candidate")["fold"].agg(sorted).to_dict()
    assert found == folds_by_candidate
    assert set(failures["kind"]) == {"timeout"}


@pytest.mark.parametrize(
    "fault", [pytest.param("holds_the_interpreter", marks=pytest.mark.slow), "goes_on_whatever_is_raised"]
)
def test_nothing_but_the_end_of_the_process_stops_it(regression, tmp_path, fault):
    search = MultiModelSearchCV(among_sound_ones([fault], tmp_path), cv=ONE_SPLIT, fit_timeout=FIT_TIMEOUT, **OURS)
    with pytest.warns(FitFailedWarning, match="1 fits failed out of a total of 6"):
        search.fit(*regression)
    assert_same_scores(search, regression, 1)
    assert_timed_out(search.failures_, {2: [0]})


@pytest.mark.slow
def test_all_workers_hang_at_once_and_are_there_for_the_next_search(regression, tmp_path):
    search = MultiModelSearchCV(among_sound_ones(["sleeps", "sleeps"], tmp_path), cv=2, fit_timeout=FIT_TIMEOUT, **OURS)
    with pytest.warns(FitFailedWarning, match="4 fits failed out of a total of 14"):
        search.fit(*regression)
    assert_same_scores(search, regression, 2)
    assert_timed_out(search.failures_, {2: [0, 1], 3: [0, 1]})
    again = MultiModelSearchCV(among_sound_ones([], tmp_path), cv=2, fit_timeout=FIT_TIMEOUT, **OURS).fit(*regression)
    assert_same_scores(again, regression)


@pytest.mark.slow
def test_while_it_is_scored(regression, tmp_path):
    competitors = among_sound_ones(["sleeps"], tmp_path, FaultyWhenAsked)
    search = MultiModelSearchCV(competitors, cv=ONE_SPLIT, fit_timeout=FIT_TIMEOUT, **OURS)
    with pytest.warns(FitFailedWarning, match="1 fits failed out of a total of 6"):
        search.fit(*regression)
    assert_same_scores(search, regression, 1)
    assert_timed_out(search.failures_, {2: [0]})


@pytest.mark.slow
def test_in_a_shared_step(regression, tmp_path):
    pipeline = Pipeline([("step", FaultyStep(folder=str(tmp_path))), ("model", Ridge())])
    space = {"step__fault": ["nothing", "sleeps"], "model__alpha": [0.1, 10.0]}
    search = MultiModelSearchCV([("ridge", pipeline, space)], cv=ONE_SPLIT, fit_timeout=FIT_TIMEOUT, **OURS)
    with pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 4"):
        search.fit(*regression)
    alone = MultiModelSearchCV([("ridge", Ridge(), {"alpha": [0.1, 10.0]})], cv=ONE_SPLIT, scheduler="inline")
    sound = [row for row, params in enumerate(search.cv_results_["params"]) if params["step__fault"] == "nothing"]
    expected = alone.fit(*regression).cv_results_["split0_test_score"]
    assert list(search.cv_results_["split0_test_score"][sound]) == list(expected)
    assert_timed_out(search.failures_, {row: [0] for row in range(4) if row not in sound})


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["sleeps", "holds_the_interpreter"])
def test_on_a_cluster_of_the_users_no_other_worker_is_restarted(theirs, regression, tmp_path, fault):
    before = set(theirs.run(os.getpid).values())
    search = MultiModelSearchCV(among_sound_ones([fault], tmp_path), cv=ONE_SPLIT, fit_timeout=FIT_TIMEOUT)
    with pytest.warns(FitFailedWarning, match="1 fits failed out of a total of 6"):
        search.fit(*regression)
    assert_same_scores(search, regression, 1)
    assert_timed_out(search.failures_, {2: [0]})
    theirs.wait_for_workers(2, timeout=60)
    assert before - set(theirs.run(os.getpid).values()) == before & pids_that_started(tmp_path)


@pytest.mark.slow
def test_the_refit_may_take_longer(regression, tmp_path):
    model = Faulty(fault="takes_long_with_all_rows", folder=str(tmp_path))
    search = MultiModelSearchCV([("ridge", model, {"alpha": [0.1, 1.0]})], cv=2, fit_timeout=3, **OURS)
    assert search.fit(*regression).failures_.empty
    assert search.refit_time_ >= LONGER_THAN_A_LIMIT > search.fit_timeout
    np.testing.assert_array_equal(search.best_estimator_.coef_, Ridge(**search.best_params_).fit(*regression).coef_)


def test_the_inline_engine_refuses(regression, tmp_path):
    search = MultiModelSearchCV(among_sound_ones(["waits"], tmp_path), fit_timeout=FIT_TIMEOUT, scheduler="inline")
    with pytest.raises(ValueError, match="fit_timeout"):
        search.fit(*regression)
    assert not pids_that_started(tmp_path)


def test_workers_without_a_nanny_refuse(new_cluster, regression, tmp_path):
    new_cluster(1, processes=False, protocol="tcp")
    search = MultiModelSearchCV(among_sound_ones(["waits"], tmp_path), fit_timeout=FIT_TIMEOUT)
    with pytest.raises(ValueError, match=r"(?s)fit_timeout.*nanny|nanny.*fit_timeout"):
        search.fit(*regression)
    assert not pids_that_started(tmp_path)
