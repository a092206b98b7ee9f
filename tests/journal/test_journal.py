"""What is added to a journal is there, whatever happens to the process, the file or the disk.

``assets/journal_v1.db`` is a journal as version 1 writes it, which every later version has to read. It was made with
multisearch 0.1.0: ``Journal(path)`` was opened, given the first three of `VERSION_1` in one ``add`` and closed; opened
again, which makes it another search, given the other entries in one ``add``, and closed. ``assets/journal_v2.db`` was
made by a version between two releases: opened, given each of `VERSION_2` in an ``add`` of its own, and closed. They are
never made anew; a new version of the file gets an asset of its own beside them.
"""

import itertools
import json
import os
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from journal import _adds, _makes, _on_small_disks
from journal._journals import entry, found, known, write
from namespaces import in_own_namespace
from system_calls import may_be_seen

from multisearch._histories import pack
from multisearch._records import KILLED, RAISED, TIMEOUT, Failure
from multisearch.journal import Entry, Journal, _file, _rows, read_journal

TESTS = Path(__file__).parents[1]

ODD_NUMBERS = [0.0, -0.0, 0.1, 1 / 3, 1e308, 5e-324, -5e-324, 2.0**-1030, np.inf, -np.inf, np.nan, -np.nan]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "search.journal"


def bits(number):
    return struct.pack("<d", number)


def keys_in(path):
    return set(read_journal(path)["key"])


def add_each(journal, *keys):
    for key in keys:
        journal.add([entry(key)])


# What is found


def test_what_was_added_is_found_by_its_key_at_once_and_in_another_process_later(path):
    outcome = entry("a").outcome
    with Journal(path) as journal:
        assert found(journal, "a") == {}
        journal.add([entry("a"), entry("b", test_scores=0.75)])
        assert found(journal, "a", "b", "c").keys() == {"a", "b"}
    again = known(path, "b", "a")
    assert again["b"].test_scores == 0.75
    assert (again["a"].fit_time, again["a"].score_time, again["a"].seconds) == (
        outcome.fit_time,
        outcome.score_time,
        outcome.seconds,
    )


def test_outcomes_have_the_numbers_of_whoever_asks_and_several_may_have_one_key(path):
    with Journal(path) as journal:
        journal.add([entry("a", fold=4)])
        outcomes = journal.find({(3, 0): "a", (5, 1): "a", (6, 0): "b"}, retry_failed=False)
    assert {place: (outcome.candidate, outcome.fold) for place, outcome in outcomes.items()} == {
        (3, 0): (3, 0),
        (5, 1): (5, 1),
    }


@pytest.mark.parametrize("number", ODD_NUMBERS)
def test_scores_come_back_to_the_bit(path, number):
    several = {"a": number, "b": 1.0}
    write(path, entry("one", test_scores=number), entry("two", test_scores=several, train_scores=number))
    outcomes = known(path, "one", "two")
    assert bits(outcomes["one"].test_scores) == bits(number)
    assert bits(outcomes["two"].test_scores["a"]) == bits(number)
    assert bits(outcomes["two"].train_scores) == bits(number)


def test_everything_else_comes_back_as_well(path):
    of_stopping = {"n_iterations": np.int64(12), "history": pack({"l2": [1.0, 1 / 3]}), "used_up": np.True_}
    write(
        path,
        entry("stopped", **of_stopping, worker="tcp://127.0.0.1:1", test_scores={"b": 1.0, "a": 2.0}),
        entry("bare", test_scores=None, times=(np.float64(3), np.nan, 0.0)),
    )
    outcomes = known(path, "stopped", "bare")
    assert (outcomes["stopped"].n_iterations, outcomes["stopped"].worker) == (12, "tcp://127.0.0.1:1")
    assert (outcomes["stopped"].history, outcomes["stopped"].used_up) == (of_stopping["history"], True)
    assert (outcomes["bare"].history, outcomes["bare"].used_up) == (None, None)
    assert list(outcomes["stopped"].test_scores) == ["b", "a"]
    assert outcomes["stopped"].train_scores is None
    assert outcomes["bare"].test_scores is None
    assert (outcomes["bare"].fit_time, outcomes["bare"].n_iterations, outcomes["bare"].worker) == (3.0, None, None)
    assert np.isnan(outcomes["bare"].score_time)


