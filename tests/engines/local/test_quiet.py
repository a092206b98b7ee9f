import logging
import os

import pytest

from multisearch.engines.local._quiet import level_for_workers, quieten
from multisearch.engines.local._workers import local_workers


@pytest.fixture
def tensorflows_log(monkeypatch):
    """TensorFlow's log as it is where nobody has imported TensorFlow, nor set a variable of its."""
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    log = logging.getLogger("tensorflow")
    before = log.level
    log.setLevel(logging.NOTSET)
    yield log
    log.setLevel(before)


@pytest.mark.parametrize(
    ("level", "variable", "expected"),
    [
        (logging.NOTSET, None, logging.ERROR),
        (logging.INFO, None, logging.ERROR),  # set by TensorFlow in notebooks
        (logging.DEBUG, None, logging.DEBUG),
        (logging.WARNING, None, logging.WARNING),
        (logging.CRITICAL, "0", logging.CRITICAL),
        (logging.NOTSET, "0", logging.NOTSET),
        (logging.NOTSET, "1", logging.NOTSET),
        (logging.NOTSET, "2", logging.ERROR),
        (logging.NOTSET, "3", logging.ERROR),
    ],
)
def test_only_errors_are_logged_unless_the_user_asks_otherwise(tensorflows_log, monkeypatch, level, variable, expected):
    tensorflows_log.setLevel(level)
    if variable is not None:
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", variable)
    assert level_for_workers() == expected


def test_a_log_is_quietened_before_it_is_used(tensorflows_log):
    quieten(logging.ERROR)
    assert not tensorflows_log.isEnabledFor(logging.WARNING)


def heard():
    return os.environ.get("TF_CPP_MIN_LOG_LEVEL"), logging.getLogger("tensorflow").level


@pytest.mark.slow
def test_workers_are_quiet_and_this_process_as_it_was(tensorflows_log, monkeypatch):
    with local_workers(1) as workers:
        assert list(workers.client.run(heard).values()) == [("3", logging.ERROR)]
    assert heard() == (None, logging.NOTSET)
    tensorflows_log.setLevel(logging.WARNING)
    with local_workers(1) as same:
        assert same is workers
        assert list(same.client.run(heard).values()) == [("3", logging.WARNING)]
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    tensorflows_log.setLevel(logging.NOTSET)
    with local_workers(1) as others:
        assert list(others.client.run(heard).values()) == [("0", logging.NOTSET)]
