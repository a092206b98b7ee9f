from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from catboost import CatBoostClassifier, CatBoostRegressor
from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error, r2_score

from multisearch.families import family_of
from multisearch.families._catboost import _ITERATION_NAMES, CatBoostFamily

QUIET = {"verbose": 0, "allow_writing_files": False, "thread_count": 1}


class OwnBooster(CatBoostRegressor):
    pass


@pytest.mark.parametrize("name", ["iterations", "n_estimators"])
@pytest.mark.parametrize("kind", [CatBoostRegressor, CatBoostClassifier], ids=["regressor", "classifier"])
def test_a_small_model_is_the_beginning_of_a_large_one(noisy, noisy_classes, kind, name):
    training, rows = noisy_classes if kind is CatBoostClassifier else noisy
    settings = {**QUIET, "learning_rate": 0.1, "depth": 3, "random_seed": 2}
    cut = kind(**settings, **{name: 12}).fit(training.X, training.y)
    assert family_of(cut).path_parameter(cut, cut.get_params()) == name

    for size in (12, 7, 1):
        family_of(cut).truncate(cut, size)
        alone = kind(**settings, **{name: size}).fit(training.X, training.y)
        assert (cut.predict(rows.X) == alone.predict(rows.X)).all()
        assert cut.score(rows.X, rows.y) == alone.score(rows.X, rows.y)


@pytest.mark.parametrize(
    "params",
    [
        {},  # CatBoost then chooses the learning rate by the number of iterations
        {"learning_rate": 0.1, "od_type": "Iter"},
        {"learning_rate": 0.1, "boosting_type": "Ordered"},
        {"learning_rate": 0.1, "random_seed": 0.5},
        {"learning_rate": 0.1, "num_trees": 5},
    ],
    ids=str,
)
def test_no_path_where_a_tree_may_depend_on_how_many_there_are(params):
    model = CatBoostRegressor(iterations=5)

    assert family_of(model).path_parameter(model, {**model.get_params(), **params}) is None


def test_a_subclass_may_do_anything():
    model = OwnBooster(iterations=5, learning_rate=0.1)

    assert family_of(model).path_parameter(model, model.get_params()) is None


# Early stopping

N_TREES = 40


@pytest.fixture
def family():
    return CatBoostFamily()


@pytest.fixture
def make_model():
    def make(kind=CatBoostRegressor, **params):
        fixed = {"learning_rate": 0.4, "depth": 3, "random_seed": 0}
        size = {} if set(params) & set(_ITERATION_NAMES) else {"iterations": N_TREES}
        return kind(**QUIET, **size, **fixed | params)

    return make


@pytest.fixture
def whole(make_model, noisy):
    """Return a regressor with all its trees, trained without any stopping."""
    return make_model().fit(noisy[0].X, noisy[0].y)


def staged(model, X, predict="predict"):
    """Return predictions by the number of trees, from 1 on."""
    return [getattr(model, predict)(X, ntree_end=n) for n in range(1, N_TREES + 1)]


def best_of(losses):
    """Return the first iteration with the smallest loss, counted from 1."""
    return int(np.argmin(losses)) + 1


@pytest.mark.parametrize(
    ("monitor", "loss"),
    [
        (None, mean_squared_error),
        ("RMSE", mean_squared_error),
        ("MAE", mean_absolute_error),
        ("R2", lambda y, predicted: -r2_score(y, predicted)),
    ],
    ids=["None", "RMSE", "MAE", "R2"],
)
def test_the_model_is_shrunk_to_its_best_iteration(make_model, noisy, rule, whole, monitor, loss):
    training, stopping = noisy
    best = best_of([loss(stopping.y, predicted) for predicted in staged(whole, stopping.X)])
    model = make_model()
    stopped = CatBoostFamily().fit_stopped(model, training, stopping, rule(patience=N_TREES, monitor=monitor))

    assert stopped.n_iterations == best == model.tree_count_ < N_TREES
    assert stopped.cap == N_TREES
    assert {name: len(values) for name, values in stopped.history.items()} == dict.fromkeys(
        {"RMSE", monitor or "RMSE"}, N_TREES
    )
    np.testing.assert_array_equal(model.predict(stopping.X), whole.predict(stopping.X, ntree_end=best))
    assert not np.array_equal(model.predict(stopping.X), whole.predict(stopping.X))


def test_training_ends_when_patience_does(family, make_model, noisy, rule):
    stopped = family.fit_stopped(make_model(), *noisy, rule(patience=2))

    assert len(stopped.history["RMSE"]) == stopped.n_iterations + 2 < N_TREES


