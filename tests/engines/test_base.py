"""Every engine obeys the protocol in the same way."""

import pytest

from multisearch._records import Batch, Candidate, Evaluation, Refit, SharedStep
from multisearch.engines._inline import InlineEngine
from multisearch.engines.cluster._engine import DaskEngine
from multisearch.engines.cluster._placement import OnThisMachine, Scattered
from multisearch.engines.local._workers import local_workers

SETTINGS = [{"reduce__n_components": 2, "model__alpha": alpha} for alpha in (0.1, 10.0)]
CANDIDATES = [Candidate(index, "ridge", setting) for index, setting in enumerate(SETTINGS)]
TASKS = [
    SharedStep("scaled", None, CANDIDATES[0], 1, 0, 1),
    SharedStep("reduced", "scaled", CANDIDATES[1], 1, 1, 2),
    Batch("behind", "reduced", tuple(Evaluation(candidate, 1) for candidate in CANDIDATES)),
    Batch("alone", None, tuple(Evaluation(candidate, 1) for candidate in CANDIDATES)),
    Refit("refit", CANDIDATES[0]),
]


@pytest.fixture
def inline():
    return InlineEngine()


@pytest.fixture
def cluster_of_the_users(client):
    return DaskEngine(client, Scattered(client))


@pytest.fixture
def local():
    with local_workers(2) as workers:
        yield DaskEngine(workers.client, OnThisMachine(workers.client, workers.folders))


@pytest.fixture(params=["inline", "cluster_of_the_users", "local"])
def engine(request, preparation):
    engine = request.getfixturevalue(request.param)
    engine.start(preparation.problem)
    yield engine
    engine.stop()


def run_one_by_one(engine, tasks):
    results = {}
    for task in tasks:
        engine.submit(task)
        results |= {done.key: result for done, result in engine.results()}
    return results


def test_tasks_that_are_done_are_handed_back_with_their_results(engine):
    results = run_one_by_one(engine, TASKS)
    assert list(results) == [task.key for task in TASKS]
    assert results["scaled"] is results["reduced"] is None
    behind, alone = ([outcome.test_scores for outcome in results[key].outcomes] for key in ("behind", "alone"))
    assert behind == alone
    assert set(results["behind"].shared_seconds) == {"scaled", "reduced"}
    assert results["refit"].estimator.named_steps["model"].alpha == 0.1


def test_there_is_room_for_as_many_tasks_as_can_run(engine):
    assert engine.queue_length >= engine.capacity >= 1


def test_stopping_twice_does_no_harm(engine):
    run_one_by_one(engine, TASKS[:1])
    engine.stop()
    engine.stop()
    with pytest.raises((KeyError, IndexError)):
        run_one_by_one(engine, TASKS[2:3])
