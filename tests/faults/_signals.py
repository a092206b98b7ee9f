"""How the processes of a test tell each other where they are: by files in a folder, not by time."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path


def wait_for(condition, seconds=200):
    """Wait until a condition is true, and return what it says."""
    deadline = time.monotonic() + seconds
    while not (said := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{condition} was not true within {seconds} s")
        time.sleep(0.01)
    return said


def is_first(folder, name):
    """Say whether nobody has asked this before, in any process."""
    try:
        (Path(folder) / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def pids_that_started(folder):
    """Return the processes in which a fit that waits or hangs has begun."""
    return {int(file.name.rpartition("-")[2]) for file in Path(folder).glob("started-*")}


@contextmanager
def meanwhile(work) -> Iterator[None]:
    """Do something while the block runs; what goes wrong in it is raised in the end."""
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(work)
        yield
        future.result(timeout=200)
