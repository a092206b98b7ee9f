from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error

from multisearch.families._lightgbm import (
    _ITERATION_NAMES,
    _METRIC_NAMES,
    _OTHER_METRICS,
    _STOPPING_NAMES,
    LightGBMFamily,
    _knows,
)

N_TREES = 60
PASSES_ON_OTHER_NAMES = pytest.mark.filterwarnings("ignore:Found .* in params. Will use it instead of argument")


@pytest.fixture
def family():
    return LightGBMFamily()


@pytest.fixture
def make_model():
    def make(kind=LGBMRegressor, **params):
        fixed = {"n_estimators": N_TREES, "learning_rate": 0.2, "min_child_samples": 3, "n_jobs": 1, "verbosity": -1}
        return kind(**fixed | params, random_state=0)

    return make


@pytest.fixture
def whole(make_model, noisy):
    """Return a regressor with all its trees, trained without any stopping."""
    return make_model().fit(noisy[0].X, noisy[0].y)


def staged(model, X, predict="predict"):
    """Return predictions by the number of trees, from 1 on."""
    return [getattr(model, predict)(X, num_iteration=n) for n in range(1, N_TREES + 1)]


def rows_of(rows):
    return rows.X, rows.y


def best_of(losses):
    """Return the first iteration with the smallest loss, counted from 1."""
    return int(np.argmin(losses)) + 1


@pytest.mark.parametrize(
    ("monitor", "loss"),
    [
        (None, mean_squared_error),
        ("l2", mean_squared_error),
        ("mse", mean_squared_error),
        ("mean_squared_error", mean_squared_error),
        ("l1", mean_absolute_error),
        ("mae", mean_absolute_error),
    ],
)
def test_the_model_predicts_as_at_its_best_iteration_of_the_monitored_metric(make_model, noisy, rule, monitor, loss):
    training, stopping = noisy
    whole = make_model().fit(*rows_of(training))
    best = best_of([loss(stopping.y, predicted) for predicted in staged(whole, stopping.X)])
    model = make_model()
    found = (
        LightGBMFamily().fit_stopped(model, training, stopping, rule(patience=N_TREES, monitor=monitor)).n_iterations
    )

    assert found == model.best_iteration_ == best < N_TREES
    np.testing.assert_array_equal(model.predict(stopping.X), whole.predict(stopping.X, num_iteration=best))
    assert not np.array_equal(model.predict(stopping.X), whole.predict(stopping.X))


def test_metrics_differ_about_the_best_iteration(noisy, whole):
    _, stopping = noisy
    predictions = staged(whole, stopping.X)

    assert best_of([mean_squared_error(stopping.y, one) for one in predictions]) != best_of(
        [mean_absolute_error(stopping.y, one) for one in predictions]
    )


def test_training_ends_when_patience_does(family, make_model, noisy, rule):
    model = make_model()
    best = family.fit_stopped(model, *noisy, rule(patience=2)).n_iterations

    assert len(model.evals_result_["valid_0"]["l2"]) == best + 2 < N_TREES


def test_small_improvements_do_not_count(family, make_model, noisy, rule, whole):
    losses = [mean_squared_error(noisy[1].y, predicted) for predicted in staged(whole, noisy[1].X)]
    best = 0
    for iteration, loss in enumerate(losses):
        if loss < losses[best] - 0.1:
            best = iteration
        elif iteration - best >= 2:
            break
    found = family.fit_stopped(make_model(), *noisy, rule(patience=2, min_delta=0.1)).n_iterations

    assert found == best + 1 < family.fit_stopped(make_model(), *noisy, rule(patience=2)).n_iterations


def test_a_monitor_is_found_among_the_models_own_metrics(family, make_model, noisy, rule):
    alone, among = make_model(), make_model(metric=["l2", "l1", "huber"])

    assert (
        family.fit_stopped(among, *noisy, rule(monitor="l1")).n_iterations
        == family.fit_stopped(alone, *noisy, rule(monitor="l1")).n_iterations
    )
    assert list(among.evals_result_["valid_0"]) == ["l2", "l1", "huber"]


def test_without_a_monitor_the_models_first_metric_is_watched(family, make_model, noisy, rule):
    model = make_model(metric=["l1", "l2"])

    assert (
        family.fit_stopped(model, *noisy, rule()).n_iterations
        == family.fit_stopped(make_model(), *noisy, rule(monitor="l1")).n_iterations
    )


