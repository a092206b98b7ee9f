from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error
from sklearn.utils.fixes import parse_version
from xgboost import XGBClassifier, XGBRanker, XGBRegressor, XGBRFClassifier, XGBRFRegressor

from multisearch import MultiModelSearchCV
from multisearch.families import family_of
from multisearch.families._xgboost import _METRICS, XGBoostFamily, _knows

N_TREES = 40


class OwnBooster(XGBRegressor):
    pass


@pytest.mark.parametrize(
    "model",
    [
        XGBRegressor(subsample=0.7, colsample_bytree=0.6, n_jobs=1),
        XGBRegressor(random_state=3, max_depth=2, learning_rate=0.1, n_jobs=1),
    ],
    ids=lambda model: f"seed {model.random_state}",
)
def test_a_small_booster_is_the_beginning_of_a_large_one(check_path, model):
    check_path(model, "n_estimators")


def test_of_classes_too(noisy_classes):
    training, rows = noisy_classes
    y = (training.y == "high").astype(int)
    model = XGBClassifier(n_estimators=12, subsample=0.7, n_jobs=1)
    small = XGBClassifier(n_estimators=5, subsample=0.7, n_jobs=1).fit(training.X, y)

    model.fit(training.X, y)
    family_of(model).truncate(model, 5)

    assert (model.predict_proba(rows.X) == small.predict_proba(rows.X)).all()


@pytest.mark.parametrize(
    "params",
    [
        {"booster": "dart"},
        {"booster": "gblinear"},
        {"early_stopping_rounds": 3},
        {"callbacks": []},
        {"random_state": np.random.RandomState(1)},
        {"process_type": "update"},
        {"objective": lambda y_true, y_predicted: (y_predicted - y_true, y_true * 0 + 1)},
    ],
    ids=lambda params: next(iter(params)),
)
def test_no_path_where_a_tree_may_depend_on_how_many_there_are(params):
    model = XGBRegressor(**params)

    assert family_of(model).path_parameter(model, model.get_params()) is None


@pytest.mark.parametrize("model", [OwnBooster(), XGBRFRegressor(), XGBRFClassifier(), XGBRanker()])
def test_a_subclass_may_do_anything(model):
    assert family_of(model).path_parameter(model, model.get_params()) is None


def test_a_method_of_the_users_on_a_model_may_do_anything():
    model = XGBRegressor()
    model.predict = len

    assert family_of(model).path_parameter(model, model.get_params()) is None


