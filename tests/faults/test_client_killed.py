"""The user's process is killed, again and again: the search goes on where it was, and ends in the same results."""

import math
import pickle
import sys
from pathlib import Path

import pytest
from faults import _client
from faults._processes import family, have_ended, started
from faults._signals import wait_for
from faults._traced import fits_in, in_journal, set_pace, undisturbed
from helpers import assert_same_results

N_WORKERS, N_CANDIDATES = 2, 25
SECONDS_PER_FIT, SECONDS_PER_BATCH = 0.05, 1.0


def run_and_kill(command, folder, n_fits):
    """Start the search, and kill it after so many fits; without any, as soon as it has a journal."""
    before = len(fits_in(folder))
    with started(*command, folder=folder) as process:
        wait_for((folder / "journal.sqlite").exists if n_fits == 0 else lambda: len(fits_in(folder)) >= before + n_fits)
        processes = family(process)
        process.kill()
        assert have_ended(processes)


@pytest.mark.parametrize(
    "moments",
    [
        pytest.param([30], id="once"),
        pytest.param([0, 1, 7, 30, 2, 11, 5], id="often", marks=pytest.mark.slow),
    ],
)
@pytest.mark.timeout(200)
def test_nothing_that_was_finished_is_done_again(tmp_path, moments):
    command = [sys.executable, Path(_client.__file__), tmp_path, N_WORKERS, N_CANDIDATES]
    set_pace(tmp_path, SECONDS_PER_FIT)
    finished = set()
    for moment in moments:
        before = len(fits_in(tmp_path))
        run_and_kill(command, tmp_path, moment)
        assert finished.isdisjoint((fit.alpha, fit.fold) for fit in fits_in(tmp_path)[before:])
        finished = in_journal(tmp_path)
    assert finished
    before = len(fits_in(tmp_path))
    with started(*command, folder=tmp_path) as process:
        processes = family(process)
        assert process.wait(timeout=50) == 0
    assert have_ended(processes)
    results, stats = pickle.loads((tmp_path / "found").read_bytes())
    assert_same_results(undisturbed(tmp_path, N_CANDIDATES), results)
    assert stats.evaluations_from_journal == len(finished)
    assert len(fits_in(tmp_path)) - before == stats.evaluations - len(finished)
    fits_per_batch = 1 + math.ceil(SECONDS_PER_BATCH / SECONDS_PER_FIT)
    assert len(fits_in(tmp_path)) <= stats.evaluations + len(moments) * N_WORKERS * fits_per_batch
