import copy
import threading
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Lasso, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from multisearch._records import Candidate
from multisearch.planning import Fit, StepChains, StepTree

# Chains of keys as StepChains makes them: each key stands for its step and all before it
STEPS = st.lists(st.lists(st.integers(0, 2), max_size=4), max_size=12)


def chains_of(steps):
    return [
        (Fit(Candidate(index, "any", {})), tuple("/".join(map(str, own[:stop])) for stop in range(1, len(own) + 1)))
        for index, own in enumerate(steps)
    ]


def users_of(chains):
    return Counter(key for _, chain in chains for key in chain)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_nodes_are_shared_only_where_at_least_two_candidates_agree(steps):
    chains = chains_of(steps)
    users = users_of(chains)
    own_chain = {fit.candidate.index: chain for fit, chain in chains}

    for key, node in StepTree(chains).nodes.items():
        assert key == node.key
        assert users[key] >= 2
        assert own_chain[node.candidate.index][node.stop - 1] == key


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_every_step_that_two_candidates_need_is_in_a_node_above_both(steps):
    chains = chains_of(steps)
    users = users_of(chains)
    tree = StepTree(chains)

    assert [leaf.fit.candidate.index for leaf in tree.leaves] == list(range(len(chains)))
    for leaf, (_, chain) in zip(tree.leaves, chains, strict=True):
        shared = sum(users[key] >= 2 for key in chain)
        assert leaf.parent == (chain[shared - 1] if shared else None)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_nodes_follow_their_parents_without_a_gap(steps):
    tree = StepTree(chains_of(steps))
    known = set()

    for node in tree.nodes.values():
        assert node.start < node.stop
        assert node.start == (0 if node.parent is None else tree.nodes[node.parent].stop)
        assert node.parent is None or node.parent in known
        known.add(node.key)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_steps_that_are_always_needed_together_are_one_node(steps):
    chains = chains_of(steps)
    users = users_of(chains)

    for node in StepTree(chains).nodes.values():
        assert node.parent is None or users[node.key] < users[node.parent]


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_step_fits_and_those_saved_add_up_to_what_candidates_alone_would_fit(steps):
    chains = chains_of(steps)
    tree = StepTree(chains)
    shared = [[key for key in chain if users_of(chains)[key] >= 2] for _, chain in chains]

    assert tree.step_fits == len({key for keys in shared for key in keys})
    assert tree.step_fits + tree.step_fits_saved == sum(map(len, shared))


def test_steps_before_a_path_are_a_node_of_their_own():
    path = Fit(Candidate(0, "any", {}), (Candidate(1, "any", {}),))

    tree = StepTree([(path, ("a", "b")), (Fit(Candidate(2, "any", {})), ("c",))])

    assert [(node.key, node.start, node.stop) for node in tree.nodes.values()] == [("b", 0, 2)]
    assert [leaf.parent for leaf in tree.leaves] == ["b", None]
    assert (tree.step_fits, tree.step_fits_saved) == (2, 0)


def candidates_of(estimators, settings_by_name):
    pairs = [(name, params) for name in estimators for params in settings_by_name.get(name, [{}])]
    return [Candidate(index, name, params) for index, (name, params) in enumerate(pairs)]


def tree_of(estimators, settings_by_name, *, fit_params=None, root=lambda _: (0,)):
    fit_params = {name: {} for name in estimators} | (fit_params or {})
    chains = StepChains(estimators, fit_params, root)
    return StepTree([(Fit(one), chains(one)) for one in candidates_of(estimators, settings_by_name)])


def shared_steps(tree):
    """Return, per candidate, how many leading steps it does not fit alone."""
    return [0 if leaf.parent is None else tree.nodes[leaf.parent].stop for leaf in tree.leaves]


@pytest.fixture
def pipeline():
    return Pipeline([("scale", StandardScaler()), ("reduce", PCA(2)), ("model", Ridge())])


