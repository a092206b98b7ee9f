import signal

import pytest
from sklearn.linear_model import Ridge

from multisearch import MultiModelSearchCV
from multisearch._records import Batch, Candidate, Evaluation, SharedStep
from multisearch.engines._inline import InlineEngine

RIDGE = Candidate(0, "ridge", {"model__alpha": 0.1})


class InterruptsItself(Ridge):
    def fit(self, X, y, sample_weight=None):
        signal.raise_signal(signal.SIGINT)
        return super().fit(X, y, sample_weight)


@pytest.fixture
def engine(preparation):
    engine = InlineEngine()
    engine.start(preparation.problem)
    yield engine
    engine.stop()


def test_nothing_runs_before_its_result_is_asked_for(engine):
    engine.submit(Batch("batch", None, (Evaluation(RIDGE, 0), Evaluation(RIDGE, 2))))
    ((task, result),) = engine.results()
    assert task.key == "batch"
    assert [outcome.fold for outcome in result.outcomes] == [0, 2]
    assert all(outcome.failure is None for outcome in result.outcomes)


def test_a_shared_step_is_kept_until_it_is_released(engine):
    engine.submit(SharedStep("scaled", None, RIDGE, 1, 0, 1))
    assert [(task.key, result) for task, result in engine.results()] == [("scaled", None)]
    engine.submit(Batch("batch", "scaled", (Evaluation(RIDGE, 1),)))
    ((_, result),) = engine.results()
    assert set(result.shared_seconds) == {"scaled"}
    engine.release("scaled")
    engine.submit(Batch("late", "scaled", (Evaluation(RIDGE, 1),)))
    with pytest.raises(KeyError):
        list(engine.results())


def test_an_engine_that_was_not_started_says_so():
    engine = InlineEngine()
    engine.submit(Batch("batch", None, ()))
    with pytest.raises(RuntimeError, match="start the engine"):
        list(engine.results())


@pytest.fixture
def interruptible():
    """Python's own handling of SIGINT, which is ignored where tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_of_the_users_ends_the_search(regression):
    search = MultiModelSearchCV([("stops", InterruptsItself(), {"alpha": [1.0, 2.0]})])
    with pytest.raises(KeyboardInterrupt):
        search.fit(*regression)
    assert not hasattr(search, "cv_results_")