FAILURES = {
    "raised": Failure("ValueError: no", "Traceback ..."),
    "memory": Failure("MemoryError: too much", "Traceback ..."),
    "timeout": Failure("TimeoutError: too long", "", kind=TIMEOUT),
    "killed": Failure("the worker died", "", kind=KILLED),
}


def test_failures_that_would_happen_again_are_found_and_others_are_to_be_tried_again(path):
    write(path, *(entry(key, failure=failure) for key, failure in FAILURES.items()), entry("well"))
    outcomes = known(path, *FAILURES, "well")
    assert outcomes.keys() == {"raised", "well"}
    assert outcomes["raised"].failure == Failure("ValueError: no", "Traceback ...", kind=RAISED)
    assert outcomes["raised"].test_scores is None
    assert known(path, *FAILURES, "well", retry_failed=True).keys() == {"well"}


def test_text_that_has_no_utf_8_can_be_part_of_a_failure(path):
    failure = Failure("no file '\udcff'", "in '\udcff' \0 end")
    write(path, entry("a", estimator="\ud800", failure=failure, worker="\udc00"))
    outcome = known(path, "a")["a"]
    assert outcome.failure == Failure("no file '\\udcff'", "in '\\udcff' \0 end")
    assert outcome.worker == "\\udc00"


def test_the_same_key_again_replaces_what_was_there(path):
    write(path, entry("a", failure=FAILURES["killed"]))
    with Journal(path) as journal:
        journal.add([entry("a", test_scores=1.0), entry("a", test_scores=2.0)])
    assert known(path, "a")["a"].test_scores == 2.0
    assert len(read_journal(path)) == 1


def test_any_number_of_keys_can_be_asked_for(path):
    write(path, *(entry(f"{number}") for number in (0, 499, 500, 99_999)))
    keys = [f"{number}" for number in range(100_000)]
    with Journal(path) as journal:
        journal._connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)  # as older versions have it
        assert list(found(journal, *keys)) == ["0", "499", "500", "99999"]
    assert known(path) == {}


def test_nothing_of_what_cannot_be_written_whole_is_written(path):
    with Journal(path) as journal:
        with pytest.raises(OverflowError):
            journal.add([entry("a"), entry("b", fold=2**70)])
        assert found(journal, "a", "b") == {}
        journal.add([entry("c")])
    assert keys_in(path) == {"c"}


def test_a_closed_journal_is_not_mistaken_for_a_lost_one(path):
    journal = Journal(path)
    journal.close()
    journal.close()
    with pytest.raises(sqlite3.ProgrammingError):
        journal.add([entry("a")])
    with pytest.raises(sqlite3.ProgrammingError):
        found(journal, "a")


# Records that are not as they were written


@pytest.fixture
def damaged(path):
    write(path, entry("a"), entry("b"), entry("c"))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE evaluations SET test_scores = '0.75' WHERE key <> 'b'")
    connection.close()
    return path


def test_damaged_records_are_ignored_with_one_warning_and_may_be_written_again(damaged):
    with Journal(damaged) as journal:
        with pytest.warns(UserWarning, match=r"search\.journal has damaged records") as given:
            there = [found(journal, "a", "b"), found(journal, "c")]
        assert [set(outcomes) for outcomes in there] == [{"b"}, set()]
        assert len(given) == 1
        journal.add([entry("a", test_scores=3.0), entry("c")])
    outcomes = known(damaged, "a", "b", "c")
    assert outcomes.keys() == {"a", "b", "c"}
    assert outcomes["a"].test_scores == 3.0


