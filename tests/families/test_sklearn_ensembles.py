import numpy as np
import pytest
from helpers import shown
from lightgbm import LGBMRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeRegressor

from multisearch.families import family_of


class OwnForest(RandomForestRegressor):
    pass


class OwnTree(DecisionTreeRegressor):
    pass


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(random_state=0),
        RandomForestClassifier(random_state=0, class_weight="balanced_subsample", max_samples=0.5),
        RandomForestRegressor(random_state=np.int64(3), max_features=2),
        ExtraTreesClassifier(random_state=0),
        ExtraTreesRegressor(random_state=0, bootstrap=True),
        BaggingClassifier(random_state=0),
        BaggingClassifier(LogisticRegression(), random_state=0, max_features=0.5),
        BaggingRegressor(random_state=0, max_samples=0.7),
        GradientBoostingClassifier(random_state=0, subsample=0.8),
        GradientBoostingRegressor(random_state=0, max_features=2, init=Ridge(random_state=0)),
        AdaBoostClassifier(random_state=0),
        AdaBoostRegressor(random_state=0, loss="exponential"),
    ],
    ids=lambda model: shown(model).replace(" ", ""),
)
def test_a_small_ensemble_is_the_beginning_of_a_large_one(check_path, model):
    check_path(model, "n_estimators")


def test_boosting_that_ends_by_itself_is_the_same_for_every_larger_number(noisy):
    training, rows = noisy
    model = AdaBoostRegressor(DecisionTreeRegressor(), n_estimators=30, random_state=0)
    alone = [model.set_params(n_estimators=size).fit(training.X, training.y).predict(rows.X) for size in (30, 20, 5)]

    model.set_params(n_estimators=30).fit(training.X, training.y)
    for size, expected in zip((30, 20, 5), alone, strict=True):
        family_of(model).truncate(model, size)
        np.testing.assert_array_equal(model.predict(rows.X), expected)


@pytest.mark.parametrize(
    "model",
    [
        RandomForestRegressor(),
        RandomForestRegressor(random_state=np.random.RandomState(0)),
        RandomForestRegressor(random_state=0, warm_start=True),
        RandomForestClassifier(random_state=0, oob_score=True),
        GradientBoostingRegressor(random_state=0, n_iter_no_change=5),
        BaggingClassifier(SVC(), random_state=0, n_jobs=2),
        BaggingRegressor(OwnTree(), random_state=0),
        BaggingRegressor(make_pipeline(DecisionTreeRegressor()), random_state=0),
        AdaBoostRegressor(LGBMRegressor(), random_state=0),
        GradientBoostingRegressor(random_state=0, init=DecisionTreeRegressor(max_features=1)),
        GradientBoostingRegressor(random_state=0, init=Ridge(random_state=np.random.RandomState(0))),
        GradientBoostingRegressor(random_state=0, init=OwnTree(random_state=0)),
        RandomForestRegressor(random_state=True),
        OwnForest(random_state=0),
    ],
    ids=lambda model: shown(model).replace(" ", ""),
)
def test_no_path_where_a_tree_may_depend_on_how_many_there_are(model):
    assert family_of(model).path_parameter(model, model.get_params(deep=False)) is None
