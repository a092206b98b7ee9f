import pytest
from hypothesis import given
from hypothesis import strategies as st

from multisearch._records import Batch, Candidate, Evaluation, SharedStep
from multisearch.loop._recovery import Recovery, next_on_path

CANDIDATES = [Candidate(index, "ridge", {}) for index in range(8)]


def batch(*indices, key="batch-1", fold=0):
    return Batch(key, None, tuple(Evaluation(CANDIDATES[index], fold) for index in indices))


def indices_of(task):
    return [evaluation.candidate.index for evaluation in task.evaluations]


def run_until_clear(recovery, kills):
    """Run what has to run again, one task at a time; return the guilty tasks and all that has come to its end."""
    guilty, ended = [], []
    while (task := recovery.next_task(running=0)) is not None:
        if not kills(task):
            ended.append(recovery.done(task))
        elif recovery.lost(task):
            guilty.append(task)
            ended.append(recovery.done(task))
    return guilty, [task for task in ended if task is not None]


def test_a_suspect_waits_until_nothing_else_runs():
    recovery = Recovery()
    assert not recovery.keeps_others_waiting
    assert not recovery.lost(batch(0, 1))
    assert recovery.keeps_others_waiting
    assert recovery.next_task(running=1) is None
    alone = recovery.next_task(running=0)
    assert indices_of(alone) == [0, 1]
    assert recovery.keeps_others_waiting
    assert recovery.done(alone) == batch(0, 1)
    assert not recovery.keeps_others_waiting


@given(st.sets(st.integers(0, 7)), st.integers(1, 8))
def test_only_the_fits_that_kill_are_to_blame(killers, size):
    recovery = Recovery()
    task = batch(*range(size))
    recovery.lost(task)
    guilty, ended = run_until_clear(recovery, lambda task: killers.intersection(indices_of(task)))
    assert sorted(index for one in guilty for index in indices_of(one)) == sorted(killers.intersection(range(size)))
    assert all(len(one.evaluations) == 1 for one in guilty)
    assert ended == [task]


def test_of_a_path_the_longest_candidate_is_tried_alone_first():
    recovery = Recovery()
    path = Evaluation(CANDIDATES[0], 0, (CANDIDATES[1], CANDIDATES[2]))
    task = Batch("batch-1", None, (path,))
    recovery.lost(task)
    ran = []

    def kills(task):
        ran.append([(one.candidate.index, [other.index for other in one.shorter]) for one in task.evaluations])
        return 0 in indices_of(task)

    guilty, ended = run_until_clear(recovery, kills)
    assert ran == [[(0, [1, 2])], [(0, [])], [(1, [2])]]
    assert [indices_of(one) for one in guilty] == [[0]]
    assert ended == [task]


def test_a_candidate_that_was_to_blame_runs_alone_on_other_folds_from_the_beginning():
    recovery = Recovery()
    recovery.lost(batch(3))
    recovery.lost(recovery.next_task(running=0))
    other = batch(2, 3, 4, key="batch-2", fold=1)
    harmless = recovery.without_guilty(other)
    assert indices_of(harmless) == [2, 4]
    assert recovery.done(harmless) is None
    suspect = recovery.next_task(running=0)
    assert indices_of(suspect) == [3]
    assert recovery.done(suspect) == other


def test_a_batch_of_nothing_but_guilty_candidates_waits_as_a_whole():
    recovery = Recovery()
    recovery.lost(batch(3))
    recovery.lost(recovery.next_task(running=0))
    other = batch(3, key="batch-2", fold=1)
    assert recovery.without_guilty(other) is None
    assert recovery.done(recovery.next_task(running=0)) == other


@pytest.mark.parametrize("step", [SharedStep("scaled-0", None, CANDIDATES[0], 0, 0, 1)])
def test_a_shared_step_is_to_blame_when_it_was_alone(step):
    recovery = Recovery()
    assert recovery.without_guilty(step) is step
    assert not recovery.lost(step)
    assert recovery.next_task(running=0) == step
    assert recovery.lost(step)
    assert recovery.done(step) == step


def test_what_a_batch_did_not_get_to_runs_beside_others():
    recovery = Recovery()
    task = batch(0, 1, 2)
    recovery.left_over(task, task.evaluations[1:])
    assert not recovery.keeps_others_waiting
    assert recovery.done(task) is None
    rest = recovery.next_task(running=5)
    assert indices_of(rest) == [1, 2]
    assert recovery.done(rest) == task


def test_a_path_without_its_longest_candidate():
    rest = next_on_path(Evaluation(CANDIDATES[0], 1, (CANDIDATES[1], CANDIDATES[2])))
    assert rest == Evaluation(CANDIDATES[1], 1, (CANDIDATES[2],))
