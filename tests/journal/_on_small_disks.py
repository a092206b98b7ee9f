"""What journals do on a disk that is full or can only be read, as a script: ``_on_small_disks.py FOLDER HOW``.

The disk is FOLDER/disk. What happened is left in FOLDER/report.json, and the disk's files in FOLDER/copy.

HOW is "full" for a disk that fills up, "limit" for a process that may not write longer files, and "read-only" for a
disk that becomes so in between.
"""

import json
import resource
import shutil
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path

from journal._journals import entry, write

from multisearch._records import Failure
from multisearch.journal import Journal, read_journal

LONG = Failure("ValueError: no", "Traceback ...\n" + 2000 * "x")


def outgrow(disk):
    """Add entries until the journal warns, and three more."""
    added = []
    with warnings.catch_warnings(record=True) as given, Journal(disk / "journal.db") as journal:
        warnings.simplefilter("always")
        for number in range(5000):
            journal.add([entry(f"{number}", failure=LONG)])
            if given:
                break
            added.append(f"{number}")
        for number in range(3):
            journal.add([entry(f"later {number}")])
    return {"added": added, "said": [str(one.message) for one in given]}


def full(disk):
    report = outgrow(disk)
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))
    return {**report, "new": error_of(Journal, disk / "new.db"), "left": [path.name for path in disk.glob("new*")]}


def limit(disk):
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    report = outgrow(disk)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    return report


def read_only(disk):
    write(disk / "closed.db", entry("a"), entry("b"))
    with Journal(disk / "journal.db") as journal:
        journal.add([entry("c")])
        for suffix in ("", "-wal"):  # as a killed process leaves them; by another one: this one has locks on them
            subprocess.run(["cp", disk / f"journal.db{suffix}", disk / f"killed.db{suffix}"], check=True)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    return {
        "closed": error_of(Journal, disk / "closed.db"),
        "new": error_of(Journal, disk / "new.db"),
        "read": read_journal(disk / "closed.db")["key"].tolist(),
        "with log": error_of(read_journal, disk / "killed.db"),
    }


def error_of(function, path):
    try:
        function(path)
    except OSError as error:
        return [type(error).__name__, error.filename, error.errno]
    return None


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    report = {"full": full, "limit": limit, "read-only": read_only}[sys.argv[2]](folder / "disk")
    shutil.copytree(folder / "disk", folder / "copy")
    (folder / "report.json").write_text(json.dumps(report))
