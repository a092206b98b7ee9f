import numpy as np
import pytest
from catboost import CatBoost, CatBoostRegressor
from lightgbm import LGBMRegressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge, SGDRegressor
from sklearn.multioutput import ClassifierChain, MultiOutputRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from xgboost import XGBRegressor, XGBRFRegressor

from multisearch.families import iterative_models_in

TREES = LGBMRegressor()


@pytest.mark.parametrize(
    "model",
    [
        *(LGBMRegressor(), XGBRegressor(), CatBoostRegressor(), CatBoost(), HistGradientBoostingClassifier()),
        *(GradientBoostingClassifier(), MLPClassifier(), SGDRegressor()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_models_that_gain_from_early_stopping(model):
    assert iterative_models_in(model) == [model]


@pytest.mark.parametrize(
    "model",
    [
        *(Ridge(), LogisticRegression(), SVC(), RandomForestRegressor(), AdaBoostRegressor(), XGBRFRegressor()),
        *(TransformedTargetRegressor(Ridge()), "passthrough", None, LGBMRegressor, np.arange(3)),
    ],
    ids=str,
)
def test_all_others(model):
    assert iterative_models_in(model) == []


@pytest.mark.parametrize(
    "estimator",
    [
        TransformedTargetRegressor(TREES),
        MultiOutputRegressor(TREES),
        BaggingRegressor(TREES),
        CalibratedClassifierCV(TREES),
        ClassifierChain(TREES),
        VotingRegressor([("ridge", Ridge()), ("trees", TREES)]),
        make_pipeline(StandardScaler(), TransformedTargetRegressor(TREES)),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_models_are_found_inside_others(estimator):
    assert iterative_models_in(estimator) == [TREES]


def test_all_inside_are_found():
    both = VotingRegressor([("histogram", HistGradientBoostingRegressor()), ("trees", TREES)])

    assert len(iterative_models_in(both)) == 2
