"""Makes journals and is killed in the midst of each, as a script: ``_makes.py FOLDER``.

The journal of the name N is the work of a process that was killed before its N-th statement, until one has none left.
It says each number and statement.
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from multisearch.journal import Journal, _file


def be_killed_before(number):
    """Let this process be killed at the N-th statement that SQLite begins; say which it is."""
    numbers = count(1)
    connect = _file._connect

    def look(statement):
        if next(numbers) == number:
            sys.stdout.write(f"{number} {' '.join(statement.split())}\n")
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    def connect_and_look(*arguments):
        connection = connect(*arguments)
        connection.set_trace_callback(look)
        return connection

    _file._connect = connect_and_look


def make(path, number):
    """Make a journal in another process; return whether that was killed."""
    child = os.fork()
    if child == 0:
        be_killed_before(number)
        Journal(path).close()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


if __name__ == "__main__":
    for number in count(1):
        if not make(Path(sys.argv[1]) / f"{number}.journal", number):
            break
