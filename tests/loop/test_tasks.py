from collections import deque
from dataclasses import replace

import pytest

from multisearch._records import (
    KILLED,
    TIMEOUT,
    Batch,
    BatchResult,
    Candidate,
    Evaluation,
    Failure,
    Lost,
    Outcome,
    SharedStep,
)
from multisearch.loop._tasks import TaskLoop
from multisearch.planning import Costs, Fit, Plan, StepTree

CANDIDATES = [Candidate(index, "ridge", {}) for index in range(6)]


class Fragile:
    """Runs tasks in which a candidate may be deadly, or too slow, and says what ran beside what."""

    def __init__(self, *, deadly=(), slow=(), deadly_step=None, slow_step=None, slots=3):
        self.capacity = slots
        self.queue_length = slots
        self.ran = []
        self.released = []
        self._deadly, self._slow = set(deadly), set(slow)
        self._deadly_step, self._slow_step = deadly_step, slow_step
        self._waiting = deque()

    def submit(self, task):
        self._waiting.append(task)

    def release(self, key):
        self.released.append(key)

    def results(self):
        """Let everything that waits run at once, so that one death takes all of it along."""
        together = list(self._waiting)
        self._waiting.clear()
        self.ran.append(together)
        if any(map(self._is_deadly, together)):
            for task in together:
                yield task, Lost(Failure("the worker process died", "", kind=KILLED))
            return
        for task in together:
            yield task, self._result(task)

    def _is_deadly(self, task):
        if isinstance(task, SharedStep):
            return task.key == self._deadly_step
        return bool(self._deadly.intersection(_indices(task)))

    def _result(self, task):
        if isinstance(task, SharedStep):
            too_long = Failure("it took too long", "", kind=TIMEOUT)
            return Lost(too_long, is_certain=True) if task.key == self._slow_step else None
        outcomes = []
        for evaluation in task.evaluations:
            for candidate in (evaluation.candidate, *evaluation.shorter):
                if candidate.index in self._slow:
                    failure = Failure("it took too long", "", kind=TIMEOUT)
                    outcomes.append(_outcome(candidate, evaluation, failure))
                    return BatchResult(tuple(outcomes))
                outcomes.append(_outcome(candidate, evaluation))
        return BatchResult(tuple(outcomes))


def _indices(task):
    return [one.index for evaluation in task.evaluations for one in (evaluation.candidate, *evaluation.shorter)]


def _outcome(candidate, evaluation, failure=None):
    return Outcome(candidate.index, evaluation.fold, 1.0, 0.0, 1.0, test_scores=0.5, failure=failure)


def plan_of(chains, n_folds=2):
    tree = StepTree((Fit(candidate), chain) for candidate, chain in zip(CANDIDATES, chains, strict=False))
    return Plan(CANDIDATES[: len(chains)], dict.fromkeys(range(n_folds), tree), 0, 0, 0)


def outcomes_of(engine, plan):
    """Return how every evaluation ended, by candidate and fold; each has ended once."""
    found = {}
    for batch, result in TaskLoop(engine, plan, Costs()).results():
        assert isinstance(batch, Batch)
        for outcome in result.outcomes:
            assert (outcome.candidate, outcome.fold) not in found
            found[outcome.candidate, outcome.fold] = None if outcome.failure is None else outcome.failure.kind
    return found


def expected(n_candidates, bad, kind, n_folds=2):
    return {(index, fold): kind if index in bad else None for index in range(n_candidates) for fold in range(n_folds)}


@pytest.mark.parametrize("deadly", [[], [2], [0, 5], range(6)])
def test_a_candidate_that_kills_fails_and_its_neighbours_do_not(deadly):
    engine = Fragile(deadly=deadly)
    assert outcomes_of(engine, plan_of([[]] * 6)) == expected(6, deadly, KILLED)


def test_a_death_counts_only_when_nothing_else_ran():
    engine = Fragile(deadly=[3])
    outcomes_of(engine, plan_of([[]] * 6))
    last = max(number for number, together in enumerate(engine.ran) if any(3 in _indices(task) for task in together))
    assert [_indices(task) for task in engine.ran[last]] == [[3]]


@pytest.mark.parametrize("slow", [[1], [0, 4]])
def test_what_stands_behind_a_fit_that_takes_too_long_is_run_again(slow):
    engine = Fragile(slow=slow)
    assert outcomes_of(engine, plan_of([[]] * 6)) == expected(6, slow, TIMEOUT)
    assert all(len(together) for together in engine.ran)


def test_the_shorter_candidates_of_a_path_go_on_without_one_that_takes_too_long():
    long, *shorter = CANDIDATES[:3]
    tree = StepTree([(Fit(long, tuple(shorter)), [])])
    engine = Fragile(slow=[0])
    assert outcomes_of(engine, Plan(CANDIDATES[:3], {0: tree}, 0, 0, 0)) == expected(3, [0], TIMEOUT, n_folds=1)


CHAINS = [["scale", "reduce"], ["scale", "reduce"], ["scale"], ["scale"], [], []]


@pytest.mark.parametrize(("step", "behind"), [("scale-0", [0, 1, 2, 3]), ("reduce-0", [0, 1]), ("reduce-1", [0, 1])])
@pytest.mark.parametrize("kind", [KILLED, TIMEOUT])
def test_everything_behind_a_shared_step_that_fails_fails_with_it(step, behind, kind):
    engine = Fragile(**{"deadly_step" if kind == KILLED else "slow_step": step})
    bad_fold = int(step[-1])
    assert outcomes_of(engine, plan_of(CHAINS)) == {
        (index, fold): kind if index in behind and fold == bad_fold else None for index in range(6) for fold in range(2)
    }


