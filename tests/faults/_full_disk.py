"""A search that can write its journal no more, as a script: ``_full_disk.py FOLDER HOW``; says as JSON what it did.

The journal lies in FOLDER/disk. HOW is "full" for a small file system of its own that fills up on the way, "limit" for
a process that may write no longer files from some moment on, and "read-only".
"""

import json
import resource
import sys
import warnings
from contextlib import suppress
from pathlib import Path

from faults._traced import Traced, X, fits_in, search_in, set_pace, undisturbed, y
from helpers import assert_same_results

from multisearch import read_journal

FULL_AFTER = 20


class FillsTheDisk(Traced):
    """Leaves no room for the journal after some fits of the first search."""

    def fit(self, X, y):
        super().fit(X, y)
        if len(fits_in(Path(self.folder))) == FULL_AFTER:
            FILL[sys.argv[2]](Path(self.folder) / "disk")
        return self


def fill(disk):
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))


def limit(disk):
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def heal(disk):
    (disk / "filler").unlink(missing_ok=True)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


FILL = {"full": fill, "limit": limit}


def searched(folder):
    """Return a fitted search, and what it has warned about."""
    search = search_in(folder, model=FillsTheDisk, scheduler="inline", journal=folder / "disk" / "journal.sqlite")
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        search.fit(X, y)
    return search, [str(one.message) for one in given]


def report(folder):
    """Search twice, the second time with room again; return what happened."""
    expected = undisturbed(folder)
    try:
        first, said = searched(folder)
    except OSError as error:
        return {"error": type(error).__name__, "fits": len(fits_in(folder))}
    heal(folder / "disk")
    kept = len(read_journal(folder / "disk" / "journal.sqlite"))
    second, said_later = searched(folder)
    for search in (first, second):
        assert_same_results(expected, search.cv_results_)
    taken = second.search_stats_.evaluations_from_journal
    return {"said": said, "kept": kept, "taken": taken, "said_later": said_later}


if __name__ == "__main__":
    set_pace(Path(sys.argv[1]), 0)
    (Path(sys.argv[1]) / "report.json").write_text(json.dumps(report(Path(sys.argv[1]))))
