"""The SQLite file of a journal: opened, made and checked, whoever has written it."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from multisearch.journal._rows import COLUMNS, Row, columns_of

APPLICATION_ID = 0x4D53_4A6C
"""Says in the file's header whose it is: "MSJl"."""

VERSION = 3
"""Of what is in the file; the next one has to read files of this one."""

BUSY_SECONDS = 30.0
"""How long to wait for another process that is writing."""

_SECONDS_BETWEEN_ATTEMPTS = 0.01

_TABLES = {
    1: """CREATE TABLE evaluations (
    key TEXT NOT NULL PRIMARY KEY,
    search TEXT NOT NULL,
    finished TEXT NOT NULL,
    estimator TEXT NOT NULL,
    fold INTEGER NOT NULL,
    params TEXT NOT NULL,
    fit_time REAL,
    score_time REAL,
    seconds REAL,
    test_scores TEXT,
    train_scores TEXT,
    n_iterations INTEGER,
    kind TEXT,
    message TEXT,
    traceback TEXT,
    worker TEXT,
    checksum TEXT NOT NULL
) WITHOUT ROWID""",
    2: """CREATE TABLE evaluations (
    key TEXT NOT NULL PRIMARY KEY,
    search TEXT NOT NULL,
    finished TEXT NOT NULL,
    estimator TEXT NOT NULL,
    fold INTEGER NOT NULL,
    params TEXT NOT NULL,
    fit_time REAL,
    score_time REAL,
    seconds REAL,
    test_scores TEXT,
    train_scores TEXT,
    n_iterations INTEGER,
    kind TEXT,
    message TEXT,
    traceback TEXT,
    worker TEXT,
    hardware TEXT,
    threads INTEGER,
    checksum TEXT NOT NULL
) WITHOUT ROWID""",
    3: """CREATE TABLE evaluations (
    key TEXT NOT NULL PRIMARY KEY,
    search TEXT NOT NULL,
    finished TEXT NOT NULL,
    estimator TEXT NOT NULL,
    fold INTEGER NOT NULL,
    params TEXT NOT NULL,
    fit_time REAL,
    score_time REAL,
    seconds REAL,
    test_scores TEXT,
    train_scores TEXT,
    n_iterations INTEGER,
    kind TEXT,
    message TEXT,
    traceback TEXT,
    worker TEXT,
    hardware TEXT,
    threads INTEGER,
    history BLOB,
    used_up INTEGER,
    checksum TEXT NOT NULL
) WITHOUT ROWID""",
}
"""All that a file of each version may define: SQLite would run a view, a trigger or an expression of a stranger's.

Without row numbers there is one tree of pages only, so that no index can disagree with the rows.
"""

SELECT = f"SELECT {', '.join(COLUMNS)}, checksum FROM evaluations"
REPLACE = f"REPLACE INTO evaluations ({', '.join(COLUMNS)}, checksum) VALUES ({', '.join('?' * (len(COLUMNS) + 1))})"

_SAFE = ("trusted_schema = OFF", "cell_size_check = ON")
"""Against files that were made to mislead SQLite."""

_DURABLE = ("synchronous = FULL", "fullfsync = ON")
"""What is committed is on the disk; macOS needs to be asked twice."""

_OTHER = "give the path of another file, which need not exist yet"


def path_of(journal: object) -> Path:
    """Return the absolute path of what was given as the journal, with links resolved as SQLite does.

    Raises
    ------
    TypeError
        Where it is no path.
    """
    try:
        path: Any = os.fspath(journal)  # type: ignore[call-overload]
    except TypeError:
        path = None
    if not isinstance(path, str):
        raise TypeError(f"a journal is the path of a file, as a str or an os.PathLike of str; got {journal!r}")
    return Path(os.path.realpath(path))


def log_of(path: Path) -> Path:
    """Return the path of the file beside the journal that holds what was added last."""
    return path.with_name(f"{path.name}-wal")


def files_of(path: Path) -> list[Path]:
    """Return the paths of all files that a journal in use consists of: itself, its log, and an index of the log."""
    return [path, log_of(path), path.with_name(f"{path.name}-shm")]


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open a journal, or make one, and prove that it can be written to.

    Raises
    ------
    ValueError
        Where the file is no journal, is damaged, or was written by a newer version.
    OSError
        Of the kind that says why there can be no journal.
    """
    _check_place(path)
    is_new = not path.exists()
    with _explained(path):
        connection = _connect(path, "mode=rwc")
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            if is_new:
                _remove_if_empty(path)
            raise
    return connection


def read_rows(path: Path) -> list[Row]:
    """Return all rows of a journal, checked for nothing but the file's own form.

    Raises
    ------
    ValueError
        Where the file is no journal, is damaged, or was written by a newer version.
    OSError
        Of the kind that says why it cannot be read.
    """
    _check_place(path)
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, "There is no such journal", str(path))
    with _explained(path):
        try:
            return _all_rows(path, "mode=rw")
        except sqlite3.OperationalError as error:
            if _code_of(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) or _has_log(path):
                raise
            # SQLite wants to make a log even to read; where nobody can write none is needed.
            return _all_rows(path, "mode=ro&immutable=1")


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Commit what is done within, all or nothing."""
    try:
        connection.execute(begin)
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # after some errors SQLite has rolled back on its own
            connection.execute("ROLLBACK")
        raise


def _check_place(path: Path) -> None:
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "The folder of the journal does not exist; make it first", str(path))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "A journal is a file, this is a folder", str(path))
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is no regular file, so that it cannot be a journal; {_OTHER}")


