"""The user's process is killed, again and again: the search goes on where it was, and ends in the same results."""

import math
import pickle
import random
import sys
import time
from pathlib import Path

import pytest
from distributed import Client
from faults import _client
from faults._processes import family, have_ended, scheduler, started, worker
from faults._signals import wait_for
from faults._traced import SPLITS, arrivals_in, fits_in, in_journal, set_pace, told_in, undisturbed
from helpers import assert_same_results

N_WORKERS, N_CANDIDATES = 2, 25
SECONDS_PER_FIT, SECONDS_PER_BATCH = 0.05, 1.0
LONGEST_DELAY = 0.01
"""About what it takes to write a batch down."""


def run_and_kill(command, folder, moment):
    """Start the search, and kill it when so many fits have begun, or batches arrived, or right after its start.

    Check that nothing of which it has heard is missing in the journal.
    """
    what, number = moment
    things = {"fits": fits_in, "arrivals": arrivals_in}.get(what)
    before, arrived_before = len(things(folder)) if things else 0, len(arrivals_in(folder))
    with started(*command, folder=folder) as process:
        if things:
            wait_for(lambda: len(things(folder)) >= before + number)
            time.sleep(random.uniform(0, LONGEST_DELAY))
        else:
            wait_for((folder / "journal.sqlite").exists)
        processes = family(process)
        process.kill()
        assert have_ended(processes)
    there = in_journal(folder)
    assert told_in(folder) <= there
    # Each batch is written down before the next is asked for
    assert set().union(*arrivals_in(folder)[arrived_before:][:-1]) <= there


@pytest.mark.parametrize(
    "moments",
    [
        pytest.param([("fits", 30), ("arrivals", 2)], id="twice"),
        pytest.param(
            [
                *(("start", 0), ("fits", 1), ("arrivals", 1), ("arrivals", 3), ("arrivals", 1), ("arrivals", 2)),
                *(("arrivals", 4), ("fits", 11)),
            ],
            id="often",
            marks=pytest.mark.slow,
        ),
    ],
)
@pytest.mark.timeout(300)
def test_nothing_that_has_arrived_is_lost_or_done_again(tmp_path, moments):
    command = [sys.executable, Path(_client.__file__), tmp_path, N_WORKERS, N_CANDIDATES]
    set_pace(tmp_path, SECONDS_PER_FIT)
    finished = set()
    for moment in moments:
        before = len(fits_in(tmp_path))
        run_and_kill(command, tmp_path, moment)
        assert finished.isdisjoint((fit.alpha, fit.fold) for fit in fits_in(tmp_path)[before:])
        finished = in_journal(tmp_path)
    assert told_in(tmp_path)
    before = len(fits_in(tmp_path))
    with started(*command, folder=tmp_path) as process:
        processes = family(process)
        assert process.wait(timeout=100) == 0
    assert have_ended(processes)
    results, stats = pickle.loads((tmp_path / "found").read_bytes())
    assert_same_results(undisturbed(tmp_path, N_CANDIDATES), results)
    assert stats.evaluations_from_journal == len(finished)
    assert len(fits_in(tmp_path)) - before == stats.evaluations - len(finished)
    fits_per_batch = 1 + math.ceil(SECONDS_PER_BATCH / SECONDS_PER_FIT)
    assert len(fits_in(tmp_path)) <= stats.evaluations + len(moments) * N_WORKERS * fits_per_batch


@pytest.mark.timeout(100)
def test_a_cluster_forgets_the_search(tmp_path):
    def n_remembered(dask_scheduler):
        return len(dask_scheduler.tasks)

    def n_kept(dask_worker):
        return len(dask_worker.state.tasks) + len(dask_worker.data)

    set_pace(tmp_path, SECONDS_PER_FIT)
    with scheduler(tmp_path) as (_, address), worker(address, tmp_path):
        with started(sys.executable, _client.__file__, tmp_path, 1, N_CANDIDATES, address, folder=tmp_path) as process:
            wait_for(lambda: arrivals_in(tmp_path))
            process.kill()
        with Client(address, set_as_default=False) as client:
            wait_for(lambda: client.run_on_scheduler(n_remembered) == 0)
            wait_for(lambda: list(client.run(n_kept).values()) == [0])
    assert len(fits_in(tmp_path)) < N_CANDIDATES * len(SPLITS)