# Other versions


VERSION_1 = [
    Entry("one", "ridge", {"alpha": 0.1, "model__solver": None}, entry("one").outcome),
    entry("odd", test_scores={"a": -np.inf, "b": -0.0}, train_scores={"a": np.nan, "b": 5e-324}, fold=1),
    entry("stopped", estimator="lightgbm", n_iterations=12, worker="tcp://127.0.0.1:1", train_scores=1 / 3),
    entry("raised", failure=FAILURES["raised"], params={"weights": {0: 1.0}, "steps": [("a", np.float32(2))]}),
    entry("killed", failure=FAILURES["killed"]),
    entry("replaced", test_scores=2.0),
]


@pytest.fixture
def version_1(path):
    shutil.copy(Path(__file__).parent / "assets" / "journal_v1.db", path)
    return path


def test_a_journal_of_version_1_is_read(version_1):
    outcomes = known(version_1, *(one.key for one in VERSION_1))
    expected = {
        one.key: replace(one.outcome, candidate=0, fold=fold)
        for fold, one in enumerate(VERSION_1)
        if one.key != "killed"
    }
    assert outcomes.keys() == expected.keys()
    assert all(repr(outcomes[key]) == repr(outcome) for key, outcome in expected.items())
    frame = read_journal(version_1)
    assert set(frame["key"]) == {one.key for one in VERSION_1}
    assert frame["search"].nunique() == 2
    by_key = frame.set_index("key")
    assert by_key["params"]["one"] == {"alpha": 0.1, "model__solver": None}
    assert by_key["params"]["raised"] == {"weights": {"0": 1.0}, "steps": [["a", 2.0]]}
    assert by_key["estimator"]["stopped"] == "lightgbm"
    assert by_key["finished"].notna().all()


def test_a_journal_of_version_1_is_written_to(version_1):
    write(version_1, entry("new"), entry("one", test_scores=9.0))
    outcomes = known(version_1, "new", "one", "stopped")
    assert outcomes.keys() == {"new", "one", "stopped"}
    assert outcomes["one"].test_scores == 9.0


def test_reading_a_journal_of_version_1_leaves_it_as_it_is(version_1):
    content = version_1.read_bytes()
    frame = read_journal(version_1)
    assert frame["hardware"].isna().all()
    assert frame["threads"].isna().all()
    assert version_1.read_bytes() == content


def test_a_journal_of_version_1_becomes_one_of_this_version_when_it_is_written_to(version_1):
    before = read_journal(version_1)
    Journal(version_1).close()
    after = read_journal(version_1)
    assert after.equals(before)
    connection = sqlite3.connect(version_1)
    assert connection.execute("PRAGMA user_version").fetchone() == (_file.VERSION,)
    names = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert names == [("evaluations",)]
    write(version_1, entry("new", hardware="x86_64 a chip", threads=2))
    assert known(version_1, "new", "one").keys() == {"new", "one"}
    assert read_journal(version_1).set_index("key").loc["new", ["hardware", "threads"]].tolist() == ["x86_64 a chip", 2]


VERSION_2 = [
    entry("here", n_iterations=7, hardware="x86_64 a chip", threads=2),
    entry("bare", worker="tcp://127.0.0.1:1"),
]


@pytest.fixture
def version_2(path):
    shutil.copy(Path(__file__).parent / "assets" / "journal_v2.db", path)
    return path


def test_a_journal_of_version_2_is_read_and_has_no_histories(version_2):
    content = version_2.read_bytes()
    frame = read_journal(version_2).set_index("key")
    assert frame.loc["here", ["n_iterations", "hardware", "threads"]].tolist() == [7, "x86_64 a chip", 2]
    assert frame["history"].isna().all()
    assert frame["used_up"].isna().all()
    assert version_2.read_bytes() == content


