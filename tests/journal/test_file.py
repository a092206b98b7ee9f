import os
import sqlite3
import sys
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from journal._journals import entry, found, known, write
from namespaces import as_anybody

from multisearch.journal import Journal, _file, read_journal

either = pytest.mark.parametrize("opens", [Journal, read_journal])

N_ENTRIES = 60


@pytest.fixture
def path(tmp_path):
    return tmp_path / "search.journal"


def as_sqlite(path, *statements):
    """Do something to a file that no journal does."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def value_of(path, pragma):
    connection = sqlite3.connect(path)
    (row,) = connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.close()
    return row[0]


# Places


@either
@pytest.mark.parametrize("journal", [None, 3, b"search.journal", ["search.journal"]])
def test_what_is_no_path_is_an_error(opens, journal):
    with pytest.raises(TypeError, match=r"path of a file, as a str or an os\.PathLike"):
        opens(journal)


@either
def test_a_folder_that_does_not_exist_is_an_error(tmp_path, opens):
    with pytest.raises(FileNotFoundError, match=r"folder of the journal does not exist.*missing"):
        opens(tmp_path / "missing" / "search.journal")


@either
def test_a_folder_is_an_error(tmp_path, opens):
    with pytest.raises(IsADirectoryError, match="this is a folder"):
        opens(tmp_path)


@either
def test_what_is_no_regular_file_is_an_error(path, opens):
    os.mkfifo(path)
    with pytest.raises(ValueError, match=r"search\.journal is no regular file"):
        opens(path)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a folder in which nobody can make files")
def test_a_folder_in_which_no_file_can_be_made_is_an_error():
    with pytest.raises(OSError, match=r"No file can be made in the folder of the journal .*/proc/search\.journal"):
        Journal("/proc/search.journal")


def refused(path):
    with pytest.raises(PermissionError, match=r"search\.journal"):
        Journal(path)


@pytest.mark.skipif(os.geteuid() == 0 and not sys.platform.startswith("linux"), reason="root may write anywhere")
def test_a_file_or_a_folder_without_permission_is_an_error(path):
    write(path, entry("a"))
    path.chmod(0o400)
    as_anybody(lambda: refused(path))
    path.chmod(0o600)
    path.parent.chmod(0o500)
    as_anybody(lambda: refused(path))
    path.parent.chmod(0o700)


@pytest.mark.parametrize("name", ["a ?b=c#d%20.journal", "müsli", ":memory:", "file:x?mode=memory"])
def test_any_name_will_do(tmp_path, name):
    write(tmp_path / name, entry("a"))
    assert [one.name for one in tmp_path.iterdir()] == [name]
    assert known(tmp_path / name, "a").keys() == {"a"}
    assert len(read_journal(tmp_path / name)) == 1


def test_a_path_means_what_it_meant_at_the_start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Journal("search.journal") as journal:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        journal.add([entry("a")])
    assert known(str(tmp_path / "search.journal"), "a").keys() == {"a"}


def test_a_link_is_followed(path, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(path)
    with Journal(link) as journal:
        journal.add([entry("a")])
        journal.add([entry("b")])
    assert known(path, "a", "b").keys() == {"a", "b"}
    assert link.is_symlink()


# New and old files


def test_a_journal_is_a_durable_log_that_says_whose_it_is_and_which_version(path):
    with Journal(path) as journal:
        journal.add([entry("a")])
        assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert journal._connection.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
        assert journal._connection.execute("PRAGMA trusted_schema").fetchone() == (0,)
    assert value_of(path, "journal_mode") == "wal"
    assert value_of(path, "application_id") == _file.APPLICATION_ID
    assert value_of(path, "user_version") == 3


EMPTY = {
    "none": lambda path: None,
    "of no length": Path.touch,
    "without tables": lambda path: as_sqlite(path, "VACUUM"),
    "with a log": lambda path: as_sqlite(path, "PRAGMA journal_mode = WAL"),
}


@pytest.mark.parametrize("make", EMPTY.values(), ids=EMPTY.keys())
def test_an_empty_file_becomes_a_journal(path, make):
    make(path)
    write(path, entry("a"))
    assert known(path, "a").keys() == {"a"}


SOMEBODY_ELSES = {
    "text": lambda path: path.write_text("alpha,score\n0.1,0.5\n" * 100),
    "a few bytes": lambda path: path.write_bytes(b"\0\1"),
    "another program's": lambda path: as_sqlite(path, "CREATE TABLE evaluations (key TEXT)"),
    "another program's, without tables": lambda path: as_sqlite(path, "PRAGMA application_id = 7"),
    "numbered": lambda path: as_sqlite(path, "PRAGMA user_version = 1"),
}


@either
@pytest.mark.parametrize("make", SOMEBODY_ELSES.values(), ids=SOMEBODY_ELSES.keys())
def test_a_file_of_another_program_is_refused_and_left_as_it_is(path, opens, make):
    make(path)
    content = path.read_bytes()
    with pytest.raises(ValueError, match=r"search\.journal is .* journal; give the path of another file"):
        opens(path)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


@either
def test_a_newer_versions_file_is_refused(path, opens):
    write(path, entry("a"))
    as_sqlite(path, "ALTER TABLE evaluations ADD COLUMN more TEXT", "PRAGMA user_version = 4")
    content = path.read_bytes()
    with pytest.raises(ValueError, match=r"search\.journal is the journal of a newer multisearch \(its version is 4, "):
        opens(path)
    assert path.read_bytes() == content


TRICKS = {
    "a view": [
        "ALTER TABLE evaluations RENAME TO hidden",
        "CREATE VIEW evaluations AS SELECT * FROM hidden WHERE load_extension('evil')",
    ],
    "a trigger": [
        "CREATE TRIGGER run AFTER INSERT ON evaluations BEGIN SELECT load_extension('evil'); END",
    ],
    "an index on an expression": ["CREATE INDEX run ON evaluations (lower(message))"],
    "a computed column": ["ALTER TABLE evaluations ADD COLUMN run TEXT AS (hex(message))"],
    "a virtual table": ["CREATE VIRTUAL TABLE run USING fts3(a)"],
    "another table": ["CREATE TABLE run (a)"],
    "no table": ["DROP TABLE evaluations"],
    "an older version that never was": ["PRAGMA user_version = -1"],
    "an older version with newer columns": ["PRAGMA user_version = 1"],
    "an older version with the newest columns": ["PRAGMA user_version = 2"],
}


@either
@pytest.mark.parametrize("statements", TRICKS.values(), ids=TRICKS.keys())
def test_a_file_with_anything_but_our_table_is_refused(path, opens, statements):
    write(path, entry("a"))
    as_sqlite(path, *statements)
    with pytest.raises(ValueError, match=r"search\.journal was changed by another program"):
        opens(path)


# Locks


def test_a_journal_that_stays_locked_is_an_error_at_the_start(path, monkeypatch):
    monkeypatch.setattr(_file, "BUSY_SECONDS", 0.1)
    write(path, entry("a"))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(TimeoutError, match=r"kept the journal locked.*search\.journal"):
        Journal(path)
    assert len(read_journal(path)) == 1
    connection.close()


# Damage


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """Give the bytes of a journal, and its outcomes by key."""
    path = tmp_path_factory.mktemp("journal") / "search.journal"
    write(path, *(entry(f"{key:032x}", test_scores=1 / (key + 1)) for key in range(N_ENTRIES)))
    outcomes = known(path, *(f"{key:032x}" for key in range(N_ENTRIES)))
    assert len(outcomes) == N_ENTRIES
    return path.read_bytes(), outcomes


@either
@pytest.mark.parametrize("part", [0.001, 0.01, 0.3, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_an_error_that_names_it(path, content, opens, part):
    path.write_bytes(content[0][: int(len(content[0]) * part)])
    with pytest.raises(ValueError, match=r"search\.journal"):
        opens(path)


def refusal_of(path):
    try:
        Journal(path).close()
    except ValueError as error:
        return str(error)
    return None


def assert_harmless(damaged, outcomes):
    """Check that a damaged file is an error that names it, or lacks a record at most, which can be added again."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The journal .* has damaged records", UserWarning)
        path = Path(folder) / "search.journal"
        path.write_bytes(damaged)
        refusal = refusal_of(path)
        if refusal is not None:
            assert str(path) in refusal
            return
        with Journal(path) as journal:
            there = found(journal, *outcomes)
            assert len(there) >= len(outcomes) - 1
            assert all(repr(outcome) == repr(outcomes[key]) for key, outcome in there.items())
            journal.add([entry(key) for key in ("next", *(outcomes.keys() - there.keys()))])
        assert known(path, "next", *outcomes).keys() == {"next", *outcomes}


@pytest.mark.parametrize("missing", [1, 40, 4095])
def test_a_file_whose_end_was_cut_off_is_an_error_or_lacks_one_record(content, missing):
    assert_harmless(content[0][:-missing], content[1])


@example(place=0.177734375, bit=7)  # in the definition of the table, which is no text any more
@settings(max_examples=150, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_an_error_or_costs_one_record(content, place, bit):
    damaged = bytearray(content[0])
    damaged[int(len(damaged) * place)] ^= 1 << bit
    assert_harmless(bytes(damaged), content[1])


def test_a_flipped_bit_in_a_header_is_an_error_or_harmless(content):
    for position in range(100):
        damaged = bytearray(content[0])
        damaged[position] ^= 1 << position % 8
        assert_harmless(bytes(damaged), content[1])


def test_a_page_that_was_lost_is_an_error(path, content):
    whole = content[0]
    size = 4096
    for start in range(size, len(whole), size):
        path.write_bytes(whole[:start] + bytes(size) + whole[start + size :])
        with pytest.raises(ValueError, match=r"search\.journal is damaged \(.*; move it away to begin a new one"):
            Journal(path)
