"""What models are refused before any work; how they fail otherwise."""

import numpy as np
import pytest
from catboost import CatBoostRegressor
from lightgbm import LGBMRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler
from xgboost import XGBClassifier, XGBRegressor

from multisearch import EarlyStopping, MultiModelSearchCV

QUIET = {"n_jobs": 1, "n_estimators": 5}
ENOUGH = {"n_jobs": 1, "n_estimators": 300, "learning_rate": 0.5, "verbosity": 0}
SOME_FAIL = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.FitFailedWarning", "ignore:One or more of the test scores are non-finite"
)


class FittedError(AssertionError):
    pass


@pytest.fixture
def no_fit(monkeypatch):
    """Let no model be fitted."""

    def fail(*_, **__):
        raise FittedError

    for kind in (LGBMRegressor, XGBRegressor, CatBoostRegressor, HistGradientBoostingRegressor, XGBClassifier, Ridge):
        monkeypatch.setattr(kind, "fit", fail)


def searching(model, space=None, **arguments):
    return MultiModelSearchCV([("other", Ridge(), {}), ("boosted", model, space or {})], cv=2, **arguments)


MODELS = {
    "LightGBM": LGBMRegressor(**QUIET, verbose=-1),
    "XGBoost": XGBRegressor(**QUIET),
    "CatBoost": CatBoostRegressor(iterations=5, verbose=0, allow_writing_files=False),
    "HistGradientBoosting": HistGradientBoostingRegressor(max_iter=5),
}
CLOSE = {"LightGBM": "'rmse'", "XGBoost": "'rmse'", "CatBoost": "'RMSE'", "HistGradientBoosting": "a scorer's name"}


@pytest.mark.usefixtures("no_fit")
@pytest.mark.parametrize("library", MODELS)
@pytest.mark.parametrize("in_a_pipeline", [False, True])
def test_a_misspelt_monitor_is_an_error_before_any_fit(regression, library, in_a_pipeline):
    model = Pipeline([("scale", StandardScaler()), ("m", MODELS[library])]) if in_a_pipeline else MODELS[library]
    search = searching(model, early_stopping=EarlyStopping(monitor="rsme"))
    with pytest.raises(ValueError, match=r"monitor='rsme' is no metric of estimator 'boosted': ") as raised:
        search.fit(*regression)

    assert CLOSE[library] in str(raised.value)


@pytest.mark.usefixtures("no_fit")
def test_one_monitor_for_libraries_with_different_metrics_is_an_error(regression):
    estimators = [("one", MODELS["LightGBM"], {}), ("two", MODELS["HistGradientBoosting"], {})]
    with pytest.raises(ValueError, match=r"of estimator 'two': .* give early_stopping as a dict by estimator name"):
        MultiModelSearchCV(estimators, early_stopping=EarlyStopping(monitor="l1")).fit(*regression)


@pytest.mark.usefixtures("no_fit")
def test_models_that_a_setting_puts_there_are_checked_too(regression):
    pipeline = Pipeline([("model", MODELS["LightGBM"])])
    search = searching(pipeline, {"model": list(MODELS.values())}, early_stopping=EarlyStopping(monitor="rmse"))
    with pytest.raises(ValueError, match="the closest of CatBoost's metrics are 'RMSE'"):
        search.fit(*regression)


def closeness(y_true, y_pred):
    return float(np.abs(y_true - y_pred).mean())


def named_closeness(y_true, y_pred):
    return "closeness", closeness(y_true, y_pred), False


@pytest.mark.parametrize("where", ["in the model", "in its space"])
def test_a_metric_of_the_users_own_is_a_monitor(regression, where):
    stop = EarlyStopping(monitor="closeness", patience=2)
    model = XGBRegressor(**ENOUGH, eval_metric=closeness if where == "in the model" else None)
    space = {} if where == "in the model" else {"eval_metric": [closeness]}
    search = MultiModelSearchCV([("boosted", model, space)], cv=2, early_stopping=stop, random_state=0)

    assert search.fit(*regression).cv_results_["mean_n_iterations"][0] >= 1


