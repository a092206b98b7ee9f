from pathlib import Path

import numpy as np
import pytest

from multisearch import MultiModelSearchCV
from multisearch._fingerprint import Code
from multisearch.arguments import prepare
from multisearch.engines.cluster._placement import OnThisMachine
from multisearch.engines.transport._by_value import Sender
from multisearch.engines.transport._packed import forget_finished


@pytest.fixture
def placement(tmp_path):
    placement = OnThisMachine(None, [tmp_path])
    yield placement
    placement.remove()
    forget_finished()


@pytest.fixture
def large(two_pipelines):
    X = np.random.default_rng(0).standard_normal((10_000, 8))
    return prepare(MultiModelSearchCV(two_pipelines, cv=3), X, X[:, 0], {}).problem


def test_a_process_opens_a_problem_once(placement, large):
    placed = placement.put(large, Sender(Code(), "key"), "key")
    assert placed.open() is placed.open()


def test_data_is_shared_and_the_rest_private(placement, large):
    opened = placement.put(large, Sender(Code(), "key"), "key").open()
    np.testing.assert_array_equal(opened.X, large.X, strict=True)
    np.testing.assert_array_equal(opened.y, large.y, strict=True)
    np.testing.assert_array_equal(opened.folds[0][1].train, large.folds[0][1].train, strict=True)
    assert not any(array.flags.writeable for array in (opened.X, opened.y))
    assert opened.estimators.keys() == large.estimators.keys()
    assert opened.settings == large.settings


def test_rows_of_it_are_private(placement, large):
    opened = placement.put(large, Sender(Code(), "key"), "key").open()
    for rows in (opened.all_rows(), opened.rows(opened.estimators["ridge"], opened.folds[0][0].train)):
        for array in rows:
            array[:] = 0
    np.testing.assert_array_equal(opened.X, large.X)


def test_a_problem_is_forgotten_when_its_search_is_over(placement, large):
    placed = placement.put(large, Sender(Code(), "key"), "key")
    placed.open()
    forget_finished()
    assert placed.file.path in Path("/proc/self/maps").read_text()
    placement.remove()
    forget_finished()
    assert placed.file.path not in Path("/proc/self/maps").read_text()


def test_without_a_place_for_the_file_every_worker_gets_a_copy(client, tmp_path, large, caplog):
    placement = OnThisMachine(client, [tmp_path / "missing"])
    placed = placement.put(large, Sender(Code(), "key"), "key")
    np.testing.assert_array_equal(placed.result().open().X, large.X)
    assert "cannot be written for local workers to share" in caplog.text
    placement.remove()
