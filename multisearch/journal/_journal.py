"""Finished evaluations in a file, so that no search computes them again."""

from __future__ import annotations

import errno
import os
import sqlite3
import uuid
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

from multisearch._records import Outcome
from multisearch.journal._file import REPLACE, SELECT, files_of, open_to_write, path_of, transaction
from multisearch.journal._rows import Entry, Record, records_of, row_of

__all__ = ["Entry", "Journal"]

_KEYS_PER_QUERY = 500
"""Well below the number of variables that any SQLite allows in a statement."""


class Journal:
    """Evaluations that are finished, by the key of their content, in an SQLite file on a local disk.

    Any number of searches, in any number of processes, may have one open at the same time; each needs its own object,
    and uses it in the thread that made it. What was added is on the disk when `add` returns.

    Parameters
    ----------
    path : str or os.PathLike
        Of the file; it is made if there is none, in a folder that exists.

    Raises
    ------
    TypeError
        Where `path` is no path.
    ValueError
        Where the file is no journal, is damaged, or was written by a newer version.
    OSError
        Where there can be no journal at this path: FileNotFoundError without its folder, IsADirectoryError,
        PermissionError where it may not be written to, TimeoutError where another process keeps it locked.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path_of(path)
        self._connection = open_to_write(self._path)
        self._files = self._files_on_disk()
        self._search = uuid.uuid4().hex[:12]
        self._has_failed = False
        self._has_told_of_damage = False

    @property
    def path(self) -> str:
        """Where the file is."""
        return str(self._path)

    def find(self, keys: Mapping[tuple[int, int], str], *, retry_failed: bool) -> dict[tuple[int, int], Outcome]:
        """Return the outcomes that are known already.

        Parameters
        ----------
        keys : mapping of (int, int) to str
            The key of what each candidate and fold needs; several may need the same.
        retry_failed : bool
            Leaves out all failures, not only those that may go better the next time.

        Returns
        -------
        dict of (int, int) to Outcome
            By candidate and fold as in `keys`, which the outcomes have as their own.
        """
        try:
            known = {record.key: record for record in self._records(dict.fromkeys(keys.values()))}
        except sqlite3.ProgrammingError:
            raise  # used after `close`, or in another thread
        except sqlite3.Error as error:
            self._give_up(error)
            return {}
        return {
            (candidate, fold): known[key].outcome_for(candidate, fold)
            for (candidate, fold), key in keys.items()
            if key in known and _counts(known[key], retry_failed)
        }

    def add(self, entries: Sequence[Entry]) -> None:
        """Write evaluations down, all of them or none; they replace what was there under the same keys.

        Where that fails, as on a full disk, it warns once, and nothing is written from then on. What was added before
        stays.

        Parameters
        ----------
        entries : sequence of Entry
        """
        if self._has_failed:
            return
        rows = [row_of(entry, self._search) for entry in entries]
        try:
            with transaction(self._connection):
                self._check_files()
                self._connection.executemany(REPLACE, rows)
        except sqlite3.ProgrammingError:
            raise  # used after `close`, or in another thread
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, OSError) and error.errno is None:
                raise  # nothing that the system says: a signal handler of the user's has raised it
            self._give_up(error)

    def close(self) -> None:
        """Leave the file to others; a second time does nothing."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _records(self, keys: Iterable[str]) -> Iterator[Record]:
        for some in _in_parts(list(keys)):
            places = ", ".join("?" * len(some))
            rows = self._connection.execute(f"{SELECT} WHERE key IN ({places})", some).fetchall()
            records, n_damaged = records_of(rows)
            if n_damaged:
                self._tell_of_damage()
            yield from records

    def _files_on_disk(self) -> list[tuple[int, int]]:
        """Return what the file system calls our files now, whoever else has files of their names later."""
        states = [path.stat() for path in files_of(self._path)]
        return [(state.st_dev, state.st_ino) for state in states]

    def _check_files(self) -> None:
        """Notice that the files are gone: what is written into a deleted file is lost without an error."""
        if self._files_on_disk() != self._files:
            raise FileNotFoundError(errno.ENOENT, "Another file has taken its place", str(self._path))

    def _give_up(self, error: Exception) -> None:
        if self._has_failed:
            return
        self._has_failed = True
        warnings.warn(
            f"The journal {self._path} cannot be used any more: {error}. The search goes on without it; "
            "what finishes from now on would have to be computed again.",
            UserWarning,
            stacklevel=3,
        )

    def _tell_of_damage(self) -> None:
        if self._has_told_of_damage:
            return
        self._has_told_of_damage = True
        warnings.warn(
            f"The journal {self._path} has damaged records, whose checksum is wrong. They are ignored, and replaced "
            "when the same evaluations are finished again.",
            UserWarning,
            stacklevel=4,
        )


def _in_parts(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        yield keys[start : start + _KEYS_PER_QUERY]


def _counts(record: Record, retry_failed: bool) -> bool:
    failure = record.failure
    return failure is None or (failure.is_final and not retry_failed)
