import pytest
from xgboost import XGBClassifier, XGBRegressor

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
        {"objective": lambda y_true, y_predicted: (y_predicted - y_true, y_true * 0 + 1)},
    ],
    ids=lambda params: next(iter(params)),
)
def test_no_path_where_a_tree_may_depend_on_how_many_there_are(params):
    model = XGBRegressor(**params)

    assert family_of(model).path_parameter(model, model.get_params()) is None


def test_a_subclass_may_do_anything():
    assert family_of(OwnBooster()).path_parameter(OwnBooster(), OwnBooster().get_params()) is None