def test_every_shared_step_is_released_in_the_end():
    engine = Fragile(deadly=[1])
    outcomes_of(engine, plan_of(CHAINS))
    assert sorted(engine.released) == ["reduce-0", "reduce-1", "scale-0", "scale-1"]


def test_folds_may_have_different_trees():
    trees = {0: StepTree([(Fit(CANDIDATES[0]), [])]), 2: StepTree([(Fit(CANDIDATES[1]), [])])}
    assert outcomes_of(Fragile(), Plan(CANDIDATES[:2], trees, 0, 0, 0)) == {(0, 0): None, (1, 2): None}


def test_nothing_to_do_is_done_at_once():
    engine = Fragile()
    assert outcomes_of(engine, Plan([], {}, 0, 0, 0)) == {}
    assert engine.ran == []


def test_evaluations_of_a_batch_have_the_fold_of_the_batch():
    engine = Fragile()
    outcomes_of(engine, plan_of([[]] * 3))
    assert {evaluation.fold for together in engine.ran for task in together for evaluation in task.evaluations} == {
        0,
        1,
    }
    assert isinstance(engine.ran[0][0].evaluations[0], Evaluation)


class Spare:
    """Has one batch after the other, as long as slots are idle."""

    def __init__(self, n=2, *, candidate=5, in_mid_search=False):
        self.asked = []
        self.ended_with = []
        self._left = n
        self._candidate = CANDIDATES[candidate]
        self._in_mid_search = in_mid_search

    def next_task(self, slots):
        self.asked.append(slots)
        if not self._left or slots.is_idle == self._in_mid_search:
            return None
        self._left -= 1
        return Batch(f"spare-{self._left}", None, (Evaluation(self._candidate, 0),), plain=True, again=True)

    def ended(self, batch, result):
        self.ended_with.append((batch.key, result))


def with_spare(engine, plan, spare):
    results = TaskLoop(engine, plan, Costs(), spare).results()
    return {(one.candidate, one.fold): one.failure for _, result in results for one in result.outcomes}


def test_spare_tasks_run_when_nothing_else_is_to_be_done():
    engine, spare = Fragile(slots=2), Spare()
    found = with_spare(engine, plan_of([[]] * 3), spare)
    assert set(found) == {(index, fold) for index in range(3) for fold in range(2)}
    assert sorted(key for key, _ in spare.ended_with) == ["spare-0", "spare-1"]
    assert all(isinstance(result, BatchResult) for _, result in spare.ended_with)
    keys = [task.key for together in engine.ran for task in together]
    assert all(key.startswith("spare") for key in keys[-2:])


def test_spare_tasks_may_run_in_mid_search():
    engine, spare = Fragile(slots=2), Spare(in_mid_search=True)
    assert len(with_spare(engine, plan_of([[]] * 3), spare)) == 6
    assert engine.ran[0][0].key == "spare-1"


def test_who_has_spare_tasks_is_told_how_much_else_is_to_be_done():
    spare = Spare(n=0)
    engine = Fragile(slots=1)
    costs = Costs()
    costs.measured(CANDIDATES[0], 3.0)
    list(TaskLoop(engine, plan_of([[]] * 2, n_folds=1), costs, spare).results())
    assert [slots.seconds_ahead for slots in spare.asked if not slots.is_idle][:2] == [6.0, pytest.approx(3.0, abs=0.6)]
    assert [slots.seconds_ahead for slots in spare.asked if slots.is_idle] == [0.0]
    assert {slots.number for slots in spare.asked} == {1}


def test_there_is_spare_time_in_a_plan_with_nothing_to_do():
    spare = Spare()
    assert with_spare(Fragile(), Plan([], {}, 0, 0, 0), spare) == {}
    assert len(spare.ended_with) == 2


def test_a_spare_task_that_is_lost_is_nobodys_fault():
    engine, spare = Fragile(deadly=[5]), Spare(n=1)
    found = with_spare(engine, plan_of([[]] * 3), spare)
    assert len(found) == 6
    assert all(failure is None for failure in found.values())
    assert spare.ended_with == [("spare-0", None)]


def test_a_spare_task_that_takes_others_along_does_not_make_them_fail():
    engine, spare = Fragile(deadly=[5]), Spare(n=1, in_mid_search=True)
    found = with_spare(engine, plan_of([[]] * 3), spare)
    assert len(found) == 6
    assert all(failure is None for failure in found.values())


def test_no_spare_task_runs_beside_one_that_has_to_run_alone():
    engine, spare = Fragile(deadly=[1]), Spare(n=20)
    outcomes = with_spare(engine, plan_of([[]] * 3), spare)
    assert {place for place, failure in outcomes.items() if failure is not None} == {(1, 0), (1, 1)}
    first = next(number for number, together in enumerate(engine.ran) if any(1 in _indices(task) for task in together))
    assert all(
        len(together) == 1 for together in engine.ran[first + 1 :] if any(1 in _indices(task) for task in together)
    )


@pytest.mark.parametrize("deadly", [[], [1]])
def test_batches_say_how_their_plan_is_carried_out(deadly):
    engine = Fragile(deadly=deadly)
    plan = plan_of([[]] * 4)
    outcomes_of(engine, replace(plan, plain=True, again=True))
    assert {(task.plain, task.again) for together in engine.ran for task in together} == {(True, True)}
