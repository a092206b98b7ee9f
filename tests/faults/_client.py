"""A search in a process of its own, as a script: ``_client.py FOLDER N_JOBS N_CANDIDATES [SCHEDULER]``.

It leaves what it has found in files, at once or not at all. What has arrived from workers, and what callbacks are told
of, it says in files of its own while it runs, so that a journal can be compared with something else than itself.
"""

import os
import pickle
import signal
import sys
from pathlib import Path

from faults._traced import X, search_in, y

from multisearch.callbacks import Callback
from multisearch.estimator import _search_cv
from multisearch.loop import _search


class Log:
    """A file that has every line that was ever written to it, however the process ends."""

    def __init__(self, path):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, evaluations):
        line = " ".join(f"{alpha!r} {fold}" for alpha, fold in evaluations)
        os.write(self._file, f"{line}\n".encode())


class Told(Callback):
    """Logs each evaluation that callbacks are told of, as they are told."""

    def __init__(self, folder):
        self._log = Log(folder / "told")

    def on_outcome(self, candidate, outcome):
        self._log.write([(candidate.params["alpha"], outcome.fold)])


def logged_arrivals(folder, task_loop):
    """Return a task loop that logs the batches that come from workers before anybody else hears of them."""
    log = Log(folder / "arrived")

    class Logged(task_loop):
        def results(self):
            for batch, result in super().results():
                alphas = {one.candidate.index: one.candidate.params["alpha"] for one in batch.evaluations}
                log.write([(alphas[outcome.candidate], outcome.fold) for outcome in result.outcomes])
                yield batch, result

    return Logged


def leave(folder, name, value):
    new = folder / f"{name}.new"
    new.write_bytes(pickle.dumps(value))
    new.replace(folder / name)


def main():
    folder, n_jobs, n_candidates = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    scheduler = sys.argv[4] if len(sys.argv) > 4 else None
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored in what runs in the background
    _search_cv.callbacks_for = lambda *_: [Told(folder)]
    _search.TaskLoop = logged_arrivals(folder, _search.TaskLoop)
    search = search_in(folder, n_candidates, n_jobs=n_jobs, scheduler=scheduler)
    (folder / "begun").touch()
    try:
        search.fit(X, y)
    except KeyboardInterrupt:
        leave(folder, "partial", search.partial_results_)
        raise
    leave(folder, "found", (search.cv_results_, search.search_stats_))


if __name__ == "__main__":
    main()