def test_settings_of_the_last_step_share_all_steps_before_it(pipeline):
    tree = tree_of({"ridge": pipeline}, {"ridge": [{"model__alpha": alpha} for alpha in (1, 2, 3)]})

    assert shared_steps(tree) == [2, 2, 2]
    assert [(node.start, node.stop) for node in tree.nodes.values()] == [(0, 2)]
    assert (tree.step_fits, tree.step_fits_saved) == (2, 4)


def test_settings_of_a_leading_step_share_what_is_before_that(pipeline):
    settings_of = [{"reduce__n_components": n, "model__alpha": alpha} for n in (1, 2) for alpha in (1, 2)]
    tree = tree_of({"ridge": pipeline}, {"ridge": [*settings_of, {"reduce__n_components": 3}]})

    assert shared_steps(tree) == [2, 2, 2, 2, 1]
    assert [(node.start, node.stop) for node in tree.nodes.values()] == [(0, 1), (1, 2), (1, 2)]
    assert (tree.step_fits, tree.step_fits_saved) == (3, 6)


def test_estimators_share_equal_steps_whatever_those_are_called(pipeline):
    other = Pipeline([("standardise", StandardScaler()), ("pca", PCA(2)), ("lasso", Lasso())])
    third = Pipeline([("standardise", StandardScaler(with_mean=False)), ("pca", PCA(2)), ("lasso", Lasso())])

    assert shared_steps(tree_of({"ridge": pipeline, "lasso": other, "third": third}, {})) == [2, 2, 0]


def test_one_candidate_alone_shares_nothing(pipeline):
    tree = tree_of({"ridge": pipeline}, {})

    assert shared_steps(tree) == [0]
    assert tree.nodes == {}


def test_a_setting_equal_to_the_default_is_the_same_step(pipeline):
    tree = tree_of({"ridge": pipeline}, {"ridge": [{}, {"reduce__n_components": 2}]})

    assert shared_steps(tree) == [2, 2]


def test_a_step_that_a_setting_puts_in_counts(pipeline):
    tree = tree_of(
        {"ridge": pipeline},
        {
            "ridge": [
                {"scale": MinMaxScaler()},
                {"scale": MinMaxScaler(), "model__alpha": 2},
                {"scale": StandardScaler()},
                {},
            ]
        },
    )

    assert shared_steps(tree) == [2, 2, 2, 2]
    assert len(tree.nodes) == 2


def test_last_steps_that_replace_each_other_share_the_steps_before(pipeline):
    tree = tree_of({"ridge": pipeline}, {"ridge": [{"model": Ridge()}, {"model": Lasso(), "model__alpha": 3}]})

    assert shared_steps(tree) == [2, 2]


def test_steps_that_do_nothing_are_left_out():
    with_gap = Pipeline([("scale", StandardScaler()), ("no", "passthrough"), ("pca", PCA(2)), ("model", Ridge())])
    without = Pipeline([("scale", StandardScaler()), ("pca", PCA(2)), ("model", Ridge())])

    assert shared_steps(tree_of({"one": with_gap, "two": without}, {})) == [2, 2]


def test_a_setting_may_switch_a_step_off(pipeline):
    tree = tree_of({"ridge": pipeline}, {"ridge": [{"reduce": "passthrough"}, {}, {"model__alpha": 2}]})

    assert shared_steps(tree) == [1, 2, 2]


def test_what_is_no_pipeline_of_scikit_learns_is_never_taken_apart():
    class Resampling(Pipeline):
        def fit(self, X, y=None, **params):
            return super().fit(X[::2], y[::2], **params)

    steps = [("scale", StandardScaler()), ("model", Ridge())]
    tree = tree_of({"one": Ridge(), "two": Ridge(), "three": Resampling(steps), "four": Resampling(steps)}, {})

    assert shared_steps(tree) == [0, 0, 0, 0]


def test_a_subclass_that_leaves_fit_alone_is_taken_apart():
    class Named(Pipeline):
        pass

    steps = [("scale", StandardScaler()), ("model", Ridge())]

    assert shared_steps(tree_of({"one": Named(steps), "two": Pipeline(steps)}, {})) == [1, 1]


