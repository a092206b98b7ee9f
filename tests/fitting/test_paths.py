import numpy as np
import pytest
from lightgbm import LGBMRegressor
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import AdaBoostRegressor, GradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import check_scoring
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from multisearch._records import Batch, Candidate, Evaluation, StoppingRule
from multisearch.fitting import Monitor, path_of, run_task

FOREST = RandomForestRegressor(random_state=0)


def candidate(**params):
    return Candidate(0, "model", params)


class OwnPipeline(Pipeline):
    pass


def test_a_candidate_lies_where_its_own_parameter_says(make_problem):
    assert path_of(make_problem(FOREST), candidate(n_estimators=7)) == ("n_estimators", 7)
    assert path_of(make_problem(FOREST), candidate(n_estimators=np.int64(7))) == ("n_estimators", 7)


def test_a_pipeline_has_its_last_steps_path(make_problem):
    pipeline = Pipeline([("scale", StandardScaler()), ("forest", FOREST)])

    assert path_of(make_problem(pipeline), candidate(forest__n_estimators=7)) == ("forest__n_estimators", 7)
    assert path_of(make_problem(pipeline), candidate(scale__with_mean=False)) is None


def test_a_setting_may_put_another_model_at_the_end(make_problem):
    pipeline = Pipeline([("forest", DummyRegressor())])
    setting = {"forest": FOREST, "forest__n_estimators": 7}

    assert path_of(make_problem(pipeline), candidate(**setting)) == ("forest__n_estimators", 7)


def test_a_setting_may_leave_the_path(make_problem):
    assert path_of(make_problem(FOREST), candidate(n_estimators=7, random_state=None)) is None
    assert path_of(make_problem(FOREST), candidate(n_estimators=7, warm_start=True)) is None


@pytest.mark.parametrize(
    ("model", "inside", "has_path"),
    [
        (AdaBoostRegressor(DecisionTreeRegressor(), random_state=0), {"estimator__max_depth": 2}, True),
        (AdaBoostRegressor(DecisionTreeRegressor(), random_state=0), {"estimator__monotonic_cst": OwnPipeline}, False),
        (GradientBoostingRegressor(init=Ridge(random_state=0), random_state=0), {"init__alpha": 3.0}, True),
        (GradientBoostingRegressor(init=Ridge(random_state=0), random_state=0), {"init__random_state": None}, False),
    ],
    ids=str,
)
def test_a_setting_may_change_what_is_inside_a_model(make_problem, model, inside, has_path):
    problem = make_problem(make_pipeline(StandardScaler(), model))
    name = f"{type(model).__name__.lower()}__"
    setting = {name + key: value for key, value in {"n_estimators": 7, **inside}.items()}

    assert (path_of(problem, candidate(**setting)) is not None) == has_path


def test_transformers_that_are_not_known_are_asked_once_only(make_problem):
    pipeline = make_pipeline(FunctionTransformer(), FOREST)
    name = "randomforestregressor__n_estimators"
    once, twice = "r2", {"a": "r2", "b": check_scoring(FOREST)}
    own = {"functiontransformer__func": np.cbrt}

    assert path_of(make_problem(pipeline, scoring=once), candidate(**{name: 7}, **own)) is not None
    assert path_of(make_problem(pipeline, scoring=twice), candidate(**{name: 7})) is not None
    assert path_of(make_problem(pipeline, scoring=twice), candidate(**{name: 7}, **own)) is None


@pytest.mark.parametrize("value", [0, -1, 2.0, "7", None, True])
def test_only_whole_positive_numbers_are_on_a_path(make_problem, value):
    assert path_of(make_problem(FOREST), candidate(n_estimators=value)) is None


def test_a_callable_of_the_users_may_look_into_the_model(make_problem):
    problem = make_problem(FOREST, scoring=lambda model, X, y: float(len(model.estimators_)))

    assert path_of(problem, candidate(n_estimators=7)) is None


def test_sample_weights_are_no_obstacle_but_other_parameters_of_fit_are(make_problem, regression):
    ones = np.ones(len(regression[0]))
    model = LGBMRegressor()

    assert path_of(make_problem(model, fit_params={"sample_weight": ones}), candidate(n_estimators=7)) is not None
    assert path_of(make_problem(model, fit_params={"callbacks": []}), candidate(n_estimators=7)) is None


def test_what_stops_early_has_no_path(make_problem):
    rule = StoppingRule(patience=1, min_delta=0.0, monitor=None, refit_iterations="mean", variant=0)

    assert path_of(make_problem(LGBMRegressor(), rules={"model": rule}), candidate(n_estimators=7)) is None


def test_what_is_sampled_has_no_path_since_each_fit_may_draw_other_rows(make_problem):
    from imblearn.pipeline import Pipeline as Sampling

    plain, sampling = (kind([("scale", StandardScaler()), ("forest", FOREST)]) for kind in (Pipeline, Sampling))

    assert path_of(make_problem(plain), candidate(forest__n_estimators=7)) == ("forest__n_estimators", 7)
    assert path_of(make_problem(sampling), candidate(forest__n_estimators=7)) is None


def test_fits_that_somebody_watches_are_not_merged(make_problem):
    problem = make_problem(FOREST, monitor=Monitor(None, None, None))

    assert path_of(problem, candidate(n_estimators=7)) is None


def test_a_pipeline_that_predicts_in_a_way_of_its_own_has_no_path(make_problem):
    pipeline = OwnPipeline([("forest", FOREST)])

    assert path_of(make_problem(pipeline), candidate(forest__n_estimators=7)) is None


def evaluate(problem, surroundings, *sizes):
    longest, *shorter = (Candidate(index, "model", {"n_estimators": size}) for index, size in enumerate(sizes))
    batch = Batch("batch", None, (Evaluation(longest, 0, tuple(shorter)),))
    return run_task(problem, batch, None, surroundings).outcomes


def test_one_fit_gives_an_outcome_for_every_candidate(make_runner):
    runner = make_runner(FOREST)

    together = evaluate(runner.problem, runner.surroundings, 8, 4, 1)
    alone = [evaluate(runner.problem, runner.surroundings, size)[0] for size in (8, 4, 1)]

    assert [outcome.candidate for outcome in together] == [0, 1, 2]
    assert [outcome.test_scores for outcome in together] == [outcome.test_scores for outcome in alone]
    assert len({outcome.test_scores for outcome in together}) == 3


def test_a_shorter_candidates_fit_time_is_its_share_of_the_iterations(make_runner):
    runner = make_runner(FOREST)
    full, half, eighth = evaluate(runner.problem, runner.surroundings, 8, 4, 1)

    assert half.fit_time == pytest.approx(full.fit_time / 2)
    assert eighth.fit_time == pytest.approx(full.fit_time / 8)
    assert full.seconds >= full.fit_time
    assert 0 < half.seconds < full.seconds


class FailsWhenLarge(RandomForestRegressor):
    __module__ = "sklearn.ensemble"

    def fit(self, X, y, sample_weight=None):
        if self.n_estimators > 5:
            raise MemoryError("too many trees")
        return super().fit(X, y, sample_weight)


def test_a_fit_that_fails_is_tried_again_for_each_candidate_alone(make_runner):
    runner = make_runner(FailsWhenLarge(random_state=0))
    large, small = evaluate(runner.problem, runner.surroundings, 8, 4)

    assert "too many trees" in large.failure.message
    assert small.failure is None
    assert small.test_scores == make_runner(FOREST).outcome({"n_estimators": 4}).test_scores
