import logging

import joblib
import numpy as np
import pytest

from multisearch.engines import _choose, open_engine, place_of
from multisearch.engines._inline import InlineEngine


def name_of_engine(n_jobs=None, scheduler=None):
    with open_engine(n_jobs, scheduler) as engine:
        return type(engine).__name__, engine.capacity


@pytest.mark.parametrize("n_jobs", [None, 1, np.int64(1)])
def test_one_job_runs_in_this_process(n_jobs):
    assert name_of_engine(n_jobs) == ("InlineEngine", 1)


def test_several_jobs_run_on_local_workers():
    assert name_of_engine(2) == ("DaskEngine", 2)


@pytest.mark.parametrize("n_jobs", [None, -1])
def test_local_workers_can_be_asked_for_by_name(n_jobs):
    assert name_of_engine(n_jobs, "local") == ("DaskEngine", joblib.cpu_count())


@pytest.mark.parametrize(("n_cores", "place"), [(1, "inline"), (2, "local"), (7, "local")])
def test_minus_one_is_a_worker_for_each_core(monkeypatch, n_cores, place):
    monkeypatch.setattr("joblib._parallel_backends.cpu_count", lambda: n_cores)
    assert place_of(-1, None) == place
    assert _choose._n_workers(-1) == n_cores


def test_the_active_client_is_used_and_said_to_be(client, caplog):
    with caplog.at_level(logging.INFO, "multisearch"):
        assert name_of_engine(7) == ("DaskEngine", 2)
    assert "n_jobs=7 is not used, because a dask client is active" in caplog.text


def test_inline_can_be_forced_although_a_client_is_active(client):
    assert name_of_engine(2, "inline") == ("InlineEngine", 1)


def test_the_scheduler_at_an_address_is_used(cluster):
    assert name_of_engine(scheduler=cluster.scheduler_address) == ("DaskEngine", 2)


def test_an_address_that_needs_tls_is_an_error_that_says_so():
    with pytest.raises(ConnectionError, match="for TLS, make a client of distributed with its security"):
        name_of_engine(scheduler="tls://127.0.0.1:9")


def test_inside_a_joblib_worker_it_stays_in_that_process():
    names = joblib.Parallel(n_jobs=2)(joblib.delayed(name_of_engine)(2) for _ in range(2))
    assert names == [("InlineEngine", 1)] * 2


def test_inside_a_dask_task_it_stays_in_that_process(client):
    from helpers import name_of_engine_in_a_task

    assert client.submit(name_of_engine_in_a_task, pure=False).result() == "InlineEngine"


def test_an_engine_is_stopped_in_the_end(monkeypatch):
    stopped = []
    monkeypatch.setattr(InlineEngine, "stop", lambda self: stopped.append(type(self)))
    with open_engine(None, None):
        assert not stopped
    assert stopped == [InlineEngine]


def test_where_tasks_would_run_is_known_without_starting_anything(client, monkeypatch):
    assert place_of(None, "inline") == "inline"
    assert place_of(2, "tcp://nowhere:1") == "tcp://nowhere:1"
    assert place_of(2, None) == "client"
    monkeypatch.setattr("multisearch.engines._choose._active_client", lambda: None)
    assert (place_of(None, None), place_of(2, None)) == ("inline", "local")


def test_an_argument_without_meaning_is_refused_without_starting_anything():
    with pytest.raises(ValueError, match="n_jobs == 0 has no meaning"):
        place_of(0, None)
    with pytest.raises(TypeError, match="scheduler must be None"):
        place_of(None, 3)