@pytest.mark.filterwarnings("ignore")  # as errors, they would have each fitted alone
def test_random_forests_of_xgboost_have_the_scores_of_fits_alone(noisy):
    space = {"n_estimators": [2, 5, 9, 14]}
    ours, alone = (
        MultiModelSearchCV(
            [("forest", XGBRFRegressor(random_state=0, n_jobs=1), space)], cv=3, refit=False, optimize=optimize
        ).fit(noisy[0].X, noisy[0].y)
        for optimize in (True, False)
    )

    assert np.isfinite(alone.cv_results_["mean_test_score"]).all()
    np.testing.assert_array_equal(ours.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


# Early stopping


@pytest.fixture
def family():
    return XGBoostFamily()


@pytest.fixture
def make_model():
    def make(kind=XGBRegressor, **params):
        fixed = {"n_estimators": N_TREES, "learning_rate": 0.3, "max_depth": 3, "n_jobs": 1, "random_state": 0}
        return kind(**fixed | params)

    return make


@pytest.fixture
def whole(make_model, noisy):
    """Return a regressor with all its trees, trained without any stopping."""
    return make_model().fit(noisy[0].X, noisy[0].y)


@pytest.fixture
def numbered_classes(noisy_classes):
    """Return rows in three classes from 0 on."""
    numbers = {"low": 0, "middle": 1, "high": 2}
    return tuple(replace(rows, y=np.array([numbers[one] for one in rows.y])) for rows in noisy_classes)


def staged(model, X, predict="predict"):
    """Return predictions by the number of trees, from 1 on."""
    return [getattr(model, predict)(X, iteration_range=(0, n)) for n in range(1, N_TREES + 1)]


def best_of(losses):
    """Return the first iteration with the smallest loss, counted from 1."""
    return int(np.argmin(losses)) + 1


@pytest.mark.parametrize(
    ("monitor", "loss"), [(None, mean_squared_error), ("rmse", mean_squared_error), ("mae", mean_absolute_error)]
)
def test_the_model_predicts_as_at_its_best_iteration(make_model, noisy, rule, whole, monitor, loss):
    family, (training, stopping) = XGBoostFamily(), noisy
    best = best_of([loss(stopping.y, predicted) for predicted in staged(whole, stopping.X)])
    model = make_model()
    stopped = family.fit_stopped(model, training, stopping, rule(patience=N_TREES, monitor=monitor))

    assert stopped.n_iterations == best == model.best_iteration + 1 < N_TREES
    assert stopped.cap == N_TREES
    assert {name: len(values) for name, values in stopped.history.items()} == {monitor or "rmse": N_TREES}
    np.testing.assert_array_equal(model.predict(stopping.X), whole.predict(stopping.X, iteration_range=(0, best)))
    assert not np.array_equal(model.predict(stopping.X), whole.predict(stopping.X))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"booster": "dart", "rate_drop": 0.5},
        {"booster": "dart", "rate_drop": 0.3, "normalize_type": "forest"},
        {"booster": "gblinear", "max_depth": None},
        {"num_parallel_tree": 3, "subsample": 0.7},
        {"subsample": 0.7, "colsample_bynode": 0.5},
    ],
    ids=str,
)
def test_the_best_iteration_is_a_fit_of_so_many(family, make_model, noisy, rule, params):
    training, stopping = noisy
    model = make_model(**params)
    stopped = family.fit_stopped(model, training, stopping, rule(patience=4))
    alone = make_model(**params)
    family.set_iterations(alone, stopped.n_iterations)
    alone.fit(training.X, training.y)

    assert stopped.n_iterations < len(stopped.history["rmse"])
    np.testing.assert_array_equal(model.predict(stopping.X), alone.predict(stopping.X))
    assert alone.get_booster().num_boosted_rounds() == stopped.n_iterations


def test_training_ends_when_patience_does(family, make_model, noisy, rule):
    stopped = family.fit_stopped(make_model(), *noisy, rule(patience=2))

    assert len(stopped.history["rmse"]) == stopped.n_iterations + 2 < N_TREES


def test_small_improvements_do_not_count(family, make_model, noisy, rule, whole):
    losses = [np.sqrt(mean_squared_error(noisy[1].y, predicted)) for predicted in staged(whole, noisy[1].X)]
    best = 0
    for iteration, loss in enumerate(losses):
        if loss < losses[best] - 0.1:
            best = iteration
        elif iteration - best >= 2:
            break
    found = family.fit_stopped(make_model(), *noisy, rule(patience=2, min_delta=0.1)).n_iterations

    assert found == best + 1 < family.fit_stopped(make_model(), *noisy, rule(patience=2)).n_iterations


MIXES_METRICS = parse_version(xgboost.__version__) >= parse_version("3.2")


def closeness(y_true, y_pred):
    return float(np.abs(y_true - y_pred).mean())


@pytest.mark.parametrize(
    ("own", "monitor", "watched"),
    [
        (["mae", "rmse"], "mae", "mae"),
        ("mphe", "mae", "mae"),
        (["mae", "rmse"], None, "rmse"),  # as XGBoost itself does
        (["rmse", "mae"], None, "mae"),
        (closeness, "closeness", "mae"),
        *([(["rmse", closeness], "closeness", "mae")] if MIXES_METRICS else []),
        (closeness, "rmse", "rmse"),
    ],
)
def test_a_monitor_is_watched_beside_the_models_own_metrics(make_model, noisy, rule, own, monitor, watched):
    family, model = XGBoostFamily(), make_model(eval_metric=own)
    alone = family.fit_stopped(make_model(), *noisy, rule(monitor=watched))
    stopped = family.fit_stopped(model, *noisy, rule(monitor=monitor))

    assert stopped.n_iterations == alone.n_iterations
    assert model.eval_metric is own


def test_a_metric_of_which_more_is_better_is_maximised(family, make_model, noisy_classes, rule):
    training, stopping = noisy_classes
    binary = replace(training, y=training.y == "low"), replace(stopping, y=stopping.y == "low")
    stopped = family.fit_stopped(make_model(XGBClassifier), *binary, rule(patience=N_TREES, monitor="auc"))

    assert stopped.n_iterations == int(np.argmax(stopped.history["auc"])) + 1 > 1


