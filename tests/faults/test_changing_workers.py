"""Workers come and go while a search runs: the results are the same."""

import multiprocessing
import os
import time
from pathlib import Path

import pytest
from faults._estimators import SOUND, Faulty, assert_same_scores
from faults._signals import meanwhile, wait_for

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(240)

BEFORE_THE_SECOND_GATE = 6
SECONDS_TO_BE_COUNTED = 3.0
"""A search asks every other second who is there."""


class AtGates(Faulty):
    """Waits at the first gate, and from some number of fits on at the second."""

    def fit(self, X, y, sample_weight=None):
        folder = Path(self.folder)
        (folder / f"fit-{os.getpid()}-{time.monotonic_ns()}").touch()
        gate = "first" if n_fits(folder) <= BEFORE_THE_SECOND_GATE else "second"
        wait_for((folder / gate).exists)
        return super().fit(X, y, sample_weight)


class TakesItsTime(Faulty):
    """Notes the process it is fitted in; sleeps so that a search outlives its workers."""

    def fit(self, X, y, sample_weight=None):
        (Path(self.folder) / f"fit-{os.getpid()}-{time.monotonic_ns()}").touch()
        time.sleep(0.2)
        return super().fit(X, y, sample_weight)


def n_fits(folder):
    return len(list(folder.glob("fit-*")))


def pids(folder):
    return {file.name.split("-")[1] for file in folder.glob("fit-*")}


def competitor(model, folder):
    return [("ridge", model(folder=str(folder)), {"alpha": SOUND})]


def test_a_cluster_is_scaled_up_and_down(new_cluster, regression, tmp_path):
    client = new_cluster(2)

    def scale():
        wait_for(lambda: n_fits(tmp_path))
        client.cluster.scale(3)
        wait_for(lambda: len(client.nthreads()) == 3)
        (tmp_path / "first").touch()
        wait_for(lambda: n_fits(tmp_path) > BEFORE_THE_SECOND_GATE)
        client.cluster.scale(1)
        wait_for(lambda: len(client.nthreads()) == 1)
        (tmp_path / "second").touch()

    search = MultiModelSearchCV(competitor(AtGates, tmp_path), cv=4)
    with meanwhile(scale):
        search.fit(*regression)
    assert_same_scores(search, regression)
    assert search.failures_.empty


@pytest.mark.slow
def test_a_new_worker_gets_work_and_is_counted(new_cluster, regression, tmp_path):
    client = new_cluster(1)

    def scale():
        wait_for(lambda: n_fits(tmp_path))
        client.cluster.scale(2)
        wait_for(lambda: len(client.nthreads()) == 2)
        (tmp_path / "first").touch()
        wait_for(lambda: len(pids(tmp_path)) == 2)
        time.sleep(SECONDS_TO_BE_COUNTED)
        (tmp_path / "second").touch()

    search = MultiModelSearchCV(competitor(AtGates, tmp_path), cv=4)
    with meanwhile(scale):
        search.fit(*regression)
    assert_same_scores(search, regression)
    assert search.search_stats_.workers == 2


def test_a_cluster_that_starts_workers_only_when_they_are_needed(new_cluster, regression, tmp_path):
    client = new_cluster(0)
    client.cluster.adapt(minimum=0, maximum=2)
    search = MultiModelSearchCV(competitor(Faulty, tmp_path), cv=2).fit(*regression)
    assert_same_scores(search, regression)


class TakesLongToArrive(Faulty):
    """Keeps a worker from doing anything else while it is received."""

    def __setstate__(self, state):
        if multiprocessing.parent_process() is not None:
            time.sleep(1)
        super().__setstate__(state)


@pytest.mark.slow
def test_data_take_longer_to_arrive_than_idle_workers_are_kept(new_cluster, regression, tmp_path):
    client = new_cluster(0)
    client.cluster.adapt(minimum=0, maximum=1, interval="100 ms", wait_count=1)
    search = MultiModelSearchCV(competitor(TakesLongToArrive, tmp_path), cv=2).fit(*regression)
    assert_same_scores(search, regression)


@pytest.mark.slow
@pytest.mark.usefixtures("clusters_keep_their_workers")
def test_no_worker_lives_as_long_as_the_search(new_cluster, regression, tmp_path):
    new_cluster(2, lifetime="6 s", lifetime_stagger="2 s", lifetime_restart=True)
    search = MultiModelSearchCV(competitor(TakesItsTime, tmp_path), cv=24).fit(*regression)
    assert_same_scores(search, regression)
    assert search.failures_.empty
    assert len(pids(tmp_path)) > 2
