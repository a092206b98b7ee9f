from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multisearch._records import Batch, Candidate, SharedStep
from multisearch.planning import Costs, Fit, Schedule, StepTree

STEPS = st.lists(st.lists(st.integers(0, 2), max_size=4), min_size=1, max_size=12)


def tree_of(steps):
    """Hang candidates with these leading steps into a tree; equal prefixes are shared."""
    return StepTree(
        (
            Fit(Candidate(index, f"estimator-{index % 2}", {})),
            ["-".join(map(str, own[:stop])) for stop in range(1, len(own) + 1)],
        )
        for index, own in enumerate(steps)
    )


class Run:
    """Works a schedule off as an engine with some slots would, and notes what happens when."""

    def __init__(self, tree, n_folds, *, slots=1, capacity=1, costs=None, pick=lambda running: 0):
        self.costs = Costs() if costs is None else costs
        self.events = []
        self.most_alive = 0
        schedule = Schedule(dict.fromkeys(range(n_folds), tree), self.costs)
        running = []
        alive = set()
        while True:
            while len(running) < slots and (task := schedule.next_task(capacity)):
                running.append(task)
                self.events.append(("start", task))
            if not running:
                return
            task = running.pop(pick(running))
            for evaluation in task.evaluations if isinstance(task, Batch) else ():
                self.costs.measured(evaluation.candidate, 0.1)
            if isinstance(task, SharedStep):
                alive.add(task.key)
                self.most_alive = max(self.most_alive, len(alive))
            self.events.append(("finish", task))
            for key in schedule.finish(task):
                alive.remove(key)
                self.events.append(("release", key))

    @property
    def tasks(self):
        return [task for event, task in self.events if event == "start"]

    @property
    def batches(self):
        return [task for task in self.tasks if isinstance(task, Batch)]


@st.composite
def runs(draw):
    tree = tree_of(draw(STEPS))
    n_folds = draw(st.integers(1, 3))
    slots = draw(st.integers(1, 4))
    costs = Costs(target_seconds=draw(st.sampled_from([0.0, 0.25, 1.0])))
    pick = draw(st.randoms(use_true_random=False))
    run = Run(
        tree, n_folds, slots=slots, capacity=slots, costs=costs, pick=lambda running: pick.randrange(len(running))
    )
    return tree, n_folds, run


@given(runs())
@settings(max_examples=60, deadline=None)
def test_every_evaluation_is_handed_out_exactly_once_on_every_fold(tree_folds_run):
    tree, n_folds, run = tree_folds_run
    handed_out = Counter((one.candidate.index, one.fold) for batch in run.batches for one in batch.evaluations)

    assert handed_out == Counter((leaf.fit.candidate.index, fold) for leaf in tree.leaves for fold in range(n_folds))


@given(runs())
@settings(max_examples=60, deadline=None)
def test_every_shared_step_is_handed_out_exactly_once_on_every_fold(tree_folds_run):
    tree, n_folds, run = tree_folds_run
    steps = [task for task in run.tasks if isinstance(task, SharedStep)]

    assert Counter((step.fold, step.start, step.stop, step.candidate.index) for step in steps) == Counter(
        (fold, node.start, node.stop, node.candidate.index) for node in tree.nodes.values() for fold in range(n_folds)
    )
    assert len({task.key for task in run.tasks}) == len(run.tasks)


@given(runs())
@settings(max_examples=60, deadline=None)
def test_a_task_is_handed_out_only_between_its_parents_end_and_release(tree_folds_run):
    _, _, run = tree_folds_run
    alive = {None}

    for event, subject in run.events:
        if event == "start":
            assert subject.parent in alive
        elif event == "release":
            alive.remove(subject)
        elif isinstance(subject, SharedStep):
            alive.add(subject.key)


@given(runs())
@settings(max_examples=60, deadline=None)
def test_a_task_stands_behind_the_deepest_shared_step_on_its_own_fold(tree_folds_run):
    tree, _, run = tree_folds_run
    steps = {task.key: task for task in run.tasks if isinstance(task, SharedStep)}
    node_above = {leaf.fit.candidate.index: leaf.parent for leaf in tree.leaves}

    for task in run.tasks:
        parent = steps.get(task.parent)
        if isinstance(task, SharedStep):
            assert task.start == (0 if parent is None else parent.stop)
            assert parent is None or parent.fold == task.fold
            continue
        for evaluation in task.evaluations:
            node = node_above[evaluation.candidate.index]
            assert (node is None) == (parent is None)
            assert parent is None or (parent.fold == evaluation.fold and parent.stop == tree.nodes[node].stop)


@given(runs())
@settings(max_examples=60, deadline=None)
def test_a_shared_step_is_released_exactly_once_as_soon_as_its_last_user_is_done(tree_folds_run):
    _, _, run = tree_folds_run
    steps = {task.key for task in run.tasks if isinstance(task, SharedStep)}
    last_user = {}
    for position, (event, subject) in enumerate(run.events):
        if event == "finish" and subject.parent is not None:
            last_user[subject.parent] = position
    released = [(position, subject) for position, (event, subject) in enumerate(run.events) if event == "release"]

    assert Counter(key for _, key in released) == Counter(steps)
    for position, key in released:
        assert position > last_user[key]
        assert all(event == "release" for event, _ in run.events[last_user[key] + 1 : position])


