"""Estimators to whose fits something happens, and how their scores are compared with those of sound ones."""

import ctypes
import os
import resource
import signal
import threading
import time
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
from faults._signals import is_first, wait_for
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import Ridge

from multisearch import MultiModelSearchCV

OURS = {"scheduler": "local", "n_jobs": 2}
"""The arguments of a search on local workers of our own."""

FIT_TIMEOUT = 10
"""Seconds that a sound fit of some milliseconds does not take on the busiest machine, in a process just started."""

ONE_SPLIT = [(np.arange(80), np.arange(80, 120))]

HEALED = "healed"
"""A file of this name in the estimator's folder ends all faults."""

LONGER_THAN_A_LIMIT = 6.0
_ENDLESS = 100
_CHUNKS, _CHUNK = 100, 2**21  # 1.6 GB in all


class Faulty(Ridge):
    """A Ridge to whose fit something happens before, by the name of one of the functions below."""

    def __init__(self, alpha=1.0, *, fault="nothing", folder=None):
        super().__init__(alpha=alpha)
        self.fault = fault
        self.folder = folder

    def fit(self, X, y, sample_weight=None):
        happen(self, X)
        return super().fit(X, y, sample_weight)


class FaultyWhenAsked(Faulty):
    """Fits well, and something happens when it predicts."""

    def fit(self, X, y, sample_weight=None):
        return Ridge.fit(self, X, y, sample_weight)

    def predict(self, X):
        happen(self, X)
        return super().predict(X)


class FaultyStep(TransformerMixin, BaseEstimator):
    """A transformer that leaves the rows as they are, if nothing happens to it."""

    def __init__(self, fault="nothing", folder=None):
        self.fault = fault
        self.folder = folder

    def fit(self, X, y=None):
        happen(self, X)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return X


def happen(estimator, X):
    """Let the estimator's fault happen, unless it is healed."""
    if estimator.folder is None or not (Path(estimator.folder) / HEALED).exists():
        FAULTS[estimator.fault](estimator, X)


def say_where(estimator):
    (Path(estimator.folder) / f"started-{os.getpid()}").touch()


def nothing(estimator, X):
    pass


def segfault(estimator, X):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.string_at(0)


def killed(estimator, X):
    os.kill(os.getpid(), signal.SIGKILL)


def exits(estimator, X):
    os._exit(0)


def dies_once(estimator, X):
    if is_first(estimator.folder, "died"):
        killed(estimator, X)


def each_dies_once(estimator, X):
    rows = zlib.crc32(np.ascontiguousarray(X))
    if is_first(estimator.folder, f"died-{estimator.alpha}-{rows}"):
        killed(estimator, X)


def dies_twice_when_made_again(estimator, X):
    if not is_first(estimator.folder, "made") and any(is_first(estimator.folder, name) for name in ("again", "twice")):
        killed(estimator, X)


def dies_whenever_made_again(estimator, X):
    if not is_first(estimator.folder, "made"):
        killed(estimator, X)


def dies_of_all_rows(estimator, X):
    if len(X) == 120:
        killed(estimator, X)


def takes_long_with_all_rows(estimator, X):
    if len(X) == 120:
        time.sleep(LONGER_THAN_A_LIMIT)


def dies_in_company(estimator, X):
    with suppress(TimeoutError):
        wait_for((Path(estimator.folder) / f"company-{os.getpid()}").exists, seconds=1)
    killed(estimator, X)


def keeps_company(estimator, X):
    (Path(estimator.folder) / f"company-{os.getpid()}").touch()
    time.sleep(1.5)


def waits(estimator, X):
    say_where(estimator)
    wait_for((Path(estimator.folder) / "go").exists)


def sleeps(estimator, X):
    say_where(estimator)
    time.sleep(_ENDLESS)
    raise AssertionError("nobody has stopped this fit")


def holds_the_interpreter(estimator, X):
    say_where(estimator)
    ctypes.PyDLL(None).sleep(_ENDLESS)
    raise AssertionError("nobody has stopped this fit")


def goes_on_whatever_is_raised(estimator, X):
    deadline = time.monotonic() + _ENDLESS
    while time.monotonic() < deadline:
        try:
            time.sleep(0.01)
        except BaseException:  # noqa: BLE001 - as some libraries do around callbacks
            continue
    raise AssertionError("nobody has stopped this fit")