@pytest.mark.parametrize("monitor", ["nonsense", "l1_loss", ""])
def test_an_unknown_monitor_is_an_error_that_lists_the_known(family, make_model, noisy, rule, monitor):
    with pytest.raises(
        ValueError, match=rf"monitor='{monitor}' is no metric of this LightGBM model, which has \['l2'\]"
    ):
        family.fit_stopped(make_model(), *noisy, rule(monitor=monitor))


def test_a_model_without_any_metric_is_an_error(family, make_model, noisy, rule):
    with pytest.raises(ValueError, match="LightGBM computed no metric to stop early on"):
        family.fit_stopped(make_model(metric="none"), *noisy, rule())


def closeness(y_true, y_pred):
    return "closeness", -float(np.abs(y_true - y_pred).mean()), True


def test_a_metric_of_the_users_own_is_watched_by_its_name(family, make_model, noisy, rule):
    training, stopping = noisy
    training = replace(training, fit_params={"eval_metric": closeness})

    assert (
        family.fit_stopped(make_model(), training, stopping, rule(monitor="closeness")).n_iterations
        == family.fit_stopped(make_model(), noisy[0], stopping, rule(monitor="l1")).n_iterations
    )


def test_metrics_asked_for_in_fit_are_kept(family, make_model, noisy, rule):
    training, stopping = noisy
    model = make_model()
    family.fit_stopped(model, replace(training, fit_params={"eval_metric": ["huber"]}), stopping, rule(monitor="l1"))

    assert list(model.evals_result_["valid_0"]) == ["l1", "huber", "l2"]


@pytest.mark.parametrize("monitor", [None, "multi_logloss", "logloss", "softmax"])
def test_classes_with_names_are_stopped_on(family, make_model, noisy_classes, rule, monitor):
    training, stopping = noisy_classes
    whole = make_model(LGBMClassifier).fit(*rows_of(training))
    best = best_of([log_loss(stopping.y, one) for one in staged(whole, stopping.X, "predict_proba")])
    model = make_model(LGBMClassifier)
    found = family.fit_stopped(model, training, stopping, rule(patience=N_TREES, monitor=monitor)).n_iterations

    assert found == best < N_TREES
    assert model.classes_.tolist() == ["high", "low", "middle"]
    np.testing.assert_array_equal(model.predict_proba(stopping.X), whole.predict_proba(stopping.X, num_iteration=best))


def test_a_metric_of_which_more_is_better_is_maximised(family, make_model, noisy_classes, rule):
    training, stopping = noisy_classes
    binary = replace(training, y=training.y == "low"), replace(stopping, y=stopping.y == "low")
    model = make_model(LGBMClassifier)
    found = family.fit_stopped(model, *binary, rule(patience=N_TREES, monitor="auc")).n_iterations

    assert found == int(np.argmax(model.evals_result_["valid_0"]["auc"])) + 1


def test_stopping_rows_are_weighted(family, make_model, noisy, rule, whole):
    training, stopping = noisy
    weights = np.where(stopping.y > 0, 10.0, 0.1)
    losses = [mean_squared_error(stopping.y, one, sample_weight=weights) for one in staged(whole, stopping.X)]
    found = family.fit_stopped(
        make_model(), training, replace(stopping, sample_weight=weights), rule(patience=N_TREES)
    ).n_iterations

    assert found == best_of(losses) != family.fit_stopped(make_model(), *noisy, rule(patience=N_TREES)).n_iterations


def test_training_rows_are_weighted(family, make_model, noisy, rule):
    training, stopping = noisy
    weights = np.where(training.y > 0, 5.0, 1.0)
    model = make_model()
    best = family.fit_stopped(
        model, replace(training, fit_params={"sample_weight": weights}), stopping, rule()
    ).n_iterations
    alone = make_model(n_estimators=best).fit(*rows_of(training), sample_weight=weights)

    np.testing.assert_array_equal(model.predict(stopping.X), alone.predict(stopping.X))


def test_frames_with_categories_are_stopped_on(family, make_model, noisy, rule):
    training, stopping = noisy

    def with_category(rows):
        frame = pd.DataFrame(rows.X, columns=list("abcd"))
        return replace(rows, X=frame.assign(e=pd.Categorical(np.where(frame["a"] > 0, "x", "y"), ["x", "y"])))

    assert (
        1
        <= family.fit_stopped(make_model(), with_category(training), with_category(stopping), rule()).n_iterations
        < N_TREES
    )


