"""Processes that tests start and kill: clusters from the command line, and scripts."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from faults._signals import wait_for

TESTS = Path(__file__).parents[1]


@contextmanager
def started(*command, folder, path=()) -> Iterator[subprocess.Popen]:
    """Run a command in a folder, where it leaves what it says in a file; it is killed in the end.

    Parameters
    ----------
    *command : str
    folder : Path
    path : sequence of Path
        Where the process looks for modules first; it finds those of the tests and of this tree, too.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*path, TESTS, TESTS.parent]))}
    with (folder / "said.txt").open("ab") as said:
        process = subprocess.Popen(list(map(str, command)), cwd=folder, env=environment, stdout=said, stderr=said)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def scheduler(folder, *, path=(), host="127.0.0.1", inside=()) -> Iterator[tuple[subprocess.Popen, str]]:
    """Start a scheduler from the command line; yield the process and its address."""
    file = folder / "scheduler.json"
    options = ["--host", host, "--port", "0", "--no-dashboard", "--scheduler-file", file]
    with started(*inside, sys.executable, "-m", "dask", "scheduler", *options, folder=folder, path=path) as process:
        wait_for(lambda: file.exists() and file.read_text().rstrip().endswith("}"))
        yield process, json.loads(file.read_text())["address"]


@contextmanager
def worker(address, folder, *options, path=(), host="127.0.0.1", inside=()) -> Iterator[subprocess.Popen]:
    """Start a worker from the command line that is one process with one thread, and is not replaced when it dies."""
    fixed = ["--host", host, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", folder]
    command = [*inside, sys.executable, "-m", "dask", "worker", address, *fixed, *options]
    with started(*command, folder=folder, path=path) as process:
        yield process


def family(process):
    """Return a process and all that it has started."""
    parent = psutil.Process(process.pid)
    return [parent, *parent.children(recursive=True)]


def have_ended(processes, seconds=60):
    """Say whether all processes end in time; one that only waits for its exit code to be read counts as ended."""
    deadline = time.monotonic() + seconds
    while any(map(_runs, processes)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _runs(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