def _connect(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.as_uri()}?{options}", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    connection.text_factory = _text_of_any
    return connection


def _text_of_any(raw: bytes) -> str:
    """Return damaged text too, as text: the checksum tells, while an error would hide all other rows."""
    return raw.decode("utf-8", "replace")


def _set(connection: sqlite3.Connection, pragmas: tuple[str, ...]) -> None:
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _value_of(connection: sqlite3.Connection, pragma: str) -> Any:
    return connection.execute(f"PRAGMA {pragma}").fetchall()[0][0]


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    _set(connection, _SAFE)
    with transaction(connection, "BEGIN"):
        if not _is_empty(connection, path):
            _check_pages(connection, path)
    _set(connection, _DURABLE)
    with transaction(connection):
        if _is_empty(connection, path):  # asked again, since another process may have made the table meanwhile
            connection.execute(_TABLES[VERSION])
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        elif (version := _value_of(connection, "user_version")) < VERSION:
            _bring_up_to_date(connection, version)
    _switch_to_write_ahead_log(connection, path)
    with transaction(connection):  # writes, so that a full disk is found before any work
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    """Move the rows into a table of the newest version; altered, it would not be defined in the words that we check."""
    connection.execute("ALTER TABLE evaluations RENAME TO older")
    connection.execute(_TABLES[VERSION])
    columns = ", ".join((*columns_of(version), "checksum"))
    connection.execute(f"INSERT INTO evaluations ({columns}) SELECT {columns} FROM older")
    connection.execute("DROP TABLE older")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _all_rows(path: Path, options: str) -> list[Row]:
    with closing(_connect(path, options)) as connection:
        _set(connection, _SAFE)
        with transaction(connection, "BEGIN"):
            if _is_empty(connection, path):
                return []
            _check_pages(connection, path)
            known = columns_of(_value_of(connection, "user_version"))
            cells = ", ".join(name if name in known else f"NULL AS {name}" for name in COLUMNS)
            return connection.execute(f"SELECT {cells}, checksum FROM evaluations").fetchall()


def _is_empty(connection: sqlite3.Connection, path: Path) -> bool:
    """Say whether nothing is in the file yet; it has to be a journal that this version can read otherwise."""
    owner, version = _value_of(connection, "application_id"), _value_of(connection, "user_version")
    contents = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    if not (owner or version or contents):
        return True
    if owner != APPLICATION_ID:
        raise ValueError(f"{path} is an SQLite file of another program, not a journal; {_OTHER}")
    if version > VERSION:
        raise ValueError(
            f"{path} is the journal of a newer multisearch (its version is {version}, this one reads up to {VERSION}); "
            f"install a newer multisearch, or {_OTHER}"
        )
    if contents != [("table", "evaluations", _TABLES.get(version))]:
        raise ValueError(
            f"{path} was changed by another program: a journal holds the table 'evaluations', as multisearch makes it, "
            f"and nothing else; {_OTHER}"
        )
    return False


def _check_pages(connection: sqlite3.Connection, path: Path) -> None:
    found = _value_of(connection, "integrity_check(1)")
    if found != "ok":
        raise _damage(path, found)


def _damage(path: Path, found: object) -> ValueError:
    return ValueError(
        f"the journal {path} is damaged ({' '.join(str(found).split())}); move it away to begin a new one, "
        "and see what `sqlite3 FILE .recover` can save"
    )


def _switch_to_write_ahead_log(connection: sqlite3.Connection, path: Path) -> None:
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            mode = _value_of(connection, "journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # For this one statement SQLite does not wait for others, who may be switching at the same time.
            if _code_of(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_SECONDS_BETWEEN_ATTEMPTS)
        else:
            break
    if mode != "wal":
        raise OSError(errno.EOPNOTSUPP, "A journal has to be on a local file system, with shared memory", str(path))


def _has_log(path: Path) -> bool:
    log = log_of(path)
    return log.exists() and log.stat().st_size > 0


def _remove_if_empty(path: Path) -> None:
    with suppress(OSError):
        if path.stat().st_size == 0:
            path.unlink()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Raise what SQLite runs into as errors that say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explanation(error, path) from error
    except UnicodeDecodeError as error:  # from SQLite's message, which quotes a damaged definition
        raise _damage(path, error) from error


def _code_of(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF  # the rest tells variants apart


def _explanation(error: sqlite3.Error, path: Path) -> Exception:
    code = _code_of(error)
    refusal = _refusal_of_file_system(path)
    if code == sqlite3.SQLITE_NOTADB:
        return ValueError(f"{path} is no SQLite file, or its beginning is damaged, so that it is no journal; {_OTHER}")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        sentence = f"Another process has kept the journal locked for {BUSY_SECONDS:g} seconds"
        return TimeoutError(errno.ETIMEDOUT, sentence, str(path))
    if code == sqlite3.SQLITE_FULL:
        return OSError(errno.ENOSPC, "There is no space left for the journal", str(path))
    says_so_itself = code == sqlite3.SQLITE_READONLY and refusal is None
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR) or says_so_itself:
        return _damage(path, error)
    return refusal or OSError(errno.EIO, f"The journal cannot be used ({error})", str(path))


def _refusal_of_file_system(path: Path) -> OSError | None:
    """Return why nothing can be written at this path or beside it: SQLite does not tell."""
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        sentence = f"No file can be made in the folder of the journal ({error.strerror})"
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return PermissionError(error.errno, sentence, str(path))
        return OSError(error.errno, sentence, str(path))
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return PermissionError(errno.EACCES, "The journal may not be written to", str(path))
    return None
