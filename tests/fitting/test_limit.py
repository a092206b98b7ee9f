import threading

import pytest
from sklearn import config_context, get_config

from multisearch.fitting._limit import FitTimeoutError, within


def test_without_a_limit_work_is_done_in_this_thread():
    assert within(None, threading.get_ident) == threading.get_ident()


def test_with_a_limit_all_work_of_a_thread_is_done_in_one_other_thread():
    threads = {within(60, threading.get_ident) for _ in range(3)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("error", [KeyError("gone"), SystemExit(3), KeyboardInterrupt()])
def test_what_the_work_raises_is_raised(error):
    def work():
        raise error

    with pytest.raises(type(error)) as told:
        within(60, work)
    assert told.value is error


def test_configuration_of_scikit_learn_goes_along():
    with config_context(assume_finite=True):
        assert within(60, get_config)["assume_finite"]
    assert not within(60, get_config)["assume_finite"]


def test_waiting_that_has_become_vain_ends_before_time_is_up():
    go = threading.Event()
    with pytest.raises(FitTimeoutError):
        within(10**6, go.wait, is_in_vain=lambda: True)
    go.set()


def test_time_that_is_up_is_an_error_that_tells_where_the_work_is():
    go = threading.Event()

    def wait_for_it():
        go.wait(60)

    with pytest.raises(FitTimeoutError, match="in wait_for_it"):
        within(0.05, wait_for_it)
    go.set()


def test_the_next_work_does_not_wait_for_the_one_that_was_given_up():
    go = threading.Event()
    with pytest.raises(FitTimeoutError):
        within(0.05, lambda: go.wait(60))
    assert within(60, lambda: "done") == "done"
    go.set()


def test_a_thread_that_nobody_waits_for_ends_with_its_work():
    go, threads = threading.Event(), []

    def wait_for_it():
        threads.append(threading.current_thread())
        go.wait(60)

    with pytest.raises(FitTimeoutError):
        within(0.1, wait_for_it)
    go.set()
    threads[0].join(60)
    assert not threads[0].is_alive()


def test_after_an_interrupt_nobody_gets_what_was_meant_for_somebody_else():
    go = threading.Event()

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        within(60, go.wait, is_in_vain=interrupt)
    go.set()
    assert within(60, lambda: "mine") == "mine"
