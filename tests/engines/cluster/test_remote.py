import pickle

import pytest

from multisearch._records import TIMEOUT, Batch, Candidate, Evaluation, Failure
from multisearch.engines.cluster import _remote
from multisearch.engines.cluster._remote import StepTimeoutError

RIDGE = Candidate(0, "ridge", {"reduce__n_components": 2, "model__alpha": 0.1})
BATCH = Batch("batch", None, (Evaluation(RIDGE, 0), Evaluation(RIDGE, 1)))


def done(client, problem, search):
    """Run the batch on a worker; its result is pickled where code of a script has come to that worker before."""
    result = client.submit(_remote.run, problem, BATCH, None, search, pure=False).result()
    return pickle.loads(result) if isinstance(result, bytes) else result


def test_outcomes_name_their_worker(preparation, client):
    result = done(client, preparation.problem, "some-search")
    assert {outcome.worker for outcome in result.outcomes} <= set(client.nthreads())


def test_a_search_that_is_abandoned_gets_no_more_outcomes(preparation, client):
    client.run(_remote.abandon, "given-up")
    result = done(client, preparation.problem, "given-up")
    assert result.outcomes == ()


def test_only_what_runs_is_said_to_run(client):
    assert not any(client.run(_remote.abandon, "another-search").values())


def test_a_step_that_took_too_long_keeps_its_failure_when_it_is_pickled(client):
    def fails():
        raise StepTimeoutError(Failure("too long", "", kind=TIMEOUT), "tcp://10.0.0.1:4000")

    with pytest.raises(StepTimeoutError) as told:
        client.submit(fails, pure=False).result()
    assert (told.value.failure.message, told.value.worker) == ("too long", "tcp://10.0.0.1:4000")