def test_classes_are_stopped_on(family, make_model, numbered_classes, rule):
    training, stopping = numbered_classes
    whole = make_model(XGBClassifier).fit(training.X, training.y)
    best = best_of([log_loss(stopping.y, one) for one in staged(whole, stopping.X, "predict_proba")])
    model = make_model(XGBClassifier)
    found = family.fit_stopped(model, training, stopping, rule(patience=N_TREES)).n_iterations

    assert found == best < N_TREES
    expected = whole.predict_proba(stopping.X, iteration_range=(0, best))
    np.testing.assert_array_equal(model.predict_proba(stopping.X), expected)


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
    alone = make_model(n_estimators=best).fit(training.X, training.y, sample_weight=weights)

    np.testing.assert_array_equal(model.predict(stopping.X), alone.predict(stopping.X))


def test_stopping_rows_have_margins_of_their_own(family, make_model, noisy, rule):
    training, stopping = noisy
    margins = [np.where(rows.X[:, 0] > 0, 5.0, -5.0) for rows in noisy]
    model = make_model()
    stopped = family.fit_stopped(
        model,
        replace(training, fit_params={"base_margin": margins[0]}),
        replace(stopping, fit_params={"base_margin": margins[1]}),
        rule(),
    )
    predicted = model.predict(stopping.X, base_margin=margins[1])

    assert min(stopped.history["rmse"]) == pytest.approx(np.sqrt(mean_squared_error(stopping.y, predicted)), rel=1e-5)