def test_candidates_with_different_roots_share_nothing(pipeline):
    estimators = {"one": pipeline, "two": copy.deepcopy(pipeline), "three": copy.deepcopy(pipeline)}
    root = {"one": (0,), "two": (0,), "three": (1,)}
    tree = tree_of(estimators, {}, root=lambda candidate: root[candidate.estimator])

    assert shared_steps(tree) == [2, 2, 0]


def test_fit_parameters_of_a_step_count_for_it_and_those_after(pipeline):
    estimators = {"one": pipeline, "two": copy.deepcopy(pipeline), "three": copy.deepcopy(pipeline)}
    fit_params = {
        "one": {"reduce__y": 1},
        "two": {"reduce__y": 1},
        "three": {"reduce__y": 2, "model__sample_weight": 1},
    }

    assert shared_steps(tree_of(estimators, {}, fit_params=fit_params)) == [2, 2, 1]


def test_fit_parameters_of_the_last_step_do_not_count(pipeline):
    estimators = {"one": pipeline, "two": copy.deepcopy(pipeline)}
    tree = tree_of(estimators, {}, fit_params={"one": {"model__sample_weight": np.ones(3)}})

    assert shared_steps(tree) == [2, 2]


def test_with_metadata_routing_any_fit_parameter_may_reach_any_step(pipeline):
    estimators = {"one": pipeline, "two": copy.deepcopy(pipeline)}
    with config_context(enable_metadata_routing=True):
        differing = tree_of(estimators, {}, fit_params={"one": {"sample_weight": np.ones(3)}})
        equal = tree_of(estimators, {}, fit_params={name: {"sample_weight": np.ones(3)} for name in estimators})

    assert shared_steps(differing) == [0, 0]
    assert shared_steps(equal) == [2, 2]


def test_frozen_steps_are_shared_only_if_they_learnt_the_same(pipeline):
    def with_frozen(rows):
        return copy.deepcopy(pipeline).set_params(scale=FrozenEstimator(StandardScaler().fit(rows)))

    rows = np.arange(6.0).reshape(3, 2)
    tree = tree_of({"one": with_frozen(rows), "two": with_frozen(rows * 2), "three": with_frozen(rows)}, {})

    assert shared_steps(tree) == [2, 0, 2]


def test_nested_pipelines_are_one_step(pipeline):
    inner = Pipeline([("scale", StandardScaler()), ("reduce", PCA(2))])
    outer = Pipeline([("columns", ColumnTransformer([("inner", inner, [0, 1])])), ("model", Ridge())])
    tree = tree_of(
        {"outer": outer},
        {"outer": [{"columns__inner__reduce__n_components": n, "model__alpha": a} for n in (1, 2) for a in (1, 2)]},
    )

    assert shared_steps(tree) == [1, 1, 1, 1]
    assert len(tree.nodes) == 2


def guarded(lock):
    def transform(X):
        with lock:
            return X

    return transform


def test_what_cannot_be_told_is_not_shared_and_said_once(caplog):
    function = FunctionTransformer(guarded(threading.Lock()))
    pipeline = Pipeline([("scale", StandardScaler()), ("guard", function), ("pca", PCA(2)), ("model", Ridge())])
    tree = tree_of({"ridge": pipeline}, {"ridge": [{}, {"model__alpha": 2}, {"pca__n_components": 1}]})

    assert shared_steps(tree) == [1, 1, 1]
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("steps of estimator 'ridge' are not shared, because they hold a _thread.lock: ")


def test_a_setting_that_cannot_be_told_is_not_shared(pipeline, caplog):
    setting = {"scale": FunctionTransformer(guarded(threading.Lock()))}
    tree = tree_of({"ridge": pipeline}, {"ridge": [setting, {**setting, "model__alpha": 2}]})

    assert shared_steps(tree) == [0, 0]
    assert len(caplog.records) == 1


def test_neither_estimators_nor_settings_are_changed(pipeline):
    replacement = PCA(3)
    tree_of({"ridge": pipeline}, {"ridge": [{"reduce": replacement, "reduce__n_components": 1}, {}]})

    assert replacement.n_components == 3
    assert pipeline.named_steps["reduce"].n_components == 2
