import os
import threading
import time

import pytest
from distributed import Client

from multisearch.engines.cluster._workers import Workers


def nap(seconds):
    time.sleep(seconds)


def look_again_and_again(workers, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert workers.look() == []
        time.sleep(0.05)


@pytest.fixture
def workers(client):
    return Workers(client, "multisearch-test", worker_timeout=0.1, fit_timeout=None)


@pytest.fixture
def asked_at_once(monkeypatch):
    monkeypatch.setattr("multisearch.engines.cluster._workers._SECONDS_BETWEEN_LOOKS", 0.0)


def test_threads_of_all_workers_are_counted(workers):
    assert workers.n_threads == 2
    workers.wait_for_one()


def test_the_scheduler_is_not_asked_all_the_time(workers, client, monkeypatch):
    monkeypatch.setattr(client, "run_on_scheduler", None)
    assert workers.look() == []


def test_tasks_that_wait_for_a_resource_wait_no_longer_than_allowed(workers, client, asked_at_once):
    future = client.submit(nap, 0, key="multisearch-test-1", resources={"GPU": 1}, pure=False)
    with pytest.raises(TimeoutError, match=r"ask for \{'GPU': 1.*2 workers there are offer none"):
        look_again_and_again(workers, seconds=60)
    future.cancel()


def test_a_task_that_the_scheduler_knows_nothing_of_is_forgotten_at_the_second_look(workers, client, asked_at_once):
    workers.look(["multisearch-test-3"])
    assert workers.forgotten == set()
    workers.look(["multisearch-test-3", "multisearch-test-4"])
    assert workers.forgotten == {"multisearch-test-3"}


def test_tasks_of_others_are_none_of_our_business(workers, client, asked_at_once):
    future = client.submit(nap, 0, key="somebody-elses", resources={"GPU": 1}, pure=False)
    look_again_and_again(workers, seconds=1)
    assert workers.look() == []
    future.cancel()


@pytest.mark.timeout(60)
def test_an_answer_that_cannot_come_any_more_is_not_waited_for(client, asked_at_once, monkeypatch):
    monkeypatch.setattr("multisearch.engines.cluster._workers._SECONDS_TO_ANSWER", 10**6)
    own = Client(client.scheduler.address, set_as_default=False)
    workers = Workers(own, "multisearch-test", worker_timeout=None, fit_timeout=None)
    go = threading.Event()
    own.run_on_scheduler = lambda *args: go.wait()
    threading.Timer(0.5, own.close).start()
    with pytest.raises(ConnectionError, match="is lost"):
        workers.look()
    go.set()


def test_only_workers_that_serve_nobody_else_may_be_ended(workers, client):
    first, second = client.nthreads()
    theirs = client.submit(nap, 0, key="somebody-elses", workers=[first], pure=False)
    ours = client.submit(nap, 0, key="multisearch-test-2", workers=[second], pure=False)
    data = client.scatter([1], workers=[second], hash=False)[0]
    theirs.result()
    ours.result()
    assert workers.only_ours([first, second], {data.key}) == [second]
    assert workers.only_ours([first, second], ()) == []


def test_a_worker_that_is_ended_comes_back_as_another_process(workers, client):
    before = client.run(os.getpid)
    address = next(iter(before))
    workers.end([address])
    deadline = time.monotonic() + 60
    while not (len(after := client.run(os.getpid, on_error="ignore")) == 2 and before[address] not in after.values()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_workers_with_nannies_can_be_ended(workers):
    workers.check_nannies()


def test_a_closed_client_is_an_error(cluster):
    from distributed import Client

    client = Client(cluster, set_as_default=False)
    workers = Workers(client, "multisearch-test", None, None)
    client.close()
    with pytest.raises(ConnectionError, match=r"connection to the scheduler at .* is lost"):
        workers.check_connection()
