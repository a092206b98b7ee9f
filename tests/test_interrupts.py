"""What a signal handler of the user's raises ends the search, wherever it comes up; a fit's own alarm is a failure."""

import functools
import random
import signal
import sys
import threading
import time
import traceback

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from multisearch import MultiModelSearchCV
from multisearch._interrupts import Interrupts, raise_interrupt, uninterrupted

N_ALARMS = 40


class TooLongError(Exception):
    """What the user's handler raises."""


def on_alarm(number, frame):
    raise TooLongError("time is up")


class Handler:
    def __call__(self, number, frame):
        raise TooLongError("time is up")

    def method(self, number, frame):
        raise TooLongError("time is up")


@pytest.fixture
def handled():
    """Set a handler for SIGALRM, and in the end the one that was there; nothing rings any more."""
    before = signal.getsignal(signal.SIGALRM)
    timer = signal.getitimer(signal.ITIMER_REAL)
    signal.setitimer(signal.ITIMER_REAL, 0)
    yield lambda handler=on_alarm: signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, *timer)
    signal.signal(signal.SIGALRM, before)


def rung():
    """Return what comes of an alarm."""
    try:
        signal.raise_signal(signal.SIGALRM)
    except TooLongError as error:
        return error


@pytest.mark.parametrize(
    "handler",
    [on_alarm, Handler(), Handler().method, functools.partial(on_alarm), functools.partial(Handler().method)],
    ids=["function", "object", "method", "partial", "partial of a method"],
)
def test_what_a_handler_raises_is_the_users(handled, handler):
    handled(handler)
    signal.setitimer(signal.ITIMER_REAL, 1000)
    with Interrupts() as is_interrupt:
        error = rung()
        assert is_interrupt(error)
        assert not is_interrupt(TooLongError("not from there"))


def test_the_alarm_of_a_timer_set_by_the_work_is_the_works_own(handled):
    handled()
    with Interrupts() as is_interrupt:
        assert not is_interrupt(rung())


def test_so_it_is_where_the_work_has_set_the_handler(handled):
    signal.setitimer(signal.ITIMER_REAL, 1000)
    with Interrupts() as is_interrupt:
        handled()
        error = rung()
        handled(signal.SIG_DFL)
        assert not is_interrupt(error)


def test_other_signals_come_from_outside():
    before = signal.signal(signal.SIGUSR1, on_alarm)
    try:
        with Interrupts() as is_interrupt, pytest.raises(TooLongError) as raised:
            signal.raise_signal(signal.SIGUSR1)
        assert is_interrupt(raised.value)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_what_was_made_from_an_interrupt_is_one_and_what_came_up_after_it_is_none(handled):
    handled()
    interrupts = Interrupts()
    made, later = RuntimeError("made from it"), RuntimeError("later")
    made.__cause__, later.__context__ = rung(), rung()
    assert interrupts(made)
    assert not interrupts(later)


def test_an_interrupt_from_the_keyboard_is_the_users():
    with Interrupts() as is_interrupt:
        assert is_interrupt(KeyboardInterrupt())
    with uninterrupted() as is_interrupt:
        assert not is_interrupt(KeyboardInterrupt())