def test_a_journal_of_version_2_is_written_to(version_2):
    before = read_journal(version_2)
    write(version_2, entry("new", history=pack({"l2": [0.5, 0.25]}), used_up=False))
    outcomes = known(version_2, "new", *(one.key for one in VERSION_2))
    assert outcomes["new"].used_up is False
    for fold, one in enumerate(VERSION_2, start=1):
        assert outcomes[one.key] == replace(one.outcome, candidate=0, fold=fold)
    after = read_journal(version_2)
    assert after[after["key"] != "new"].equals(before)
    assert after.set_index("key")["history"]["new"]["l2"].tolist() == [0.5, 0.25]


def test_damaged_rows_of_version_1_stay_damaged(version_1):
    connection = sqlite3.connect(version_1)
    connection.execute("UPDATE evaluations SET test_scores = '0.75' WHERE key = 'one'")
    connection.commit()
    connection.close()
    with Journal(version_1) as journal, pytest.warns(UserWarning, match="has damaged records"):
        assert found(journal, "one", "stopped").keys() == {"stopped"}


def test_a_search_of_version_1_may_go_on_writing(version_1):
    """It had the file open when another process brought it up to date."""
    columns = _rows.columns_of(1)
    names = ", ".join([*columns, "checksum"])
    old = sqlite3.connect(version_1, isolation_level=None)
    assert len(old.execute(f"SELECT {names} FROM evaluations").fetchall()) == len(VERSION_1)
    Journal(version_1).close()
    row = _rows.row_of(entry("late"), "search")
    values = [*row[: len(columns)], row[-1]]
    old.execute(f"REPLACE INTO evaluations ({names}) VALUES ({', '.join('?' * len(values))})", values)
    old.close()
    assert known(version_1, "late", "one").keys() == {"late", "one"}


# Processes that die


