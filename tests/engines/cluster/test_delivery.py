from contextlib import nullcontext

import pytest
from sklearn.linear_model import Ridge

from multisearch import MultiModelSearchCV
from multisearch._records import Batch, Candidate, Evaluation
from multisearch.arguments import prepare
from multisearch.engines.cluster._delivery import Delivery
from multisearch.engines.transport._by_value import CodeCannotBeSentError, CodeDiffersError

DIFFERS = CodeDiffersError(("helper",), "tcp://worker")


class Workers:
    """Workers of which there is always one."""

    def __init__(self):
        self.waited = 0

    def wait_for_one(self):
        self.waited += 1

    def check_connection(self):
        pass

    def kept_busy(self):
        return nullcontext()


class Placement:
    """Fails as often as there are errors, and then puts the problem there."""

    def __init__(self, *errors):
        self.errors = list(errors)

    def put(self, problem, sender, key):
        if self.errors:
            raise self.errors.pop(0)
        return "there"


@pytest.fixture
def problem(regression):
    return prepare(MultiModelSearchCV([("ridge", Ridge(), {"alpha": [1.0]})], cv=2), *regression, {}).problem


def test_a_problem_is_put_again_where_a_worker_goes_meanwhile(problem):
    workers = Workers()
    delivery = Delivery(problem, Placement(OSError(), KeyError()), workers, "search")

    delivery.put()

    assert delivery.placed == "there"
    assert workers.waited == 3


def test_it_is_not_put_again_for_ever(problem):
    delivery = Delivery(problem, Placement(*(OSError("gone") for _ in range(20))), Workers(), "search")

    with pytest.raises(OSError, match="gone"):
        delivery.put()
    assert delivery.placed is None


def test_what_cannot_be_pickled_is_an_error_of_its_own_only_where_code_has_to_be_sent(problem):
    with pytest.raises(TypeError, match="a lock"):
        Delivery(problem, Placement(TypeError("a lock")), Workers(), "search").put()

    delivery = Delivery(problem, Placement(TypeError("a lock")), Workers(), "search")
    delivery.send_code(DIFFERS)
    with pytest.raises(CodeCannotBeSentError, match=r"module 'helper' .* worker tcp://worker.*a lock.*upload_file"):
        delivery.put()


def test_code_that_still_differs_when_it_was_sent_ends_the_search(problem):
    delivery = Delivery(problem, Placement(), Workers(), "search")
    delivery.send_code(DIFFERS)

    with pytest.raises(CodeCannotBeSentError, match="it was sent from here, and still differs"):
        delivery.send_code(DIFFERS)


def test_tasks_and_results_come_out_as_they_went_in(problem):
    delivery = Delivery(problem, Placement(), Workers(), "search")
    task = Batch("batch-1", None, (Evaluation(Candidate(0, "ridge", {"alpha": 1.0}), 1),))

    assert delivery.unpacked(delivery.packed(task)) == task
    assert delivery.unpacked(3) == 3