def outgrows_the_limit(estimator, X):
    hoard = []
    for _ in range(_CHUNKS):
        hoard.append(np.ones(_CHUNK))
        time.sleep(0.02)
    raise AssertionError("nobody has stopped this fit")


def lacks_memory(estimator, X):
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + 2**28, hard))
    try:
        np.ones(2**31)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class NotPicklableError(Exception):
    def __init__(self):
        super().__init__("has a lock")
        self.lock = threading.Lock()


class NotUnpicklableError(Exception):
    def __init__(self, one, other):
        super().__init__(f"{one} and {other}")


class SpeechlessError(Exception):
    def __str__(self):
        raise RuntimeError("nothing to say")

    __repr__ = __str__


class ExitsWhenPickledError(Exception):
    def __reduce__(self):
        raise SystemExit(4)


ERRORS = {
    "SystemExit": lambda: SystemExit(3),
    "KeyboardInterrupt": KeyboardInterrupt,
    "GeneratorExit": GeneratorExit,
    "StopIteration": StopIteration,
    "NotPicklableError": NotPicklableError,
    "NotUnpicklableError": lambda: NotUnpicklableError("one", "other"),
    "SpeechlessError": SpeechlessError,
    "ExitsWhenPickledError": ExitsWhenPickledError,
}


def raises(estimator, X):
    make = ERRORS[estimator.fault]
    raise make()


def recurses(estimator, X):
    recurses(estimator, X)


FAULTS = {
    function.__name__: function
    for function in (
        nothing,
        segfault,
        killed,
        exits,
        dies_once,
        each_dies_once,
        dies_twice_when_made_again,
        dies_whenever_made_again,
        dies_of_all_rows,
        takes_long_with_all_rows,
        dies_in_company,
        keeps_company,
        waits,
        sleeps,
        holds_the_interpreter,
        goes_on_whatever_is_raised,
        outgrows_the_limit,
        lacks_memory,
    )
} | {**dict.fromkeys(ERRORS, raises), "RecursionError": recurses}

SOUND = [0.01, 0.1, 1.0, 10.0, 100.0]
FAULTY = [1000.0, 2000.0, 3000.0, 4000.0, 5000.0, 6000.0, 7000.0, 8000.0, 9000.0]


def among_sound_ones(faults, folder, model=Faulty):
    """Return a competitor of sound candidates, with one candidate for each of the faults among them."""
    space = [{"alpha": SOUND[:2]}, *({"alpha": [FAULTY[i]], "fault": [fault]} for i, fault in enumerate(faults))]
    return [("ridge", model(folder=str(folder)), [*space, {"alpha": SOUND[2:]}])]


def without_faults(n_faults):
    """Return the same competitor, to whose fits nothing happens."""
    return [("ridge", Ridge(), {"alpha": [*SOUND[:2], *FAULTY[:n_faults], *SOUND[2:]]})]


def sound_rows(n_faults):
    """Return which rows of ``cv_results_`` belong to sound candidates."""
    return [0, 1, *range(2 + n_faults, n_faults + len(SOUND))]


def assert_same_scores(search, data, n_faults=0, *, lost=True):
    """Check that scores are those of an inline search without faults, to the bit; of the faulty ones that are lost.

    Parameters
    ----------
    search : MultiModelSearchCV
        Fitted with `among_sound_ones`.
    data : tuple of X, y
    n_faults : int
        How many candidates are faulty.
    lost : bool
        Whether faulty candidates must have no score instead of the score that they have without faults.
    """
    alone = MultiModelSearchCV(without_faults(n_faults), cv=search.cv, scheduler="inline", refit=False).fit(*data)
    names = [name for name in alone.cv_results_ if name.startswith("split")]
    assert names == [name for name in search.cv_results_ if name.startswith("split")]
    for name in names:
        expected = alone.cv_results_[name].copy()
        if lost:
            expected[np.setdiff1d(np.arange(len(expected)), sound_rows(n_faults))] = np.nan
        np.testing.assert_array_equal(search.cv_results_[name], expected, err_msg=name)
