from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error
from threadpoolctl import threadpool_limits

from multisearch.families._hist_gradient_boosting import HistGradientBoostingFamily, best_iteration

N_TREES = 40


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Keep OpenMP's threads from waiting for each other on a busy machine."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def family():
    return HistGradientBoostingFamily()


@pytest.fixture
def make_model():
    def make(kind=HistGradientBoostingRegressor, **params):
        fixed = {"max_iter": N_TREES, "learning_rate": 0.2, "min_samples_leaf": 3, "random_state": 0}
        return kind(**fixed | params)

    return make


@pytest.fixture
def whole(make_model, noisy):
    """Return a regressor with all its trees, trained without any stopping."""
    return make_model(early_stopping=False).fit(noisy[0].X, noisy[0].y)


def best_of(losses):
    """Return the first iteration with the smallest loss, counted from 1."""
    return int(np.argmin(losses)) + 1


@pytest.mark.parametrize(
    ("monitor", "loss"), [(None, mean_squared_error), ("neg_mean_absolute_error", mean_absolute_error)]
)
def test_the_model_is_cut_back_to_its_best_iteration(make_model, noisy, rule, whole, monitor, loss):
    training, stopping = noisy
    stages = list(whole.staged_predict(stopping.X))
    best = best_of([loss(stopping.y, predicted) for predicted in stages])
    model = make_model()
    found = (
        HistGradientBoostingFamily().fit_stopped(model, training, stopping, rule(N_TREES, monitor=monitor)).n_iterations
    )

    assert found == model.n_iter_ == best < N_TREES
    np.testing.assert_array_equal(model.predict(stopping.X), stages[best - 1])
    assert not np.array_equal(model.predict(stopping.X), stages[-1])


def test_monitors_differ_about_the_best_iteration(noisy, whole):
    _, stopping = noisy
    stages = list(whole.staged_predict(stopping.X))

    assert best_of([mean_squared_error(stopping.y, one) for one in stages]) != best_of(
        [mean_absolute_error(stopping.y, one) for one in stages]
    )


def test_scikit_learn_alone_keeps_the_last_iteration(make_model, noisy, rule, family):
    training, stopping = noisy
    alone = make_model(early_stopping=True, n_iter_no_change=4, tol=0.0)
    alone.fit(training.X, training.y, X_val=stopping.X, y_val=stopping.y)
    best = family.fit_stopped(make_model(), training, stopping, rule(patience=4)).n_iterations

    assert best < alone.n_iter_ < N_TREES


def test_classes_with_names_are_stopped_on(family, make_model, noisy_classes, rule):
    training, stopping = noisy_classes
    whole = make_model(HistGradientBoostingClassifier, early_stopping=False).fit(training.X, training.y)
    stages = list(whole.staged_predict_proba(stopping.X))
    best = best_of([log_loss(stopping.y, one) for one in stages])
    model = make_model(HistGradientBoostingClassifier)

    assert family.fit_stopped(model, training, stopping, rule(patience=N_TREES)).n_iterations == best < N_TREES
    np.testing.assert_array_equal(model.predict_proba(stopping.X), stages[best - 1])
    assert set(model.predict(stopping.X)) <= {"low", "middle", "high"}


def test_the_scores_that_are_left_end_at_the_best_iteration(family, make_model, noisy, rule):
    model = make_model()
    best = family.fit_stopped(model, *noisy, rule()).n_iterations

    assert len(model.validation_score_) == len(model.train_score_) == best + 1
    assert np.argmax(model.validation_score_) == best
    assert len(list(model.staged_predict(noisy[1].X))) == best


@pytest.mark.parametrize("weigh", ["training", "stopping"])
def test_rows_are_weighted(family, make_model, noisy, rule, weigh):
    training, stopping = noisy
    weights = {"training": None, "stopping": None}
    weights[weigh] = np.where((training if weigh == "training" else stopping).y > 0, 10.0, 0.1)
    whole = make_model(early_stopping=False).fit(training.X, training.y, sample_weight=weights["training"])
    losses = [
        mean_squared_error(stopping.y, one, sample_weight=weights["stopping"])
        for one in whole.staged_predict(stopping.X)
    ]
    fit_params = {} if weights["training"] is None else {"sample_weight": weights["training"]}
    weighted = replace(training, fit_params=fit_params), replace(stopping, sample_weight=weights["stopping"])
    found = family.fit_stopped(make_model(), *weighted, rule(patience=N_TREES)).n_iterations

    assert found == best_of(losses) != family.fit_stopped(make_model(), *noisy, rule(patience=N_TREES)).n_iterations


def test_without_a_monitor_the_models_own_scoring_is_watched(family, make_model, noisy, rule):
    own = make_model(scoring="neg_mean_absolute_error")
    named = make_model()

    assert (
        family.fit_stopped(own, *noisy, rule()).n_iterations
        == family.fit_stopped(named, *noisy, rule(monitor="neg_mean_absolute_error")).n_iterations
    )
    np.testing.assert_array_equal(own.validation_score_, named.validation_score_)


def test_the_models_own_parameters_are_put_back(family, make_model, noisy, rule):
    model = make_model(early_stopping=False, n_iter_no_change=17, tol=0.5, scoring="r2")
    before = model.get_params()
    family.fit_stopped(model, *noisy, rule(patience=2, monitor="neg_mean_absolute_error"))

    assert model.get_params() == before


