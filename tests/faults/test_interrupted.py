"""Ctrl-C: the search ends soon, leaves nothing running, and keeps what was finished."""

import operator
import os
import pickle
import signal
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import pytest
from faults import _client
from faults._processes import family, have_ended, started
from faults._signals import meanwhile, wait_for
from faults._traced import (
    SPLITS,
    Traced,
    X,
    assert_goes_on,
    assert_partial_results,
    fits_in,
    held_fit_is_over,
    in_journal,
    is_well_under_way,
    search_in,
    set_pace,
    y,
)
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from multisearch import MultiModelSearchCV

pytestmark = pytest.mark.timeout(240)

SECONDS_TO_ARRIVE = 0.5
"""What an interrupt has to wait for so that it falls between results, and partial results are known exactly."""


@pytest.fixture
def interruptible():
    """Python's own handling of SIGINT, which is ignored where tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("times", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_script_on_local_workers_ends_and_leaves_no_process(tmp_path, times):
    set_pace(tmp_path, 0.02, hold_after=57)
    with started(sys.executable, Path(_client.__file__), tmp_path, 2, 15, folder=tmp_path) as process:
        wait_for(lambda: is_well_under_way(tmp_path))
        time.sleep(SECONDS_TO_ARRIVE)
        processes = family(process)
        process.send_signal(signal.SIGINT)
        if times == 2:
            time.sleep(0.2)  # as fast as a finger
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=200) != 0
        assert have_ended(processes)
    assert not held_fit_is_over(tmp_path)
    if times == 1:
        assert_partial_results(pickle.loads((tmp_path / "partial").read_bytes()), tmp_path)
    with warnings.catch_warnings():
        warnings.resetwarnings()  # filters that make errors of warnings belong to keys, and the script has none
        assert_goes_on(tmp_path)


@pytest.mark.usefixtures("interruptible")
def test_a_cluster_of_the_users_is_left_running_and_idle(tmp_path, new_cluster):
    client = new_cluster(1)
    set_pace(tmp_path, 0.02, hold_after=57)

    def interrupt():
        wait_for(lambda: is_well_under_way(tmp_path))
        time.sleep(SECONDS_TO_ARRIVE)
        os.kill(os.getpid(), signal.SIGINT)

    search = search_in(tmp_path)
    with meanwhile(interrupt), pytest.raises(KeyboardInterrupt):
        search.fit(X, y)
    assert not held_fit_is_over(tmp_path)
    assert client.submit(operator.add, 1, 2, pure=False).result(timeout=20) == 3
    wait_for(lambda: not any(client.processing().values()))
    assert not held_fit_is_over(tmp_path)
    assert client.status == client.cluster.status.name == "running"
    assert_partial_results(search.partial_results_, tmp_path)
    with pytest.raises(NotFittedError):
        check_is_fitted(search)
    assert_goes_on(tmp_path)


class Interrupted(Traced):
    """Is interrupted by the user at one of its fits."""

    def fit(self, X, y):
        super().fit(X, y)
        if len(fits_in(Path(self.folder))) == 11:
            signal.raise_signal(signal.SIGINT)
        return self


@pytest.mark.usefixtures("interruptible")
def test_in_this_process_it_is_no_outcome(tmp_path):
    set_pace(tmp_path, 0)
    estimators = [("interrupted", Interrupted(str(tmp_path)), {"alpha": [0.1, 1.0, 10.0]})]
    arguments = {"cv": SPLITS, "refit": False, "journal": tmp_path / "journal.sqlite", "scheduler": "inline"}
    search = MultiModelSearchCV(estimators, **arguments)
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, y)
    with pytest.raises(NotFittedError):
        check_is_fitted(search)
    begun = [(fit.alpha, fit.fold) for fit in fits_in(tmp_path)]
    assert in_journal(tmp_path) == set(begun[:10])
    complete = [alpha for alpha, count in Counter(alpha for alpha, _ in begun[:10]).items() if count == len(SPLITS)]
    assert complete
    assert_partial_results(search.partial_results_, tmp_path)
    assert search.fit(X, y).search_stats_.evaluations_from_journal == 10
    assert not hasattr(search, "partial_results_")
