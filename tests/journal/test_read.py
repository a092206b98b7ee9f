import sqlite3
import subprocess
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from journal._journals import entry, write

from multisearch._records import KILLED, Failure
from multisearch.journal import Journal, read_journal

BEFORE_SCORES = ["key", "search", "finished", "estimator", "fold", "params", "fit_time", "score_time", "seconds"]
BEHIND_SCORES = ["n_iterations", "kind", "message", "traceback", "worker", "hardware", "threads", "history", "used_up"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "search.journal"


def test_one_row_per_evaluation_in_the_order_in_which_they_finished(path):
    write(path, entry("z", params={"a": 1}, fold=2, worker="w", n_iterations=5), entry("a", estimator="lasso"))
    table = read_journal(path)
    assert table.columns.tolist() == [*BEFORE_SCORES, "test_score", *BEHIND_SCORES]
    assert table.index.tolist() == [0, 1]
    assert table["key"].tolist() == ["z", "a"]
    assert table["estimator"].tolist() == ["ridge", "lasso"]
    assert table["fold"].tolist() == [2, 0]
    assert table["params"].tolist() == [{"a": 1}, {}]
    assert table[["fit_time", "score_time", "seconds"]].iloc[0].tolist() == [1.5, 0.25, 1.25]
    assert table["n_iterations"].tolist() == [5, pd.NA]
    assert table["worker"].isna().tolist() == [False, True]
    assert table["kind"].isna().all()


def test_times_are_utc(path):
    before = datetime.now(UTC)
    write(path, entry("a"))
    (finished,) = read_journal(path)["finished"]
    assert before <= finished <= datetime.now(UTC)
    assert str(finished.tz) == "UTC"


def test_it_tells_searches_apart(path):
    write(path, entry("a"), entry("b"))
    write(path, entry("c"))
    first, second, third = read_journal(path)["search"]
    assert first == second != third
    assert len(first) == 12


def test_every_metric_of_any_search_has_a_column(path):
    write(
        path,
        entry("a", test_scores=0.5, train_scores=0.75),
        entry("b", test_scores={"accuracy": 1.0, "loss": -np.inf}),
        entry("c", test_scores={"f1": 0.25}, train_scores={"f1": 0.5}),
        entry("d", failure=Failure("the worker died", "Traceback", kind=KILLED)),
    )
    table = read_journal(path).set_index("key")
    scores = ["test_score", "test_accuracy", "test_loss", "test_f1", "train_score", "train_f1"]
    assert table.columns.tolist() == [*BEFORE_SCORES[1:], *scores, *BEHIND_SCORES]
    expected = [
        [0.5, np.nan, np.nan, np.nan, 0.75, np.nan],
        [np.nan, 1.0, -np.inf, np.nan, np.nan, np.nan],
        [np.nan, np.nan, np.nan, 0.25, np.nan, 0.5],
        [np.nan] * 6,
    ]
    np.testing.assert_array_equal(table[scores].to_numpy(), expected)
    assert table.loc["d", ["kind", "message", "traceback"]].tolist() == ["killed", "the worker died", "Traceback"]


@pytest.mark.parametrize("make", [lambda path: path.touch(), write], ids=["empty", "without evaluations"])
def test_a_journal_without_evaluations_is_a_table_without_rows(path, make):
    make(path)
    table = read_journal(path)
    assert len(table) == 0
    assert table.columns.tolist() == [*BEFORE_SCORES, *BEHIND_SCORES]
    assert str(table["finished"].dtype) == "datetime64[us, UTC]"
    assert table["fit_time"].dtype == float


def test_no_journal_is_an_error_and_none_is_made(path):
    with pytest.raises(FileNotFoundError, match=r"no such journal.*search\.journal"):
        read_journal(path)
    assert list(path.parent.iterdir()) == []


def test_damaged_records_are_left_out_with_a_warning(path):
    write(path, entry("a"), entry("b"), entry("c"))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE evaluations SET message = CAST(X'FF' AS TEXT) WHERE key = 'b'")
    connection.execute("UPDATE evaluations SET finished = 'never' WHERE key = 'c'")
    connection.close()
    with pytest.warns(UserWarning, match=r"2 records of the journal .*search\.journal are damaged"):
        table = read_journal(path)
    assert table["key"].tolist() == ["a"]


def test_it_can_be_read_while_a_search_writes_into_it(path):
    with Journal(path) as journal:
        journal.add([entry("a")])
        assert read_journal(path)["key"].tolist() == ["a"]
        journal.add([entry("b")])
        assert read_journal(str(path))["key"].tolist() == ["a", "b"]


def test_what_a_killed_process_has_left_in_the_log_is_read(path, tmp_path):
    copy = tmp_path / "copy" / path.name
    copy.parent.mkdir()
    with Journal(path) as journal:
        journal.add([entry("a")])
        for suffix in ("", "-wal"):  # by another process: closing a file here would drop the locks of the journal
            subprocess.run(["cp", f"{path}{suffix}", f"{copy}{suffix}"], check=True)
    assert read_journal(copy)["key"].tolist() == ["a"]
