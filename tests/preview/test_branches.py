import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import MultiModelSearchCV
from multisearch._records import Candidate
from multisearch.arguments import prepare
from multisearch.planning import Planner
from multisearch.preview._branches import branches_of, pruned
from multisearch.preview._sheet import Branch


def branches_for(search, data, seconds_of=None):
    preparation = prepare(search, *data, {})
    settings = [(name, params) for name, sampler in preparation.samplers.items() for params in sampler.ask()]
    plan = Planner(preparation.problem)([Candidate(index, *setting) for index, setting in enumerate(settings)])
    return branches_of(preparation.problem, plan, seconds_of)


@pytest.mark.parametrize(
    ("space", "label"),
    [
        ({}, "scale, reduce"),
        ({"reduce__n_components": [np.int64(2)]}, "scale, reduce(n_components=2)"),
        (
            {"reduce__tol": [np.float64(1 / 3)], "scale": [StandardScaler()]},
            "scale=StandardScaler(), reduce(tol=0.3333)",
        ),
        ({"scale": ["passthrough"], "reduce__n_components": [2]}, "reduce(n_components=2)"),
    ],
)
def test_steps_are_named_with_what_candidates_set_in_them(space, label, regression):
    pipeline = Pipeline([("scale", StandardScaler()), ("reduce", PCA()), ("model", Ridge())])
    search = MultiModelSearchCV([("ridge", pipeline, {**space, "model__alpha": [1, 2]})], cv=3)
    assert branches_for(search, regression) == (Branch(label, 'once per fold; 2 candidates, 6 fits of "ridge"', 2),)


def test_a_measured_step_has_its_seconds(two_pipelines, regression):
    (branch,) = branches_for(MultiModelSearchCV(two_pipelines), regression, lambda node: 2.0)
    assert branch.detail == 'once per fold, 2 s, for 6 candidates of "ridge" and "lasso"'
    assert branch.children[0].detail == 'once per fold, 2 s; 2 candidates, 10 fits of "ridge"'


def test_there_is_no_tree_without_sharing(two_pipelines, regression):
    branches = branches_for(MultiModelSearchCV(two_pipelines, optimize=False), regression)
    assert branches == (Branch('"ridge"', "4 candidates, 20 fits", 4), Branch('"lasso"', "2 candidates, 10 fits", 2))


def grown(depth):
    children = grown(depth - 1) if depth else ()
    return tuple(Branch(f"{depth}-{number}", "", 10**depth, children) for number in range(10))


def lines(branches):
    return [line for branch in branches for line in (branch, *lines(branch.children))]


def test_lines_near_the_root_have_room_first():
    tree = pruned(grown(2))
    assert [branch.label for branch in tree] == [*(f"2-{number}" for number in range(8)), "... and 2 more"]
    assert tree[-1].detail == "with 200 candidates"
    assert sum("more" not in branch.label for branch in lines(tree)) == 30
    assert tree[0].children[-1] == Branch("... and 2 more", "with 20 candidates", 20)
    assert tree[7].children == (Branch("... and 10 more", "with 100 candidates", 100),)
