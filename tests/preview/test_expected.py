import pytest

from multisearch._records import Candidate, Failure
from multisearch.planning import Fit, Plan, StepTree
from multisearch.preview._expected import expect
from multisearch.preview._trial import Tried


def plan_of(*chains, n_folds=2):
    fits = [Fit(Candidate(index, name, {"trees": trees})) for index, (name, trees, _) in enumerate(chains)]
    tree = StepTree(zip(fits, [chain for _, _, chain in chains], strict=True))
    return Plan([fit.candidate for fit in fits], dict.fromkeys(range(n_folds), tree), 0, 0, 0)


def tried(plan, number, seconds, shared, failure=None):
    return Tried(plan.tree.leaves[number], seconds, shared, failure)


def no_iterations(candidate):
    return 0


def kind(node):
    return (str if node.key.startswith("a") else int,)


def test_every_evaluation_takes_what_the_trial_took_and_shared_steps_once_per_fold():
    plan = plan_of(("ridge", 0, ["a"]), ("ridge", 0, ["a"]), ("lasso", 0, ["a"]))
    expected = expect(
        plan,
        {"ridge": tried(plan, 1, 1.0, {"a": 10.0}), "lasso": tried(plan, 2, 3.0, {"a": 10.0})},
        kind,
        no_iterations,
    )
    assert expected.evaluations == {"ridge": 4.0, "lasso": 6.0}
    assert expected.shared == {"ridge": 20.0}
    assert expected.longest == 13.0


def test_a_fit_on_a_path_takes_its_share_of_the_iterations():
    plan = plan_of(("forest", 10, []), ("forest", 40, []))
    trial = {"forest": tried(plan, 1, 4.0, {})}
    assert expect(plan, trial, kind, lambda one: one.params["trees"]).evaluations == {"forest": 2 * (1.0 + 4.0)}


def test_steps_of_a_kind_take_equally_long_and_others_the_mean():
    plan = plan_of(*[("ridge", 0, [key]) for key in ("a1", "a1", "a2", "a2", "b", "b")])
    expected = expect(plan, {"ridge": tried(plan, 0, 1.0, {"a1": 6.0})}, kind, no_iterations)
    assert expected.by_node == {"a1": 6.0, "a2": 6.0, "b": 6.0}


def test_a_fit_without_shared_steps_fits_them_itself():
    plan = plan_of(("ridge", 0, ["a1"]), ("ridge", 0, ["a1"]), ("ridge", 0, ["a2"]))
    expected = expect(plan, {"ridge": tried(plan, 0, 1.0, {"a1": 6.0})}, kind, no_iterations)
    assert expected.evaluations == {"ridge": 2 * (1.0 + 1.0 + 7.0)}
    assert expected.longest == 7.0


@pytest.mark.parametrize("seconds", [0.5, 9.0])
def test_an_estimator_whose_trial_failed_takes_no_time(seconds):
    plan = plan_of(("bad", 0, []), ("good", 0, []))
    failed = tried(plan, 0, seconds, {}, Failure("RuntimeError: no", ""))
    expected = expect(plan, {"bad": failed, "good": tried(plan, 1, 1.0, {})}, kind, no_iterations)
    assert expected.evaluations == {"bad": 0.0, "good": 2.0}
    assert expected.longest == 1.0
