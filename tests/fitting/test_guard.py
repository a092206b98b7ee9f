import threading

import numpy as np
import pytest

from multisearch._interrupts import Interrupts, uninterrupted
from multisearch._records import RAISED, TIMEOUT
from multisearch.fitting._guard import EndsSearchError, guarded, timed_out
from multisearch.fitting._limit import FitTimeoutError
from multisearch.fitting._shared import StepResult, lent


def raising(error):
    def work(_):
        raise error

    return work


class NoWordsError(Exception):
    def __str__(self):
        raise RuntimeError("nothing to say")


class LockedError(Exception):
    def __init__(self):
        super().__init__("has a lock")
        self.lock = threading.Lock()


def test_what_the_work_gives_is_returned():
    assert guarded(lambda shared: (shared, 1), None, uninterrupted) == ((None, 1), None)


@pytest.mark.parametrize(
    "error", [ValueError("bad"), SystemExit(3), KeyboardInterrupt(), GeneratorExit(), RecursionError("deep")]
)
def test_whatever_is_raised_becomes_a_value(error):
    result, failure = guarded(raising(error), None, uninterrupted)
    assert result is None
    assert failure.kind == RAISED
    assert failure.message == f"{type(error).__name__}: {error}"
    assert "in work" in failure.traceback
    assert type(failure.exception) is type(error)


def test_interrupts_of_the_users_are_raised():
    with pytest.raises(KeyboardInterrupt):
        guarded(raising(KeyboardInterrupt()), None, Interrupts)


def test_an_interrupt_of_the_users_in_a_scorer_is_raised_as_it_was():
    def work(_):
        raise EndsSearchError from KeyboardInterrupt()

    with pytest.raises(KeyboardInterrupt):
        guarded(work, None, Interrupts)


def test_an_exception_that_cannot_say_what_it_is_about_is_kept_all_the_same():
    _, failure = guarded(raising(NoWordsError()), None, uninterrupted)
    assert failure.message == "NoWordsError: no message"
    assert "in work" in failure.traceback


def test_an_exception_that_does_not_survive_pickling_is_kept_as_text():
    _, failure = guarded(raising(LockedError()), None, uninterrupted)
    assert failure.exception is None
    assert failure.message == "LockedError: has a lock"


def test_what_no_error_score_can_stand_for_says_so():
    def work(_):
        raise EndsSearchError from ValueError("no number")

    _, failure = guarded(work, None, uninterrupted)
    assert failure.ends_search
    assert failure.message == "ValueError: no number"


def test_work_that_writes_into_shared_rows_is_done_on_a_copy():
    shared = StepResult(train=np.ones(3))

    def work(given):
        own = lent(given, known=True, copies=())
        np.multiply(own.train, 2, out=own.train)
        return own.train.sum()

    assert guarded(work, shared, uninterrupted) == (6.0, None)
    assert shared.train.sum() == 3


def test_a_fit_that_has_used_up_its_time_says_how_much_that_was():
    failure = timed_out(2.5, FitTimeoutError("  in fit\n"))
    assert failure.kind == TIMEOUT
    assert failure.message == "TimeoutError: it took longer than fit_timeout=2.5 seconds"
    assert failure.traceback == f"  in fit\n{failure.message}"
    assert isinstance(failure.exception, TimeoutError)
    assert not failure.is_final


def test_only_exceptions_that_do_not_speak_of_memory_are_final():
    assert guarded(raising(ValueError("bad")), None, uninterrupted)[1].is_final
    assert not guarded(raising(MemoryError("8 GB")), None, uninterrupted)[1].is_final