def test_a_metric_that_is_given_to_fit_is_a_monitor(regression):
    stop = EarlyStopping(monitor="closeness", patience=2)
    model = LGBMRegressor(**ENOUGH | {"verbosity": -1})
    search = MultiModelSearchCV([("boosted", model, {})], cv=2, early_stopping=stop, random_state=0)
    search.fit(*regression, eval_metric=named_closeness)

    assert search.cv_results_["mean_n_iterations"][0] >= 1


@pytest.mark.usefixtures("no_fit")
@pytest.mark.parametrize("library", ["LightGBM", "XGBoost", "CatBoost"])
def test_rows_to_stop_by_come_from_one_place(regression, library):
    search = MultiModelSearchCV([("boosted", MODELS[library], {})], early_stopping=EarlyStopping())
    with pytest.raises(ValueError, match="fit is given eval_set for estimator 'boosted', which stops early by the row"):
        search.fit(*regression, eval_set=[regression])


@pytest.mark.usefixtures("no_fit")
@pytest.mark.parametrize(
    ("model", "parameter"),
    [
        (XGBRegressor(early_stopping_rounds=3), "early_stopping_rounds"),
        (LGBMRegressor(early_stopping_round=3), "early_stopping_round"),
        (CatBoostRegressor(use_best_model=True), "use_best_model"),
    ],
)
@pytest.mark.parametrize("in_a_pipeline", [False, True])
def test_early_stopping_of_the_models_own_is_an_error_before_any_fit(regression, model, parameter, in_a_pipeline):
    model = Pipeline([("scale", StandardScaler()), ("m", model)]) if in_a_pipeline else model
    with pytest.raises(
        ValueError, match=f"estimator 'boosted' sets {parameter}, but nobody gives its fits rows to stop by"
    ):
        searching(model).fit(*regression)


def test_own_early_stopping_gives_way_to_that_of_the_search(regression):
    search = MultiModelSearchCV(
        [("boosted", XGBRegressor(**ENOUGH, early_stopping_rounds=1), {})],
        cv=2,
        early_stopping=EarlyStopping(patience=3),
        random_state=0,
    ).fit(*regression)

    assert search.best_estimator_.get_booster().num_boosted_rounds() == search.best_n_iterations_


@SOME_FAIL
def test_where_a_setting_decides_about_it_the_others_are_fitted(regression):
    model = XGBRegressor(**QUIET, early_stopping_rounds=3)
    search = MultiModelSearchCV([("boosted", model, {"early_stopping_rounds": [2, None]})], cv=2).fit(*regression)

    np.testing.assert_array_equal(np.isnan(search.cv_results_["mean_test_score"]), [True, False])


@pytest.mark.usefixtures("no_fit")
@pytest.mark.parametrize("in_a_pipeline", [False, True])
def test_labels_that_a_model_refuses_are_an_error_before_any_fit(classification, monkeypatch, in_a_pipeline):
    monkeypatch.undo()
    monkeypatch.setattr(LogisticRegression, "fit", Ridge.fit)
    model = XGBClassifier(**QUIET)
    model = Pipeline([("scale", StandardScaler()), ("m", model)]) if in_a_pipeline else model
    search = MultiModelSearchCV([("logistic", LogisticRegression(), {}), ("boosted", model, {})])
    with pytest.raises(ValueError, match=r"'boosted' cannot be fitted: .*0 to 2.*\['high', 'low', 'middle'\]"):
        search.fit(*classification)


@pytest.mark.parametrize("early_stopping", [None, EarlyStopping(patience=3)])
def test_encoded_labels_are_fitted_beside_others(classification, early_stopping):
    X, y = classification
    estimators = [
        ("logistic", LogisticRegression(max_iter=500), {}),
        ("boosted", XGBClassifier(**ENOUGH), {}),
    ]
    search = MultiModelSearchCV(estimators, cv=2, early_stopping=early_stopping, random_state=0)
    search.fit(X, LabelEncoder().fit_transform(y))

    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@SOME_FAIL
def test_where_a_setting_chooses_the_model_the_others_are_fitted(classification):
    pipeline = Pipeline([("model", XGBClassifier(**QUIET))])
    space = {"model": [XGBClassifier(**QUIET), LogisticRegression(max_iter=500)]}
    search = MultiModelSearchCV([("any", pipeline, space)], cv=2).fit(*classification)

    np.testing.assert_array_equal(np.isnan(search.cv_results_["mean_test_score"]), [True, False])
