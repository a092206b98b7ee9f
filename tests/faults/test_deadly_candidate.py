"""A candidate always kills its worker: it alone is blamed, and says why; all others have their scores."""

import dask
import pytest
from faults._estimators import (
    ONE_SPLIT,
    OURS,
    Faulty,
    FaultyStep,
    FaultyWhenAsked,
    among_sound_ones,
    assert_same_scores,
)
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(240)


def assert_killed(failures, folds_by_candidate):
    found = failures.groupby("candidate")["fold"].agg(sorted).to_dict()
    assert found == folds_by_candidate
    assert set(failures["kind"]) == {"killed"}
    assert failures["message"].str.contains("died|killed|death").all()


@pytest.mark.parametrize("fault", ["segfault", "killed", "exits"])
def test_whatever_ends_the_process(regression, tmp_path, fault):
    search = MultiModelSearchCV(among_sound_ones([fault], tmp_path), cv=2, **OURS)
    with pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 12"):
        search.fit(*regression)
    assert_same_scores(search, regression, 1)
    assert_killed(search.failures_, {2: [0, 1]})
    assert set(search.failures_["estimator"]) == {"ridge"}


@pytest.mark.slow
def test_on_a_cluster_of_the_users(theirs, regression, tmp_path):
    search = MultiModelSearchCV(among_sound_ones(["killed"], tmp_path), cv=ONE_SPLIT, error_score=-1.0)
    with pytest.warns(FitFailedWarning, match="1 fits failed out of a total of 6"):
        search.fit(*regression)
    assert search.cv_results_["mean_test_score"][2] == -1.0
    search.cv_results_["split0_test_score"][2] = float("nan")
    assert_same_scores(search, regression, 1)
    assert_killed(search.failures_, {2: [0]})


@pytest.mark.usefixtures("clusters_keep_their_workers")
def test_a_neighbour_in_the_same_process_is_not_blamed(new_cluster, regression, tmp_path):
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        new_cluster(1, threads_per_worker=2)
    competitors = [
        ("deadly", Faulty(fault="dies_in_company", folder=str(tmp_path)), {}),
        ("neighbour", Faulty(fault="keeps_company", folder=str(tmp_path)), {}),
    ]
    search = MultiModelSearchCV(competitors, cv=ONE_SPLIT)
    with pytest.warns(FitFailedWarning, match="1 fits failed out of a total of 2"):
        search.fit(*regression)
    alone = MultiModelSearchCV([("ridge", Ridge(), {})], cv=ONE_SPLIT, scheduler="inline").fit(*regression)
    assert search.best_estimator_name_ == "neighbour"
    assert search.best_score_ == alone.best_score_
    assert_killed(search.failures_, {0: [0]})
    assert len(list(tmp_path.glob("company-*"))) > 1


def test_while_it_is_scored(regression, tmp_path):
    search = MultiModelSearchCV(among_sound_ones(["killed"], tmp_path, FaultyWhenAsked), cv=2, **OURS)
    with pytest.warns(FitFailedWarning):
        search.fit(*regression)
    assert_same_scores(search, regression, 1)
    assert_killed(search.failures_, {2: [0, 1]})


def test_several_of_them(regression, tmp_path):
    search = MultiModelSearchCV(among_sound_ones(["killed", "exits", "segfault"], tmp_path), cv=2, **OURS)
    with pytest.warns(FitFailedWarning, match="6 fits failed out of a total of 16"):
        search.fit(*regression)
    assert_same_scores(search, regression, 3)
    assert_killed(search.failures_, {row: [0, 1] for row in (2, 3, 4)})


def test_in_a_shared_step(regression, tmp_path):
    pipeline = Pipeline([("step", FaultyStep(folder=str(tmp_path))), ("model", Ridge())])
    space = {"step__fault": ["nothing", "killed"], "model__alpha": [0.1, 10.0]}
    search = MultiModelSearchCV([("ridge", pipeline, space)], cv=2, **OURS)
    with pytest.warns(FitFailedWarning, match="4 fits failed out of a total of 8"):
        search.fit(*regression)
    alone = MultiModelSearchCV([("ridge", Ridge(), {"alpha": [0.1, 10.0]})], cv=2, scheduler="inline").fit(*regression)
    sound = [row for row, params in enumerate(search.cv_results_["params"]) if params["step__fault"] == "nothing"]
    for name in ("split0_test_score", "split1_test_score"):
        assert list(search.cv_results_[name][sound]) == list(alone.cv_results_[name])
    assert_killed(search.failures_, {row: [0, 1] for row in range(4) if row not in sound})


def test_all_of_them(regression, tmp_path):
    search = MultiModelSearchCV([("ridge", Faulty(fault="killed"), {})], cv=2, **OURS)
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        search.fit(*regression)


def test_one_is_an_error_if_errors_are_to_be_raised(regression, tmp_path):
    search = MultiModelSearchCV(among_sound_ones(["killed"], tmp_path), cv=2, error_score="raise", **OURS)
    with pytest.raises(RuntimeError, match=r"died|killed|death"):
        search.fit(*regression)


def test_the_refit(regression):
    search = MultiModelSearchCV([("ridge", Faulty(fault="dies_of_all_rows"), {})], cv=2, **OURS)
    with pytest.raises(RuntimeError, match=r"died|killed|death"):
        search.fit(*regression)