@given(STEPS, st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_one_slot_keeps_no_more_than_one_branch_alive(steps, n_folds):
    tree = tree_of(steps)
    depths = {None: 0}
    for node in tree.nodes.values():
        depths[node.key] = depths[node.parent] + 1

    assert Run(tree, n_folds).most_alive <= max(depths.values())


@given(STEPS, st.integers(1, 3), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_no_more_results_are_alive_than_half_as_many_again_as_slots_and_the_rest_of_a_branch(steps, n_folds, slots):
    tree = tree_of(steps)
    depths = {None: 0}
    for node in tree.nodes.values():
        depths[node.key] = depths[node.parent] + 1

    run = Run(tree, n_folds, slots=slots, capacity=slots)

    assert run.most_alive <= slots + slots // 2 + max(0, max(depths.values()) - 1)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=12), st.integers(1, 3), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_no_more_results_are_alive_than_half_as_many_again_as_slots_where_no_step_stands_on_another(
    steps, n_folds, slots
):
    run = Run(tree_of([[step] for step in steps]), n_folds, slots=slots, capacity=slots)

    assert run.most_alive <= slots + slots // 2


def test_shared_steps_go_before_evaluations_so_that_the_last_ones_are_not_left_over():
    run = Run(tree_of([[0]] * 4), 5, slots=2, capacity=2)
    kinds = ["step" if isinstance(task, SharedStep) else "batch" for task in run.tasks]

    assert kinds[:3] == ["step"] * 3
    assert kinds[-8:] == ["batch"] * 8


def test_nothing_is_handed_out_while_all_that_is_left_waits_for_a_running_step():
    schedule = Schedule(dict.fromkeys(range(1), tree_of([[0], [0]])), Costs())
    step = schedule.next_task(2)

    assert isinstance(step, SharedStep)
    assert schedule.next_task(2) is None
    assert schedule.finish(step) == []
    assert isinstance(schedule.next_task(2), Batch)


def test_folds_are_worked_off_in_their_order():
    run = Run(tree_of([[], [], []]), 3)

    assert [one.fold for batch in run.batches for one in batch.evaluations] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_what_took_long_on_the_first_fold_goes_first_on_the_others():
    schedule = Schedule(dict.fromkeys(range(2), tree_of([[]] * 3)), costs := Costs())
    order = []
    while task := schedule.next_task(2):
        (evaluation,) = task.evaluations
        order.append((evaluation.fold, evaluation.candidate.index))
        costs.measured(evaluation.candidate, [2.0, 9.0, 5.0][evaluation.candidate.index])
        schedule.finish(task)

    # Candidates 0 and 2 are of one estimator, so that 2 is expected to take what 0 took until it has run itself
    assert order == [(0, 0), (0, 1), (1, 1), (0, 2), (1, 2), (1, 0)]


def test_one_slot_keeps_the_order_of_candidates_and_folds():
    schedule = Schedule(dict.fromkeys(range(2), tree_of([[]] * 3)), costs := Costs(target_seconds=0.0))
    order = []
    while task := schedule.next_task(1):
        (evaluation,) = task.evaluations
        order.append((evaluation.fold, evaluation.candidate.index))
        costs.measured(evaluation.candidate, [2.0, 9.0, 5.0][evaluation.candidate.index])
        schedule.finish(task)

    assert order == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def test_what_was_never_measured_goes_out_alone():
    schedule = Schedule(dict.fromkeys(range(1), tree_of([[]] * 8)), Costs())

    assert [len(schedule.next_task(8).evaluations) for _ in range(8)] == [1] * 8


@pytest.fixture
def measured():
    """Return costs of a quarter of a second for either estimator, and a second for a batch."""
    costs = Costs(target_seconds=1.0)
    costs.measured(Candidate(-1, "estimator-0", {}), 0.25)
    costs.measured(Candidate(-2, "estimator-1", {}), 0.25)
    return costs


def sizes(schedule, capacity):
    found = []
    while task := schedule.next_task(capacity):
        found.append(len(task.evaluations))
    return found


def test_measured_evaluations_are_batched_up_to_the_target_and_less_towards_the_end(measured):
    schedule = Schedule(dict.fromkeys(range(1), tree_of([[]] * 20)), measured)

    assert sizes(schedule, 1) == [4, 4, 4, 4, 2, 1, 1]


def test_more_slots_make_smaller_batches(measured):
    schedule = Schedule(dict.fromkeys(range(1), tree_of([[]] * 20)), measured)

    assert sizes(schedule, 4)[0] == 2


def test_what_is_longer_than_a_batch_waits_for_a_free_slot(measured):
    measured.measured(Candidate(-1, "estimator-0", {}), 100.0)
    schedule = Schedule(dict.fromkeys(range(1), tree_of([[], []] * 3)), measured)
    first = schedule.next_task(2)
    schedule.next_task(2)

    assert schedule.next_task(2) is None
    schedule.finish(first)
    assert [one.candidate.estimator for one in schedule.next_task(2).evaluations] == ["estimator-0"]


def test_short_batches_are_handed_over_before_a_slot_is_free(measured):
    schedule = Schedule(dict.fromkeys(range(1), tree_of([[]] * 20)), measured)

    assert all(schedule.next_task(1) for _ in range(3))


def test_evaluations_longer_than_the_target_go_out_one_by_one_the_longest_first(measured):
    measured.measured(Candidate(-1, "estimator-0", {}), 100.0)
    schedule = Schedule(dict.fromkeys(range(1), tree_of([[], []] * 2)), measured)

    assert [[one.candidate.index for one in schedule.next_task(4).evaluations] for _ in range(4)] == [
        [0],
        [2],
        [1],
        [3],
    ]


def test_folds_may_have_trees_of_their_own():
    whole, rest = tree_of([[0], [0], []]), tree_of([[0]])
    schedule = Schedule({0: whole, 3: rest}, Costs())
    seen = []
    while task := schedule.next_task(1):
        seen += [(one.candidate.index, one.fold) for one in task.evaluations] if isinstance(task, Batch) else []
        schedule.finish(task)
    assert sorted(seen) == [(0, 0), (0, 3), (1, 0), (2, 0)]
