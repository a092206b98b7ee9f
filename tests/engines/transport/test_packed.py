import pickle

import numpy as np
import pytest

from multisearch import MultiModelSearchCV
from multisearch._fingerprint import Code
from multisearch.arguments import prepare
from multisearch.engines.transport._by_value import Sender
from multisearch.engines.transport._packed import WithRows, pack

SENDER = Sender(Code(), "a-search")


@pytest.fixture
def problem(two_pipelines):
    X = np.random.default_rng(0).standard_normal((10_000, 8))
    return prepare(MultiModelSearchCV(two_pipelines, cv=3), X, X[:, 0], {}).problem


@pytest.mark.parametrize("protocol", [4, 5])
def test_a_problem_can_travel_more_than_once(problem, protocol):
    packed = pack(problem, SENDER)
    for _ in range(2):
        packed = pickle.loads(pickle.dumps(packed, protocol))
    opened = packed.open()
    assert packed.open() is opened
    np.testing.assert_array_equal(opened.X, problem.X, strict=True)
    assert opened.X.flags.writeable
    assert opened.settings == problem.settings
    assert opened.spaces == ()


def test_large_rows_are_not_copied(problem):
    assert np.shares_memory(pack(problem, SENDER).open().X, problem.X)


def test_rows_that_were_computed_elsewhere_are_put_in(problem):
    packed = WithRows(pack(problem, SENDER), problem.X[:5])
    opened = pickle.loads(pickle.dumps(packed)).open()
    np.testing.assert_array_equal(opened.X, problem.X[:5])