def test_the_users_callbacks_run_and_parameters_stay(family, make_model, noisy, rule):
    training, stopping = noisy
    seen = []
    fit_params = {"callbacks": [lambda env: seen.append(env.iteration)]}
    model = make_model()
    before = model.get_params()
    best = family.fit_stopped(model, replace(training, fit_params=fit_params), stopping, rule(patience=2)).n_iterations

    assert seen == list(range(best + 2))
    assert len(fit_params["callbacks"]) == 1
    assert model.get_params() == before


def test_a_model_that_never_stops_returns_all_its_trees(family, make_model, noisy, rule):
    assert family.fit_stopped(make_model(n_estimators=2), *noisy, rule(patience=50)).n_iterations == 2


@pytest.mark.parametrize("metrics", ["l2", ["l1", "l2"]])
def test_the_history_is_lightgbms_own_record(family, make_model, noisy, rule, metrics):
    model = make_model(metric=metrics)
    stopped = family.fit_stopped(model, *noisy, rule(patience=2))

    assert dict(stopped.history) == dict(model.evals_result_["valid_0"])
    assert {len(values) for values in stopped.history.values()} == {stopped.n_iterations + 2}


@pytest.mark.parametrize(("n_trees", "patience", "used_up"), [(N_TREES, 2, False), (4, 3, True), (2, 50, True)])
def test_trees_that_are_used_up_before_patience_are_known(make_model, noisy, rule, n_trees, patience, used_up):
    stopped = LightGBMFamily().fit_stopped(make_model(n_estimators=n_trees), *noisy, rule(patience=patience))

    assert stopped.cap == n_trees
    assert stopped.used_up(patience) is used_up


def test_patience_that_runs_out_with_the_last_tree_has_run_out(family, make_model, noisy, rule):
    best = family.fit_stopped(make_model(), *noisy, rule(patience=2)).n_iterations
    stopped = family.fit_stopped(make_model(n_estimators=best + 2), *noisy, rule(patience=2))

    assert len(stopped.history["l2"]) == stopped.cap
    assert stopped.used_up(2) is False


@PASSES_ON_OTHER_NAMES
@pytest.mark.parametrize("name", _STOPPING_NAMES)
def test_early_stopping_of_the_models_own_gives_way(family, make_model, noisy, rule, name):
    model = make_model(**{name: 1})
    before = model.get_params()

    assert family.fit_stopped(model, *noisy, rule(patience=8)) == family.fit_stopped(
        make_model(), *noisy, rule(patience=8)
    )
    assert model.get_params() == before


def test_stopping_rows_begin_where_the_training_rows_do(family, make_model, noisy, rule):
    training, stopping = noisy
    starts = [np.where(rows.X[:, 0] > 0, 5.0, -5.0) for rows in noisy]
    model = make_model()
    stopped = family.fit_stopped(
        model,
        replace(training, fit_params={"init_score": starts[0]}),
        replace(stopping, fit_params={"init_score": starts[1]}),
        rule(),
    )
    predicted = model.predict(stopping.X) + starts[1]

    assert min(stopped.history["l2"]) == pytest.approx(mean_squared_error(stopping.y, predicted))


# What is known before any fit


@pytest.mark.parametrize(
    "metric", [*_METRIC_NAMES, *_OTHER_METRICS, "mse", "mean_squared_error", "logloss", "softmax", "ndcg@3", "kldiv"]
)
def test_metrics_of_lightgbms_are_no_reason_to_object(family, metric):
    assert family.objection_to_monitor(LGBMRegressor(), metric, {}) is None


@pytest.mark.parametrize("metric", ["rsme", "l3", ""])
def test_other_metrics_are(family, metric):
    said = family.objection_to_monitor(LGBMRegressor(), metric, {})

    assert said.startswith("the closest of LightGBM's metrics are ")
    assert not (metric and _knows(metric))
    assert family.objection_to_monitor(LGBMRegressor(metric=["rsme"]), "rsme", {}) is None
    assert family.objection_to_monitor(LGBMRegressor(), metric, {"eval_metric": [closeness]}) is None


@pytest.mark.parametrize("metric", ["l2", "binary_logloss", "auc", "gamma_deviance"])
def test_lightgbm_is_asked_for_metrics_that_are_not_listed(metric):
    assert _knows(metric)


