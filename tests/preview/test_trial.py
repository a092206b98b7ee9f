import pytest
from sklearn.linear_model import Lasso, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch._records import KILLED, Batch, BatchResult, Candidate, Failure, Lost, Outcome, SharedStep
from multisearch.planning import Fit, StepTree
from multisearch.preview._trial import try_out, typical_leaves

PIPELINES = {
    "ridge": Pipeline([("scale", StandardScaler()), ("model", Ridge())]),
    "lasso": Pipeline([("scale", StandardScaler()), ("model", Lasso())]),
}


class FakeEngine:
    """Notes the tasks, and says that each took so many seconds."""

    def __init__(self, seconds_of_step, seconds_of_evaluation):
        self.tasks = []
        self._of_step = seconds_of_step
        self._of_evaluation = seconds_of_evaluation

    def submit(self, task):
        self.tasks.append(task)

    def results(self):
        task = self.tasks[-1]
        if isinstance(task, SharedStep):
            yield task, None
            return
        above, key = {}, task.parent
        while key is not None:
            above[key] = self._of_step
            key = next(one.parent for one in self.tasks if one.key == key)
        outcomes = [Outcome(e.candidate.index, e.fold, 0, 0, self._of_evaluation) for e in task.evaluations]
        yield task, BatchResult(tuple(outcomes), above)


def tree_of(*chains):
    """Return a tree of candidates that are named by estimator and alpha."""
    return StepTree(
        (Fit(Candidate(index, name, {"alpha": alpha})), chain) for index, (name, alpha, chain) in enumerate(chains)
    )


@pytest.fixture
def tree():
    return tree_of(
        ("ridge", 1, ["scale", "reduce"]),
        ("ridge", 2, ["scale", "reduce"]),
        ("ridge", 3, ["scale", "reduce"]),
        ("lasso", 4, ["scale"]),
        ("alone", 5, []),
    )


def no_iterations(candidate):
    return 0


def test_the_middle_of_each_estimators_fits_is_tried(tree):
    leaves = typical_leaves(tree, no_iterations)
    assert {name: leaf.fit.candidate.params["alpha"] for name, leaf in leaves.items()} == {
        "ridge": 2,
        "lasso": 4,
        "alone": 5,
    }


def test_most_iterations_and_then_most_shared_steps_come_first():
    tree = tree_of(("ridge", 1, []), ("ridge", 2, ["a"]), ("ridge", 3, ["a"]), ("ridge", 9, []), ("ridge", 1, []))
    deepest = typical_leaves(tree, no_iterations)["ridge"]
    longest = typical_leaves(tree, lambda candidate: candidate.params["alpha"])["ridge"]
    assert (deepest.fit.candidate.params["alpha"], longest.fit.candidate.params["alpha"]) == (3, 9)


def test_each_shared_step_is_tried_once(tree):
    engine = FakeEngine(5.0, 2.0)
    tried = try_out(engine, tree, no_iterations)
    steps = [task for task in engine.tasks if isinstance(task, SharedStep)]
    assert [(task.start, task.stop, task.fold) for task in steps] == [(0, 1, 0), (1, 2, 0)]
    assert len(engine.tasks) == 2 + 3
    assert tried["ridge"].shared_seconds == {"scale": 5.0, "reduce": 5.0}
    assert tried["lasso"].shared_seconds == {"scale": 5.0}
    assert tried["alone"].shared_seconds == {}
    assert [one.seconds for one in tried.values()] == [2.0, 2.0, 2.0]


@pytest.mark.parametrize(("seconds_of_step", "n_steps"), [(0.001, 4), (5.0, 2)])
def test_what_is_short_is_tried_twice(tree, seconds_of_step, n_steps):
    engine = FakeEngine(seconds_of_step, 0.001)
    try_out(engine, tree, no_iterations)
    assert sum(isinstance(task, SharedStep) for task in engine.tasks) == n_steps
    assert len(engine.tasks) == n_steps + 2 * 3
    assert len({task.key for task in engine.tasks}) == len(engine.tasks)


class DeadlyEngine(FakeEngine):
    """Loses every task of one kind."""

    def __init__(self, kind):
        super().__init__(1.0, 1.0)
        self._kind = kind

    def results(self):
        task = self.tasks[-1]
        if isinstance(task, self._kind):
            yield task, Lost(Failure("the worker process died", "", kind=KILLED))
        else:
            yield from super().results()


@pytest.mark.parametrize("kind", [SharedStep, Batch])
def test_a_trial_that_is_lost_with_its_worker_has_failed(kind):
    tried = try_out(DeadlyEngine(kind), tree_of(("ridge", 1, ["scale"]), ("ridge", 2, ["scale"])), lambda _: 0)
    assert tried["ridge"].failure.message == "the worker process died"