def test_an_unknown_monitor_is_an_error_and_parameters_are_put_back(family, make_model, noisy, rule):
    model = make_model()
    before = model.get_params()
    with pytest.raises(ValueError, match="'nonsense' is not a valid scoring value"):
        family.fit_stopped(model, *noisy, rule(monitor="nonsense"))

    assert model.get_params() == before


@pytest.mark.parametrize("monitor", ["loss", "r2", "neg_mean_absolute_error"])
def test_scorers_and_the_loss_are_no_reason_to_object(family, monitor):
    assert family.objection_to_monitor(HistGradientBoostingRegressor(), monitor, {}) is None


@pytest.mark.parametrize(
    ("model", "example"),
    [(HistGradientBoostingRegressor(), "neg_mean_absolute_error"), (HistGradientBoostingClassifier(), "neg_log_loss")],
)
def test_other_monitors_are(family, model, example):
    said = family.objection_to_monitor(model, "rmse", {})

    assert said == f"{type(model).__name__} takes 'loss' or a scorer's name, such as {example!r}"


@pytest.mark.parametrize(
    ("scores", "min_delta", "best"),
    [
        ([-9, -5, -4, -3, -4], 0.0, 3),
        ([-9, -5, -5, -5], 0.0, 1),
        ([-9, -5, -4.5, -4.2, -3.9], 1.0, 4),
        ([-9, -5, -4.5, -4.2, -4.1], 1.0, 1),
        ([-1, -5, -6], 0.0, 1),
        ([-1, -5], 0.0, 1),
    ],
)
def test_the_best_iteration_is_the_last_that_beat_the_best_before_it_by_more_than_the_delta(scores, min_delta, best):
    assert best_iteration(scores, min_delta) == best


@pytest.mark.parametrize("early_stopping", ["auto", True, False])
def test_iterations_are_set_and_stopping_is_switched_off(family, make_model, noisy, early_stopping):
    model = make_model(early_stopping=early_stopping, n_iter_no_change=1)
    family.set_iterations(model, 7)

    assert model.fit(noisy[0].X, noisy[0].y).n_iter_ == 7


def test_only_models_of_this_family_are_handled(family):
    class Own(HistGradientBoostingRegressor):
        pass

    assert family.handles(HistGradientBoostingRegressor())
    assert family.handles(HistGradientBoostingClassifier())
    assert family.handles(Own())
    assert not family.handles(Ridge())


@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingRegressor(random_state=0, early_stopping=False, max_features=0.5),
        HistGradientBoostingClassifier(random_state=0, early_stopping=False),
    ],
    ids=["regressor", "classifier"],
)
def test_a_small_model_is_the_beginning_of_a_large_one(check_path, model):
    check_path(model, "max_iter")


@pytest.mark.parametrize(
    "params",
    [{"early_stopping": "auto"}, {"early_stopping": True}, {"warm_start": True}, {"random_state": None}],
    ids=str,
)
def test_no_path_where_training_may_depend_on_its_length(params):
    model = HistGradientBoostingRegressor(**{"random_state": 0, "early_stopping": False} | params)

    assert HistGradientBoostingFamily().path_parameter(model, model.get_params()) is None


# What is recorded


@pytest.mark.parametrize(
    ("monitor", "scoring", "name"),
    [
        (None, "loss", "neg_loss"),
        ("loss", "neg_mean_absolute_error", "neg_loss"),
        (None, "neg_mean_absolute_error", "neg_mean_absolute_error"),
        ("neg_mean_absolute_error", "loss", "neg_mean_absolute_error"),
        (None, None, "score"),
    ],
)
def test_the_history_is_scikit_learns_own_record(make_model, noisy, rule, monitor, scoring, name):
    training, stopping = noisy
    stopped = HistGradientBoostingFamily().fit_stopped(
        make_model(scoring=scoring), *noisy, rule(patience=4, monitor=monitor)
    )
    alone = make_model(early_stopping=True, n_iter_no_change=4, tol=0.0, scoring=monitor or scoring)
    alone.fit(training.X, training.y, X_val=stopping.X, y_val=stopping.y)

    assert list(stopped.history) == [name]
    np.testing.assert_array_equal(stopped.history[name], alone.validation_score_[1:])
    assert stopped.n_iterations == np.argmax(stopped.history[name]) + 1


@pytest.mark.parametrize(("n_trees", "used_up"), [(N_TREES, False), (4, True)])
def test_trees_that_are_used_up_before_patience_are_known(family, make_model, noisy, rule, n_trees, used_up):
    stopped = family.fit_stopped(make_model(max_iter=n_trees), *noisy, rule(patience=4))

    assert stopped.cap == n_trees
    assert stopped.used_up(4) is used_up


def test_a_model_that_never_gets_better_has_not_used_its_trees_up(family, make_model, noisy, rule):
    training, stopping = noisy
    stopped = family.fit_stopped(make_model(), training, replace(stopping, y=-stopping.y), rule(patience=4))

    assert stopped.n_iterations == 1
    assert stopped.used_up(4) is False