@PASSES_ON_OTHER_NAMES
@pytest.mark.parametrize("name", _STOPPING_NAMES)
def test_early_stopping_of_its_own_takes_rows_that_somebody_gives(family, make_model, noisy, name):
    model = make_model(**{name: 1})
    with pytest.raises(ValueError, match="For early stopping, at least one dataset"):
        model.fit(*rows_of(noisy[0]))

    assert family.stops_by_itself(model, {}) == name
    assert family.stops_by_itself(model, {"eval_set": []}) is None
    assert family.stops_by_itself(make_model(**{name: 0}), {}) is None


# Iterations


@PASSES_ON_OTHER_NAMES
@pytest.mark.parametrize("name", _ITERATION_NAMES)
def test_iterations_are_set_under_every_name(family, make_model, noisy, name):
    model = make_model(**{name: 30})
    family.set_iterations(model, 7)

    assert model.fit(*rows_of(noisy[0])).n_estimators_ == 7


@PASSES_ON_OTHER_NAMES
@pytest.mark.parametrize(
    "name", ["early_stopping_round", "early_stopping_rounds", "early_stopping", "n_iter_no_change"]
)
def test_early_stopping_of_the_models_own_is_switched_off(family, make_model, noisy, name):
    model = make_model(**{name: 2})
    family.set_iterations(model, 7)

    assert model.fit(*rows_of(noisy[0])).n_estimators_ == 7


def test_only_names_that_the_model_uses_are_set(family, make_model):
    model = make_model()
    before = model.get_params()
    family.set_iterations(model, 7)

    assert model.get_params() == before | {"n_estimators": 7}


# Threads


def threads_of_a_fit(model, noisy):
    seen = []
    model.fit(*rows_of(noisy[0]), callbacks=[lambda env: seen.append(env.params["num_threads"])])
    return seen[0]


def test_threads_are_limited_within_and_free_again_after(family, make_model, noisy):
    model = make_model(n_jobs=None, n_estimators=1)
    with family.native_threads(model, 3):
        assert threads_of_a_fit(model, noisy) == 3

    assert model.n_jobs is None


def test_threads_are_free_again_after_an_error(family, make_model):
    model = make_model(n_jobs=None)
    with pytest.raises(ValueError, match="own error"), family.native_threads(model, 3):
        raise ValueError("own error")

    assert model.n_jobs is None


@PASSES_ON_OTHER_NAMES
@pytest.mark.parametrize("name", ["n_jobs", "num_threads", "num_thread", "nthread", "nthreads"])
def test_what_the_user_says_about_threads_holds(family, make_model, noisy, name):
    model = make_model(**{"n_jobs": None, "n_estimators": 1} | {name: 2})
    before = model.get_params()
    with family.native_threads(model, 3):
        assert model.get_params() == before
        assert threads_of_a_fit(model, noisy) == 2

    assert model.get_params() == before


def test_without_a_limit_nothing_is_set(family, make_model):
    model = make_model(n_jobs=None)
    with family.native_threads(model, None):
        assert model.n_jobs is None


# The library


def test_only_models_of_lightgbm_are_handled(family, make_model):
    class Own(LGBMRegressor):
        pass

    assert family.handles(make_model())
    assert family.handles(LGBMClassifier())
    assert family.handles(Own())
    assert not family.handles(Ridge())
    family.require()


@pytest.mark.parametrize(
    "model",
    [
        LGBMRegressor(subsample=0.7, subsample_freq=1, colsample_bytree=0.6, verbosity=-1, n_jobs=1),
        LGBMRegressor(random_state=3, boosting_type="goss", min_child_samples=5, verbosity=-1, n_jobs=1),
        LGBMRegressor(data_sample_strategy="goss", linear_tree=True, verbosity=-1, n_jobs=1),
        LGBMClassifier(random_state=0, extra_trees=True, verbosity=-1, n_jobs=1),
    ],
    ids=["sampling", "goss", "linear", "classes"],
)
def test_a_small_model_is_the_beginning_of_a_large_one(check_path, model):
    check_path(model, "n_estimators")


@pytest.mark.parametrize(
    "params",
    [
        {"boosting_type": "dart"},
        {"boosting_type": "rf"},
        {"boosting": "dart"},
        {"num_iterations": 7},
        {"early_stopping_round": 3},
        {"random_state": np.random.RandomState(0)},
        {"objective": lambda y_true, y_predicted: (y_predicted - y_true, np.ones_like(y_true))},
    ],
    ids=lambda params: next(iter(params)),
)
def test_no_path_where_a_tree_may_depend_on_how_many_there_are(params):
    model = LGBMRegressor(**params)

    assert LightGBMFamily().path_parameter(model, model.get_params()) is None
