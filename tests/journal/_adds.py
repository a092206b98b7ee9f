"""Adds entries to a journal, as a script: ``_adds.py PATH PREFIX COUNT``.

It begins at a line on its input, and says the keys of each three entries as soon as they are added.
"""

import sys

from journal._journals import entry

from multisearch.journal import Journal


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _, path, prefix, count = sys.argv
    say("ready")
    sys.stdin.readline()
    with Journal(path) as journal:
        for number in range(int(count)):
            keys = [f"{prefix}{number}.{part}" for part in range(3)]
            journal.add([entry(key) for key in keys])
            say(" ".join(keys))
