import numpy as np
import pytest
from sklearn import config_context
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from multisearch._records import Fold, StoppingRule
from multisearch.families import TrainingRows
from multisearch.fitting._stopping import fit_stopped

pytestmark = pytest.mark.usefixtures("one_thread")

RULE = StoppingRule(patience=3, min_delta=0.0, monitor=None, refit_iterations="mean", variant=1)


@pytest.fixture(scope="module")
def one_thread():
    """Keep OpenMP's threads from waiting for each other on a busy machine."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def boosting():
    return HistGradientBoostingRegressor(max_iter=60, learning_rate=0.5, min_samples_leaf=3, random_state=0)


@pytest.fixture
def pipeline(boosting):
    return Pipeline([("scale", StandardScaler()), ("bend", FunctionTransformer(np.cbrt)), ("model", boosting)])


@pytest.fixture
def stopped_folds(regression, splitter):
    return tuple(
        Fold(index, train[20:], test, stopping=train[:20])
        for index, (train, test) in enumerate(splitter.split(regression[0]))
    )


@pytest.fixture
def make_stopped(make_runner, stopped_folds):
    """Make a runner whose estimator stops early on the first 20 training rows of each fold."""

    def make(estimator, **problem):
        runner = make_runner(estimator)
        return make_runner(estimator, folds=[runner.problem.folds[0], stopped_folds], rules={"model": RULE}, **problem)

    return make


def by_hand(boosting, steps, regression, fold, weights=None):
    """Stop by hand: return the best iteration on the stopping rows, and the predictions of that on the test rows."""
    X, y = regression
    scaled = steps.fit(X[fold.train]).transform
    model = boosting.set_params(early_stopping=False)
    model.fit(scaled(X[fold.train]), y[fold.train], sample_weight=None if weights is None else weights[fold.train])
    losses = [
        np.average((y[fold.stopping] - predicted) ** 2, weights=None if weights is None else weights[fold.stopping])
        for predicted in model.staged_predict(scaled(X[fold.stopping]))
    ]
    best = 0
    for iteration, loss in enumerate(losses):
        if loss < losses[best]:
            best = iteration
        elif iteration - best >= RULE.patience:
            break
    return best + 1, list(model.staged_predict(scaled(X[fold.test])))[best]


@pytest.mark.parametrize("shared_steps", [0, 1, 2])
def test_the_models_steps_transform_the_stopping_rows_it_stops_by(
    make_stopped, pipeline, boosting, regression, stopped_folds, shared_steps
):
    runner = make_stopped(pipeline)
    shared = runner.shared(0, shared_steps, fold=1) if shared_steps else None
    outcome = runner.outcome(fold=1, shared=shared)
    best, predicted = by_hand(boosting, pipeline[:-1], regression, stopped_folds[1])

    assert outcome.failure is None
    assert outcome.n_iterations == best < 60
    assert outcome.test_scores == pytest.approx(r2_score(regression[1][stopped_folds[1].test], predicted))


def test_a_model_without_a_pipeline_stops_too(make_stopped, boosting, regression, stopped_folds):
    outcome = make_stopped(boosting).outcome(fold=2)
    best, predicted = by_hand(boosting, FunctionTransformer(), regression, stopped_folds[2])

    assert outcome.n_iterations == best < 60
    assert outcome.test_scores == pytest.approx(r2_score(regression[1][stopped_folds[2].test], predicted))


@pytest.fixture
def weights(regression):
    return np.random.default_rng(0).exponential(size=len(regression[1])) ** 3


@pytest.mark.parametrize("name", ["sample_weight", "model__sample_weight"])
def test_stopping_rows_keep_their_weights(make_stopped, pipeline, regression, stopped_folds, weights, name):
    boosting = pipeline.named_steps["model"]
    steps, model = (FunctionTransformer(), boosting) if name == "sample_weight" else (pipeline[:-1], pipeline)
    outcome = make_stopped(model, fit_params={name: weights}).outcome()
    best, predicted = by_hand(boosting, steps, regression, stopped_folds[0], weights)

    assert best != by_hand(boosting, steps, regression, stopped_folds[0])[0]
    assert outcome.n_iterations == best
    assert outcome.test_scores == pytest.approx(r2_score(regression[1][stopped_folds[0].test], predicted))


def test_requested_weights_are_routed_to_the_stopped_model(
    make_stopped, pipeline, boosting, regression, stopped_folds, weights
):
    best, _ = by_hand(boosting, pipeline[:-1], regression, stopped_folds[0], weights)
    with config_context(enable_metadata_routing=True):
        boosting.set_fit_request(sample_weight=True)
        pipeline.named_steps["scale"].set_fit_request(sample_weight=False)
        outcome = make_stopped(pipeline, fit_params={"sample_weight": weights}).outcome()

    assert outcome.failure is None
    assert outcome.n_iterations == best


def test_a_model_that_cannot_stop_is_fitted_on_the_plain_folds(make_stopped, pipeline, regression, splitter):
    runner = make_stopped(pipeline)
    train, test = next(splitter.split(regression[0]))
    expected = pipeline.set_params(model=Ridge()).fit(regression[0][train], regression[1][train])
    outcome = runner.outcome({"model": Ridge()})

    assert outcome.n_iterations is None
    assert outcome.test_scores == expected.score(regression[0][test], regression[1][test])


def test_a_scorer_sees_the_model_itself_at_the_end_of_the_pipeline(make_stopped, pipeline):
    seen = []
    make_stopped(pipeline, scoring=lambda model, X, y: seen.append(model) or 0.0).outcome()

    assert isinstance(seen[0].named_steps["model"], HistGradientBoostingRegressor)
    assert seen[0].named_steps["model"].get_params()["early_stopping"] == "auto"


def test_folds_without_stopping_rows_fail_the_fit(make_runner, boosting):
    runner = make_runner(boosting, rules={"model": RULE}, folds=[(), make_runner(boosting).problem.folds[0]])

    assert runner.outcome().failure.message == "ValueError: fold 0 has no rows to stop by"


def test_asking_for_stopping_rows_comes_after_the_steps_before_are_fitted(pipeline, regression):
    def ask():
        assert hasattr(pipeline.named_steps["scale"], "mean_")
        raise LookupError("asked")

    with pytest.raises(LookupError, match="asked"):
        fit_stopped(pipeline, RULE, TrainingRows(*regression), ask)


def test_a_model_of_no_family_cannot_stop(regression):
    with pytest.raises(TypeError, match=r"Ridge\(\) cannot stop early"):
        fit_stopped(Ridge(), RULE, TrainingRows(*regression), lambda: None)