def test_small_improvements_do_not_count(family, make_model, noisy, rule, whole):
    losses = [np.sqrt(mean_squared_error(noisy[1].y, predicted)) for predicted in staged(whole, noisy[1].X)]
    best = 0
    for iteration, loss in enumerate(losses):
        if loss < losses[best] - 0.05:
            best = iteration
        elif iteration - best >= 2:
            break
    stopped = family.fit_stopped(make_model(), *noisy, rule(patience=2, min_delta=0.05))

    assert stopped.n_iterations == best + 1 < family.fit_stopped(make_model(), *noisy, rule(patience=2)).n_iterations
    assert len(stopped.history["RMSE"]) == stopped.n_iterations + 2


class Once:
    """Notes iterations, and ends the training after some."""

    def __init__(self, most):
        self.most = most
        self.seen = []

    def after_iteration(self, info):
        self.seen.append(info.iteration)
        return info.iteration < self.most


@pytest.mark.parametrize("min_delta", [0.0, 1e-9])
def test_the_users_callbacks_run(family, make_model, noisy, rule, min_delta):
    training, stopping = noisy
    notes = Once(9)
    fit_params = {"callbacks": [notes]}
    stopped = family.fit_stopped(
        make_model(), replace(training, fit_params=fit_params), stopping, rule(patience=N_TREES, min_delta=min_delta)
    )

    assert notes.seen == list(range(1, 10))
    assert len(stopped.history["RMSE"]) == 9
    assert fit_params == {"callbacks": [notes]}


class Furthest:
    """A metric of the user's own: the largest distance."""

    def is_max_optimal(self):
        return False

    def get_final_error(self, error, weight):
        return error

    def evaluate(self, approxes, target, weight):
        furthest = 0.0
        for row in range(len(target)):
            furthest = max(furthest, abs(approxes[0][row] - target[row]))
        return furthest, 1.0


@pytest.mark.filterwarnings("ignore:Failed to optimize method", "ignore:Failed to import numba")
@pytest.mark.parametrize("monitor", [None, "Furthest"])
def test_a_metric_of_the_users_own_is_watched_by_its_name(family, make_model, noisy, rule, whole, monitor):
    training, stopping = noisy
    model = make_model(eval_metric=Furthest())
    furthest = [np.abs(stopping.y - predicted).max() for predicted in staged(whole, stopping.X)]

    found = family.fit_stopped(model, training, stopping, rule(patience=N_TREES, monitor=monitor)).n_iterations
    assert found == best_of(furthest)
    assert family.objection_to_monitor(model, "Furthest", {}) is None


@pytest.mark.parametrize("monitor", [None, "MultiClass", "AUC", "Accuracy"])
def test_classes_with_names_are_stopped_on(family, make_model, noisy_classes, rule, monitor):
    training, stopping = noisy_classes
    whole = make_model(CatBoostClassifier).fit(training.X, training.y)
    model = make_model(CatBoostClassifier)
    stopped = family.fit_stopped(model, training, stopping, rule(patience=N_TREES, monitor=monitor))

    if monitor in (None, "MultiClass"):
        best = best_of([log_loss(stopping.y, one) for one in staged(whole, stopping.X, "predict_proba")])
    else:
        (name,) = [name for name in stopped.history if name.startswith(monitor)]
        best = int(np.argmax(stopped.history[name])) + 1
    assert stopped.n_iterations == best
    expected = whole.predict_proba(stopping.X, ntree_end=best)
    np.testing.assert_array_equal(model.predict_proba(stopping.X), expected)


@pytest.mark.parametrize("kind", [CatBoostRegressor, CatBoostClassifier])
def test_the_refit_has_the_learning_rate_of_the_folds(family, make_model, noisy, noisy_classes, rule, kind):
    training, stopping = noisy_classes if kind is CatBoostClassifier else noisy
    cap = {"learning_rate": None, "iterations": 2000}
    model = make_model(kind, **cap)
    best = family.fit_stopped(model, training, stopping, rule(patience=4)).n_iterations
    alone = make_model(kind, **cap)
    family.settle(alone, training.y)
    family.set_iterations(alone, best)
    alone.fit(training.X, training.y)
    unsettled = make_model(kind, learning_rate=None, iterations=best).fit(training.X, training.y)

    assert best < 2000
    assert alone.learning_rate_ == model.learning_rate_ != unsettled.learning_rate_
    np.testing.assert_array_equal(
        alone.predict(stopping.X, prediction_type="RawFormulaVal"),
        model.predict(stopping.X, prediction_type="RawFormulaVal"),
    )


def test_a_learning_rate_that_is_given_stays(family, make_model, noisy):
    model = make_model(learning_rate=0.25)
    family.settle(model, noisy[0].y)

    assert model.get_params()["learning_rate"] == 0.25


