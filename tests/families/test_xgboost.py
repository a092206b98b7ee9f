import numpy as np
import pytest
from xgboost import XGBClassifier, XGBRanker, XGBRegressor, XGBRFClassifier, XGBRFRegressor

from multisearch import MultiModelSearchCV
from multisearch.families import family_of


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