@pytest.fixture
def adding():
    """Start processes that add entries, all at the same time; yield a function that does."""
    processes = []
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}

    def start(path, *prefixes, count):
        command = [sys.executable, "-W", "error", _adds.__file__, path]
        pipes = {"env": environment, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        processes.extend(subprocess.Popen([*command, prefix, str(count)], **pipes) for prefix in prefixes)
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        return processes

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def killed(path, adding):
    """Kill a process in the middle of adding; yield the path of its journal and the keys that it said were added."""

    def kill(n_added):
        (process,) = adding(path, "a", count=1_000_000)
        said = [process.stdout.readline() for _ in range(n_added)]
        process.kill()
        said += process.stdout.readlines()
        assert process.wait() == -signal.SIGKILL
        return [line.split() for line in said if line.endswith("\n")]

    return kill


@pytest.mark.parametrize("n_added", [1, 7, 40])
def test_a_killed_process_loses_nothing_that_it_had_added(path, killed, n_added):
    batches = killed(n_added)
    added = {key for batch in batches for key in batch}
    there = keys_in(path)
    assert added <= there
    assert len(there) % 3 == 0
    assert len(there) <= len(added) + 3
    write(path, entry("next"))
    assert keys_in(path) == there | {"next"}


@pytest.mark.skipif(not may_be_seen(), reason="needs strace, and leave to use it")
def test_the_disk_has_confirmed_what_was_added(path, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    traced = ["strace", "-f", "-e", "trace=write,fsync,fdatasync", "-o", tmp_path / "trace"]
    command = [*traced, sys.executable, _adds.__file__, path, "a", "5"]
    subprocess.run(command, env=environment, input="go\n", text=True, capture_output=True, timeout=100, check=True)
    calls = re.findall(r"(fsync|fdatasync|write)\((\d+)(?:, \"(.*?)\")?.*= (\d+)", (tmp_path / "trace").read_text())
    said = [number for number, (_, file, text, _) in enumerate(calls) if file == "1" and text.startswith("a")]
    assert len(said) == 5
    for before, number in itertools.pairwise([0, *said]):
        assert any(name != "write" and code == "0" for name, _, _, code in calls[before + 1 : number])


def test_a_process_killed_while_it_makes_a_journal_stops_nobody_from_making_it(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, _makes.__file__, tmp_path]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=True)
    killed_before = [line.partition(" ") for line in done.stdout.splitlines()]
    begun = [statement.split()[:2] for _, _, statement in killed_before]
    assert begun.index(["CREATE", "TABLE"]) < begun.index(["PRAGMA", "journal_mode"]) < len(begun) - 1
    for number, _, statement in killed_before:
        path = tmp_path / f"{number}.journal"
        write(path, entry("next"))
        assert keys_in(path) == {"next"}, statement


def test_a_torn_log_loses_only_what_was_added_last(path, killed, tmp_path):
    batches = killed(20)
    log = path.with_name(f"{path.name}-wal").read_bytes()
    n_found = []
    for end in range(0, len(log), len(log) // 15):
        for name, torn in {"cut": log[:end], "garbled": log[:end] + bytes(len(log) - end)}.items():
            copy = tmp_path / f"{name}{end}" / path.name
            copy.parent.mkdir()
            shutil.copy(path, copy)
            copy.with_name(f"{path.name}-wal").write_bytes(torn)
            there = keys_in(copy)
            assert len(there) % 3 == 0
            assert there == {key for batch in batches[: len(there) // 3] for key in batch}
            write(copy, entry("next"))
            assert keys_in(copy) == there | {"next"}
            n_found.append(len(there))
    assert n_found == sorted(n_found)
    assert n_found[0] == 0 < n_found[-1]


# Several at once


def test_several_processes_make_one_journal_at_the_same_time_and_write_into_it(path, adding):
    processes = adding(path, "a", "b", "c", count=25)
    said = [process.communicate()[0].splitlines() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert [len(lines) for lines in said] == [25, 25, 25]
    assert keys_in(path) == {key for lines in said for line in lines for key in line.split()}


@pytest.fixture
def in_threads():
    """Run a function in several threads at the same time, each with a number; return the errors that came up."""

    def run(function, n_threads):
        barrier = threading.Barrier(n_threads)
        errors = []

        def target(number):
            barrier.wait()
            try:
                function(number)
            except Exception as error:  # noqa: BLE001 - for the thread that checks
                errors.append(error)

        threads = [threading.Thread(target=target, args=[number]) for number in range(n_threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return errors

    return run


def test_several_threads_make_one_journal_at_the_same_time(tmp_path, in_threads):
    for number in range(20):
        path = tmp_path / f"{number}.journal"
        assert in_threads(lambda _, path=path: Journal(path).close(), 4) == []
        assert keys_in(path) == set()


def test_several_threads_write_into_one_journal_beside_another_process(path, adding, in_threads):
    (process,) = adding(path, "a", count=30)
    errors = in_threads(lambda name: write(path, *(entry(f"{name}.{number}") for number in range(10))), 4)
    process.communicate()
    assert errors == []
    assert process.returncode == 0
    assert len(keys_in(path)) == 4 * 10 + 30 * 3


def test_adding_waits_for_another_writer(path):
    write(path, entry("a"))
    with Journal(path) as journal:
        writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        writer.execute("BEGIN IMMEDIATE")
        let_go = threading.Timer(0.5, writer.execute, ["COMMIT"])
        begin = time.monotonic()
        let_go.start()
        journal.add([entry("b")])
        assert time.monotonic() - begin >= 0.4
        let_go.join()
        writer.close()
    assert keys_in(path) == {"a", "b"}


def test_a_writer_that_never_ends_is_given_up_with_one_warning(path, monkeypatch):
    monkeypatch.setattr(_file, "BUSY_SECONDS", 0.1)
    write(path, entry("a"))
    with Journal(path) as journal:
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        with pytest.warns(UserWarning, match="database is locked") as given:
            add_each(journal, "b", "c")
        writer.execute("COMMIT")
        writer.close()
        journal.add([entry("d")])
    assert len(given) == 1
    assert keys_in(path) == {"a"}


# Files and disks that go away


def test_a_log_is_not_left_behind(path):
    write(path, entry("a"))
    assert list(path.parent.iterdir()) == [path]


def delete(path):
    path.unlink()


def delete_folder(path):
    shutil.rmtree(path.parent)


def delete_log(path):
    path.with_name(f"{path.name}-wal").unlink()


def delete_index_of_log(path):
    path.with_name(f"{path.name}-shm").unlink()


def move(path):
    path.rename(path.with_name("moved"))


@pytest.mark.parametrize("lose", [delete, delete_folder, delete_log, delete_index_of_log, move])
def test_a_journal_that_is_gone_is_warned_about_once(tmp_path, lose):
    path = tmp_path / "folder" / "search.journal"
    path.parent.mkdir()
    with Journal(path) as journal:
        journal.add([entry("a")])
        lose(path)
        with pytest.warns(UserWarning, match=r"search\.journal cannot be used any more") as given:
            journal.add([entry("b")])
        journal.add([entry("c")])
        assert len(given) == 1
    assert not path.exists() or keys_in(path) <= {"a"}


def test_another_journal_in_its_place_is_left_alone(path):
    with Journal(path) as old:
        old.add([entry("a")])
        path.unlink()
        path.with_name(f"{path.name}-wal").unlink()
        path.with_name(f"{path.name}-shm").unlink()
        with Journal(path) as new:
            new.add([entry("b")])
            with pytest.warns(UserWarning, match="Another file has taken its place"):
                old.add([entry("c")])
            old.close()
            new.add([entry("d")])
            assert found(new, "a", "b", "c", "d").keys() == {"b", "d"}
    assert keys_in(path) == {"b", "d"}


ON_ITS_OWN_DISK = 'mount -t tmpfs -o size=1m none "$1" && shift && exec "$@"'


def on_a_disk(folder):
    """Return what a command has to begin with to find a small disk in a folder, which no other process sees."""
    return [*in_own_namespace("mnt"), "sh", "-c", ON_ITS_OWN_DISK, "sh", folder]


@pytest.fixture
def report_of(tmp_path):
    """Run the script on a small disk, or on one where it is limited; return what it reports."""

    def run(how):
        disk = tmp_path / "disk"
        disk.mkdir()
        before = [] if how == "limit" else on_a_disk(disk)
        command = [*before, sys.executable, _on_small_disks.__file__, tmp_path, how]
        subprocess.run(command, check=True, timeout=120, env={**os.environ, "PYTHONPATH": str(TESTS)})
        return json.loads((tmp_path / "report.json").read_text())

    return run


@pytest.mark.parametrize(("how", "reason"), [("full", "is full"), ("limit", "I/O error")])
def test_a_full_disk_is_warned_about_once_and_keeps_what_was_added(tmp_path, report_of, how, reason):
    report = report_of(how)
    (said,) = report["said"]
    assert reason in said
    copy = tmp_path / "copy" / "journal.db"
    assert 20 < len(report["added"]) < 5000
    assert keys_in(copy) == set(report["added"])
    write(copy, entry("next"))
    assert keys_in(copy) == {*report["added"], "next"}


def test_no_journal_is_begun_on_a_full_disk_and_nothing_is_left_of_it(report_of):
    report = report_of("full")
    assert report["new"][0] == "OSError"
    assert report["new"][1].endswith("new.db")
    assert report["left"] == []


def test_a_disk_that_can_only_be_read_is_an_error_at_the_start_and_can_be_read(tmp_path, report_of):
    report = report_of("read-only")
    for which in ("closed", "new", "with log"):
        assert report[which][0] == "PermissionError"
    assert report["closed"][1] == str(tmp_path / "disk" / "closed.db")
    assert sorted(report["read"]) == ["a", "b"]
