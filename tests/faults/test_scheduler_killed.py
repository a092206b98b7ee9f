"""The scheduler is killed: an error at once, and what had finished is in the journal."""

from contextlib import nullcontext

import pytest
from distributed import Client
from faults._processes import scheduler, worker
from faults._signals import meanwhile, wait_for
from faults._traced import (
    X,
    assert_goes_on,
    assert_partial_results,
    held_fit_is_over,
    is_well_under_way,
    search_in,
    set_pace,
    y,
)

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("given", ["client", pytest.param("address", marks=pytest.mark.slow)])
def test_the_search_ends_at_once(tmp_path, given):
    set_pace(tmp_path, 0.02, hold_after=57)

    def kill():
        wait_for(lambda: is_well_under_way(tmp_path))
        process.kill()

    with scheduler(tmp_path) as (process, address), worker(address, tmp_path):
        search = search_in(tmp_path, scheduler=None if given == "client" else address)
        with (
            Client(address, timeout=5) if given == "client" else nullcontext(),
            meanwhile(kill),
            pytest.raises(ConnectionError, match="scheduler"),
        ):
            search.fit(X, y)
        assert not held_fit_is_over(tmp_path)
    assert_partial_results(search.partial_results_, tmp_path)
    assert_goes_on(tmp_path)


def test_while_the_search_waits_for_its_first_worker(tmp_path):
    def kill():
        wait_for(lambda: client.futures)
        process.kill()

    with (
        scheduler(tmp_path) as (process, address),
        Client(address, timeout=5) as client,
        meanwhile(kill),
        pytest.raises(ConnectionError, match="scheduler"),
    ):
        search_in(tmp_path, worker_timeout=None).fit(X, y)
    assert not (tmp_path / "fits").exists()
