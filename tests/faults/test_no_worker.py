"""No worker can take the tasks: the search waits for one, but not for ever, and says what was missing."""

from contextlib import ExitStack

import dask
import pytest
from distributed import Client
from faults._processes import scheduler, worker
from faults._signals import meanwhile, wait_for
from faults._traced import (
    X,
    assert_goes_on,
    assert_partial_results,
    is_well_under_way,
    search_in,
    set_pace,
    undisturbed,
    y,
)
from helpers import assert_same_results

pytestmark = pytest.mark.timeout(60)  # far less than a search waits that is not told for how long

NEEDS_GPU = {"resources": {"GPU": 1}}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with scheduler(tmp_path_factory.mktemp("scheduler")) as (_, address):
        yield address


@pytest.fixture
def folder(tmp_path):
    set_pace(tmp_path, 0)
    return tmp_path


def test_a_cluster_that_never_gets_one(address, folder):
    with Client(address), pytest.raises(TimeoutError, match=r"(?s)worker_timeout=2.*no.* worker|worker.* none"):
        search_in(folder, worker_timeout=2).fit(X, y)
    assert not (folder / "fits").exists()


def test_one_that_comes_in_time(address, folder):
    search = search_in(folder, scheduler=address, worker_timeout=30)
    with ExitStack() as stack, meanwhile(lambda: stack.enter_context(worker(address, folder))):
        search.fit(X, y)
    assert_same_results(undisturbed(folder), search.cv_results_)


def test_all_are_killed_and_none_comes_back(address, folder):
    search = search_in(folder, worker_timeout=2)
    set_pace(folder, 0.02, hold_after=57)
    with worker(address, folder) as process, Client(address) as client:
        client.wait_for_workers(1, timeout=30)

        def kill():
            wait_for(lambda: is_well_under_way(folder))
            process.kill()

        with meanwhile(kill), pytest.raises(TimeoutError, match="worker"):
            search.fit(X, y)
    assert_partial_results(search.partial_results_, folder)
    assert_goes_on(folder)


@pytest.mark.slow
def test_a_resource_that_no_worker_has_until_one_comes(address, folder):
    with worker(address, folder), Client(address) as client, dask.annotate(**NEEDS_GPU):
        client.wait_for_workers(1, timeout=30)
        with pytest.raises(TimeoutError, match="GPU"):
            search_in(folder, worker_timeout=2).fit(X, y)
        assert not (folder / "fits").exists()
        wait_for(lambda: not any(client.processing().values()))
        with worker(address, folder, "--resources", "GPU=1"):
            search = search_in(folder, worker_timeout=30).fit(X, y)
    assert_same_results(undisturbed(folder), search.cv_results_)
