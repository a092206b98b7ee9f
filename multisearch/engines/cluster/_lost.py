"""Why a task on a dask cluster has no result, in sentences for the user."""

from __future__ import annotations

from typing import Any

from distributed.scheduler import KilledWorker

from multisearch._records import KILLED, TIMEOUT, Failure, Lost


def died_below(error: Any, key: Any) -> bool:
    """Say whether a task has not begun, because dask gave up another one that it stands on."""
    return isinstance(error, KilledWorker) and str(error.task) != str(key)


def killed(error: KilledWorker) -> Lost:
    """Return what comes instead of the result of a task that dask gave up after several deaths."""
    times, where = error.allowed_failures + 1, error.last_worker.address
    sentence = (
        f"the worker process died, {times} times in a row (the last one was {where}), as when memory runs out "
        "or native code crashes"
    )
    return Lost(Failure(sentence, sentence, kind=KILLED), worker=where)


def gone_with_its_base(times: int) -> Lost:
    """Return what comes instead of the result of a task whose data or shared step were lost again and again."""
    sentence = f"the worker process died, and what the fit stands on with it, {times} times in a row"
    return Lost(Failure(sentence, sentence, kind=KILLED))


def no_sign_of_life(seconds: float) -> Lost:
    """Return what comes instead of the result of a task on a worker that did not answer for so long."""
    sentence = f"the worker gave no sign of life for {seconds:g} seconds, longer than fit_timeout, and was ended"
    return Lost(Failure(sentence, sentence, kind=TIMEOUT))
