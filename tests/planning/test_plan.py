import pytest
from helpers import assert_same_results
from lightgbm import LGBMRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import MultiModelSearchCV
from multisearch._records import Candidate
from multisearch.arguments import prepare
from multisearch.planning import Planner

FOREST = Pipeline([("scale", StandardScaler()), ("model", RandomForestRegressor(random_state=0))])
RIDGE = Pipeline([("scale", StandardScaler()), ("model", Ridge())])
TREES = {"model__n_estimators": [2, 4, 6], "model__max_depth": [2, 3]}


def plan_of(search, data):
    preparation = prepare(search, *data, {})
    settings = [(name, params) for name, sampler in preparation.samplers.items() for params in sampler.ask()]
    candidates = [Candidate(index, name, params) for index, (name, params) in enumerate(settings)]
    return Planner(preparation.problem)(candidates)


@pytest.fixture
def search():
    return MultiModelSearchCV([("forest", FOREST, TREES), ("ridge", RIDGE, {"model__alpha": [1.0, 2.0]})], cv=3)


def test_everything_that_is_to_be_fitted_is_counted(search, regression):
    plan = plan_of(search, regression)

    assert plan.shared_steps == 3  # the scaler, for both estimators
    assert plan.path_fits_saved == 3 * 4  # two of three sizes, at two depths
    assert plan.step_fits == 3 * (1 + 2 + 2)
    assert plan.step_fits + plan.step_fits_saved == 3 * 8 * 2


def test_with_optimize_false_every_candidate_is_fitted_alone(search, regression):
    plan = plan_of(search.set_params(optimize=False), regression)

    assert (plan.shared_steps, plan.path_fits_saved, plan.step_fits_saved) == (0, 0, 0)
    assert plan.step_fits == 3 * 8 * 2


def test_what_is_done_is_left_out_fold_by_fold(search, regression):
    preparation = prepare(search, *regression, {})
    settings = [(name, params) for name, sampler in preparation.samplers.items() for params in sampler.ask()]
    candidates = [Candidate(index, name, params) for index, (name, params) in enumerate(settings)]
    done = {(candidate.index, 1) for candidate in candidates} | {(0, 2)}
    plan = Planner(preparation.problem)(candidates, done)

    assert sorted(plan.trees) == [0, 2]
    fits = [leaf.fit for leaf in plan.trees[2].leaves]
    assert sorted(one.index for fit in fits for one in (fit.candidate, *fit.shorter)) == list(range(1, 8))
    assert plan.step_fits + plan.step_fits_saved == (8 + 7) * 2


def test_folds_with_the_same_candidates_have_the_same_tree(search, regression):
    plan = plan_of(search, regression)
    assert plan.n_folds == 3
    assert all(tree is plan.tree for tree in plan.trees.values())


def test_a_path_changes_no_score(regression):
    spaces = {"model__n_estimators": [3, 20, 7], "model__max_depth": [2, 3]}
    trees = Pipeline([("scale", StandardScaler()), ("model", LGBMRegressor(random_state=0, verbosity=-1))])
    search = MultiModelSearchCV(
        [("forest", FOREST, spaces), ("trees", trees, spaces)],
        scoring=["r2", "neg_mean_absolute_error"],
        refit="r2",
        return_train_score=True,
    )
    merged = search.fit(*regression).cv_results_
    assert search.search_stats_.path_fits_saved == 2 * 5 * 4

    assert_same_results(merged, search.set_params(optimize=False).fit(*regression).cv_results_)