def test_the_innermost_work_of_a_thread_decides(handled):
    handled()
    error = rung()
    with pytest.raises(TooLongError):
        raise_interrupt(error)
    with Interrupts():
        raise_interrupt(error)
        with uninterrupted():
            raise_interrupt(KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            raise_interrupt(KeyboardInterrupt())


class TimedRidge(Ridge):
    """Limits its fit by itself, as it is often done."""

    def fit(self, X, y):
        def out_of_time(number, frame):
            raise TooLongError("its own limit")

        signal.signal(signal.SIGALRM, out_of_time)
        signal.setitimer(signal.ITIMER_REAL, 0.01 if self.alpha > 1 else 100)
        try:
            if self.alpha > 1:
                time.sleep(100)
            return super().fit(X, y)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning", "ignore:One or more of the test scores")
def test_a_fit_that_limits_itself_has_failed_in_every_search(handled, regression):
    handled(signal.SIG_DFL)
    search = MultiModelSearchCV([("timed", TimedRidge(), {"alpha": [0.1, 10.0]})], cv=2, scheduler="inline")
    for _ in range(2):  # the first one leaves its handler behind
        search.fit(*regression)
        assert list(search.failures_["message"]) == ["TooLongError: its own limit"] * 2


@pytest.mark.parametrize("error", [TimeoutError, SystemExit, TooLongError])
def test_the_search_ends_with_what_the_users_handler_has_raised(handled, regression, error):
    def leave(number, frame):
        raise error("enough")

    class Interrupted(Ridge):
        def fit(self, X, y):
            signal.raise_signal(signal.SIGALRM)
            return super().fit(X, y)

    handled(leave)
    signal.setitimer(signal.ITIMER_REAL, 1000)
    search = MultiModelSearchCV([("a", Ridge(), {}), ("b", Interrupted(), {})], cv=2, scheduler="inline")
    with pytest.raises(error, match="enough"):
        search.fit(*regression)
    assert not hasattr(search, "cv_results_")


def search_of_many_kinds():
    ridge = make_pipeline(PolynomialFeatures(2), StandardScaler(), Ridge())
    forest = make_pipeline(StandardScaler(), RandomForestRegressor(random_state=0))
    return MultiModelSearchCV(
        [
            ("ridge", ridge, {"ridge__alpha": [0.1, 10.0]}),
            ("forest", forest, {"randomforestregressor__n_estimators": [2, 4]}),
        ],
        cv=2,
        scoring=["r2", "neg_max_error"],
        refit="r2",
        optimize="verify",
        scheduler="inline",
    )


def test_an_alarm_at_any_moment_ends_the_search_and_leaves_nothing_half_done(handled, regression, monkeypatch):
    passed_over, rung_at = [], []
    monkeypatch.setattr(sys, "unraisablehook", passed_over.append)  # Python itself raises nothing from destructors

    def ring(number, frame):
        rung_at[:] = traceback.format_stack(frame)
        raise TooLongError("time is up")

    search = search_of_many_kinds()
    start = time.perf_counter()
    expected = search.fit(*regression).cv_results_
    seconds = time.perf_counter() - start
    handled(ring)
    moments = random.Random(0)
    n_raised = 0
    for _ in range(N_ALARMS):
        search = search_of_many_kinds()
        passed_over.clear()
        rung_at.clear()
        signal.setitimer(signal.ITIMER_REAL, moments.uniform(seconds / 100, seconds))
        try:
            search.fit(*regression)
            signal.setitimer(signal.ITIMER_REAL, 0)
        except TooLongError:
            n_raised += 1
        else:
            assert passed_over or not rung_at, "".join(rung_at)
        if hasattr(search, "cv_results_"):  # it had come to its end, before the alarm or just when that rang
            assert np.array_equal(search.cv_results_["mean_test_r2"], expected["mean_test_r2"])
        else:
            assert_part_of(expected, getattr(search, "partial_results_", {}))
    assert n_raised


def assert_part_of(expected, partial):
    for params, mean in zip(partial.get("params", []), partial.get("mean_test_r2", []), strict=True):
        assert mean == expected["mean_test_r2"][expected["params"].index(params)]


def test_no_signal_comes_to_another_thread(handled, regression):
    handled()
    search = MultiModelSearchCV([("ridge", Ridge(), {"alpha": [0.1, -1.0]})], cv=2, scheduler="inline")
    failed = []

    def fit():
        with pytest.warns(match="2 fits failed|non-finite"):
            failed.append(len(search.fit(*regression).failures_))

    thread = threading.Thread(target=fit)
    thread.start()
    thread.join()
    assert failed == [2]
