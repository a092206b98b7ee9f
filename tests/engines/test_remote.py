import pytest

from multisearch._records import TIMEOUT, Batch, Candidate, Evaluation, Failure
from multisearch.engines import _remote
from multisearch.engines._remote import StepTimeoutError

RIDGE = Candidate(0, "ridge", {"reduce__n_components": 2, "model__alpha": 0.1})
BATCH = Batch("batch", None, (Evaluation(RIDGE, 0), Evaluation(RIDGE, 1)))


def test_outcomes_name_their_worker(preparation, client):
    result = client.submit(_remote.run, preparation.problem, BATCH, None, "some-search", pure=False).result()
    assert {outcome.worker for outcome in result.outcomes} <= set(client.nthreads())


def test_a_search_that_is_abandoned_gets_no_more_outcomes(preparation, client):
    client.run(_remote.abandon, "given-up")
    result = client.submit(_remote.run, preparation.problem, BATCH, None, "given-up", pure=False).result()
    assert result.outcomes == ()


def test_only_what_runs_is_said_to_run(client):
    assert not any(client.run(_remote.abandon, "another-search").values())


def test_a_step_that_took_too_long_keeps_its_failure_when_it_is_pickled(client):
    def fails():
        raise StepTimeoutError(Failure("too long", "", kind=TIMEOUT), "tcp://10.0.0.1:4000")

    with pytest.raises(StepTimeoutError) as told:
        client.submit(fails, pure=False).result()
    assert (told.value.failure.message, told.value.worker) == ("too long", "tcp://10.0.0.1:4000")