@pytest.mark.parametrize(
    "own",
    [
        {"early_stopping_rounds": 1},
        {"od_type": "IncToDec", "od_pval": 0.1, "od_wait": 1},
        {"od_type": "Iter", "od_wait": 1},
        {"use_best_model": True},
        {"eval_fraction": 0.3},
        {"metric_period": 7},
    ],
    ids=str,
)
def test_early_stopping_of_the_models_own_gives_way(family, make_model, noisy, rule, own):
    expected = family.fit_stopped(make_model(), *noisy, rule(patience=8))

    assert family.fit_stopped(make_model(**own), *noisy, rule(patience=8)) == expected
    refitted = make_model(**own)
    family.set_iterations(refitted, 7)
    assert refitted.fit(noisy[0].X, noisy[0].y).tree_count_ == 7


@pytest.mark.parametrize("name", _ITERATION_NAMES)
def test_iterations_are_set_under_the_name_that_the_model_has(family, make_model, noisy, rule, name):
    model = make_model(**{name: 30})
    before = model.get_params()
    family.set_iterations(model, 7)

    assert model.get_params() == before | {name: 7}
    assert model.fit(noisy[0].X, noisy[0].y).tree_count_ == 7
    assert family.fit_stopped(make_model(**{name: 30}), *noisy, rule()).cap == 30


def test_stopping_rows_are_weighted(family, make_model, noisy, rule, whole):
    training, stopping = noisy
    weights = np.where(stopping.X[:, 1] > 0.5, 10.0, 0.1)
    losses = [mean_squared_error(stopping.y, one, sample_weight=weights) for one in staged(whole, stopping.X)]
    weighted = replace(stopping, sample_weight=weights)
    found = family.fit_stopped(make_model(), training, weighted, rule(patience=N_TREES)).n_iterations

    assert found == best_of(losses) != family.fit_stopped(make_model(), *noisy, rule(patience=N_TREES)).n_iterations


def test_training_rows_are_weighted(family, make_model, noisy, rule):
    training, stopping = noisy
    weights = np.where(training.y > 0, 5.0, 1.0)
    model = make_model()
    weighted = replace(training, fit_params={"sample_weight": weights})
    best = family.fit_stopped(model, weighted, stopping, rule()).n_iterations
    alone = make_model(iterations=best).fit(training.X, training.y, sample_weight=weights)

    np.testing.assert_array_equal(model.predict(stopping.X), alone.predict(stopping.X))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("by", ["model", "fit"])
def test_frames_with_categories_are_stopped_on(family, make_model, noisy, rule, weighted, by):
    training, stopping = noisy

    def with_category(rows):
        frame = pd.DataFrame(rows.X, columns=list("abcd"))
        return replace(rows, X=frame.assign(e=np.where(frame["a"] > 0, "x", "y")))

    training, stopping = with_category(training), with_category(stopping)
    fit_params = {"cat_features": ["e"]} if by == "fit" else {}
    model = make_model(**({"cat_features": ["e"]} if by == "model" else {}))
    weights = np.ones(len(stopping.y)) if weighted else None
    best = family.fit_stopped(
        model, replace(training, fit_params=fit_params), replace(stopping, sample_weight=weights), rule()
    ).n_iterations
    alone = make_model(iterations=best, cat_features=["e"]).fit(training.X, training.y)

    np.testing.assert_array_equal(model.predict(stopping.X), alone.predict(stopping.X))


def test_a_model_that_never_stops_has_all_its_trees(family, make_model, noisy, rule):
    assert family.fit_stopped(make_model(iterations=2), *noisy, rule(patience=50)).n_iterations == 2


@pytest.mark.parametrize("metric", ["RMSE", "AUC:type=Mu", "Quantile:alpha=0.3", "F1", "NDCG:top=3"])
def test_metrics_of_catboosts_are_no_reason_to_object(family, metric):
    assert family.objection_to_monitor(CatBoostRegressor(), metric, {}) is None


@pytest.mark.parametrize("metric", ["rmse", "Rsme", ""])
def test_other_metrics_are(family, metric):
    assert family.objection_to_monitor(CatBoostRegressor(), metric, {}).startswith("the closest of CatBoost's metrics")


def test_the_best_model_takes_rows_that_somebody_gives(family):
    model = CatBoostRegressor(use_best_model=True)

    assert family.stops_by_itself(model, {}) == "use_best_model"
    assert family.stops_by_itself(model, {"eval_set": []}) is None
    assert family.stops_by_itself(CatBoostRegressor(), {}) is None


def test_threads_are_limited_unless_the_user_says_how_many(family, noisy):
    loud = {name: value for name, value in QUIET.items() if name != "thread_count"}
    free, own = (CatBoostRegressor(iterations=1, **loud, **more) for more in ({}, {"thread_count": 2}))
    for model, limit, expected in [(free, None, None), (own, 1, 2), (free, 1, 1)]:
        with family.native_threads(model, limit):
            assert model.get_params().get("thread_count") == expected
            model.copy().fit(noisy[0].X, noisy[0].y)
