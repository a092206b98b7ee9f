import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import MultiModelSearchCV
from multisearch._records import Candidate
from multisearch.arguments import prepare
from multisearch.planning import Planner
from multisearch.preview._parts import estimator_plans


@pytest.fixture
def parts_of(regression):
    def make(estimators, **arguments):
        preparation = prepare(MultiModelSearchCV(estimators, cv=3, **arguments), *regression, {})
        settings = [(name, params) for name, sampler in preparation.samplers.items() for params in sampler.ask()]
        candidates = [Candidate(index, name, params) for index, (name, params) in enumerate(settings)]
        plan = Planner(preparation.problem)(candidates)
        return plan, estimator_plans(preparation.problem, plan, None)

    return make


def test_parts_add_up_to_the_plan(parts_of, two_pipelines):
    forest = Pipeline([("scale", StandardScaler()), ("model", RandomForestRegressor(random_state=0))])
    plan, parts = parts_of([*two_pipelines, ("forest", forest, {"model__n_estimators": [2, 4, 8]})])

    assert [part.name for part in parts] == ["ridge", "lasso", "forest"]
    assert sum(part.candidates for part in parts) == len(plan.candidates)
    assert sum(part.step_fits for part in parts) == plan.step_fits
    assert sum(part.saved_by_sharing + part.saved_by_paths for part in parts) == plan.step_fits_saved
    assert sum(part.path_fits_saved for part in parts) == plan.path_fits_saved == 3 * 2


def test_a_step_that_estimators_share_is_counted_with_the_first(parts_of, two_pipelines):
    _, (ridge, lasso) = parts_of(two_pipelines)

    assert ridge.step_fits == 3 * (1 + 2 + 4)  # the scaler, two reductions, four models
    assert lasso.step_fits == 3 * 2  # models only


def test_nothing_is_known_of_time_without_a_measurement(parts_of, two_pipelines):
    for part in parts_of(two_pipelines)[1]:
        assert part.seconds_per_evaluation is part.work_seconds is part.failure is None