def test_rankers_stop_by_whole_queries(family, make_model, noisy, rule):
    training, stopping = noisy

    def queries(rows):
        grades = np.digitize(rows.y, [-0.3, 1.2])
        return replace(rows, y=grades, fit_params={"qid": np.arange(len(grades)) // 10})

    stopped = family.fit_stopped(
        make_model(XGBRanker), queries(training), queries(stopping), rule(monitor="ndcg@3", patience=N_TREES)
    )

    assert stopped.n_iterations == int(np.argmax(stopped.history["ndcg@3"])) + 1


def test_frames_with_categories_are_stopped_on(family, make_model, noisy, rule):
    training, stopping = noisy

    def with_category(rows):
        frame = pd.DataFrame(rows.X, columns=list("abcd"))
        return replace(rows, X=frame.assign(e=pd.Categorical(np.where(frame["a"] > 0, "x", "y"), ["x", "y"])))

    model = make_model(enable_categorical=True)
    found = family.fit_stopped(model, with_category(training), with_category(stopping), rule()).n_iterations
    alone = make_model(enable_categorical=True, n_estimators=found).fit(with_category(training).X, training.y)

    rows = with_category(stopping).X
    np.testing.assert_array_equal(model.predict(rows), alone.predict(rows))


class Notes(xgboost.callback.TrainingCallback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def after_iteration(self, model, epoch, evals_log):
        self.seen.append(epoch)
        return epoch == 9


def test_the_users_callbacks_run_and_parameters_stay(family, make_model, noisy, rule, capfd):
    notes = Notes()
    model = make_model(callbacks=[notes], early_stopping_rounds=1)
    before = dict(vars(model))
    stopped = family.fit_stopped(model, *noisy, rule(patience=N_TREES))

    assert notes.seen == list(range(10))
    assert len(stopped.history["rmse"]) == 10
    assert {name: vars(model)[name] for name in before} == before
    assert capfd.readouterr() == ("", "")


def test_early_stopping_of_the_models_own_gives_way(family, make_model, noisy, rule):
    own = xgboost.callback.EarlyStopping(rounds=1, save_best=True)
    model = make_model(early_stopping_rounds=1, callbacks=[own])
    expected = family.fit_stopped(make_model(), *noisy, rule(patience=8))
    stopped = family.fit_stopped(model, *noisy, rule(patience=8))

    assert stopped == expected
    refitted = make_model(early_stopping_rounds=1, callbacks=[own])
    family.set_iterations(refitted, 7)
    assert refitted.fit(noisy[0].X, noisy[0].y).get_booster().num_boosted_rounds() == 7


def test_training_goes_on_from_another_model(family, make_model, noisy, rule):
    training, stopping = noisy
    begun = make_model(n_estimators=2).fit(training.X, training.y)
    model = make_model(learning_rate=0.1)
    continued = replace(training, fit_params={"xgb_model": begun})
    best = family.fit_stopped(model, continued, stopping, rule()).n_iterations
    alone = make_model(learning_rate=0.1, n_estimators=best).fit(training.X, training.y, xgb_model=begun)

    assert model.best_iteration + 1 == 2 + best
    np.testing.assert_array_equal(model.predict(stopping.X), alone.predict(stopping.X))


def test_a_model_that_never_stops_has_all_its_trees(family, make_model, noisy, rule):
    assert family.fit_stopped(make_model(n_estimators=2), *noisy, rule(patience=50)).n_iterations == 2


def test_a_model_without_any_metric_is_an_error(family, make_model, noisy, rule):
    model = make_model(disable_default_eval_metric=True)
    with pytest.raises(ValueError, match="XGBoost computed no metric to stop early on; monitor is None"):
        family.fit_stopped(model, *noisy, rule())


def test_a_stopped_model_can_be_cloned_and_fitted_again(family, make_model, noisy, rule):
    model = make_model()
    family.fit_stopped(model, *noisy, rule())

    assert clone(model).fit(noisy[0].X, noisy[0].y).get_booster().num_boosted_rounds() == N_TREES
    assert model.fit(noisy[0].X, noisy[0].y).get_booster().num_boosted_rounds() == N_TREES


# What is known before any fit


@pytest.mark.parametrize("metric", [*_METRICS, "ndcg@5", "map@3-", "error@0.7", "tweedie-nloglik@1.3"])
def test_metrics_of_xgboosts_are_no_reason_to_object(family, metric):
    assert _knows(metric)
    assert family.objection_to_monitor(XGBRegressor(), metric, {}) is None


def test_other_metrics_are(family):
    said = family.objection_to_monitor(XGBRegressor(eval_metric=[closeness]), "rsme", {})

    assert not _knows("rsme")
    assert said.startswith("the closest of XGBoost's metrics are 'rmse', ")
    assert family.objection_to_monitor(XGBRegressor(eval_metric=[closeness]), "closeness", {}) is None
    assert "'closeness'" in family.objection_to_monitor(XGBRegressor(eval_metric=[closeness]), "closenes", {})


class Encodes(XGBClassifier):
    def fit(self, X, y, **params):
        return super().fit(X, np.unique(y, return_inverse=True)[1], **params)


@pytest.mark.parametrize(
    "y",
    [
        np.array(["no", "yes"]),
        np.array(["no", "yes"], dtype=object),
        pd.Series(["no", "yes"], dtype="category"),
        [1, 2],
        [-1, 1],
        [0.0, 0.5],
        [0, 2],
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [XGBClassifier, XGBRFClassifier])
def test_labels_that_xgboost_refuses_are_known(family, kind, y):
    X = np.arange(8.0).reshape(-1, 1)
    with pytest.raises(ValueError, match=r"Invalid classes|could not convert|Unknown"):
        kind(n_estimators=1, n_jobs=1).fit(X, np.asarray(list(y) * 4))

    said = family.objection_to_labels(kind(), y)
    assert said == f"{kind.__name__} takes no labels but the whole numbers from 0 to 1"
    assert family.objection_to_labels(XGBRegressor(), y) is None
    assert family.objection_to_labels(Encodes(), y) is None


@pytest.mark.parametrize("y", [[0, 1], [0.0, 1.0], [False, True], np.array([2, 0, 1]), [[0, 1], [1, 1]]], ids=str)
def test_labels_that_xgboost_takes_are_no_reason_to_object(family, y):
    assert family.objection_to_labels(XGBClassifier(), y) is None


def test_early_stopping_of_its_own_takes_rows_that_somebody_gives(family):
    model = XGBRegressor(early_stopping_rounds=3)

    assert family.stops_by_itself(model, {}) == "early_stopping_rounds"
    assert family.stops_by_itself(model, {"eval_set": []}) is None
    assert family.stops_by_itself(XGBRegressor(), {}) is None


def test_only_boosted_models_stop(family):
    assert family.stops(OwnBooster())
    assert not family.stops(XGBRFRegressor())
    assert not family.stops(XGBRFClassifier())
    assert not family.handles(Ridge())
    family.require()
