"""A search in a process of its own, as a script: ``_client.py FOLDER N_JOBS N_CANDIDATES``.

It leaves what it has found in files, at once or not at all.
"""

import pickle
import signal
import sys
from pathlib import Path

from faults._traced import X, search_in, y


def leave(folder, name, value):
    new = folder / f"{name}.new"
    new.write_bytes(pickle.dumps(value))
    new.replace(folder / name)


def main():
    folder, n_jobs, n_candidates = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored in what runs in the background
    search = search_in(folder, n_candidates, n_jobs=n_jobs)
    (folder / "begun").touch()
    try:
        search.fit(X, y)
    except KeyboardInterrupt:
        leave(folder, "partial", search.partial_results_)
        raise
    leave(folder, "found", (search.cv_results_, search.search_stats_))


if __name__ == "__main__":
    main()
