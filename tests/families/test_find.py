import os
import subprocess
import sys
import textwrap

import pytest
from catboost import CatBoostRegressor
from lightgbm import LGBMClassifier
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from xgboost import XGBRegressor, XGBRFClassifier, XGBRFRegressor

from multisearch.families import families_that_stop, family_of, stopping_family_of
from multisearch.families._catboost import CatBoostFamily
from multisearch.families._hist_gradient_boosting import HistGradientBoostingFamily
from multisearch.families._lightgbm import LightGBMFamily
from multisearch.families._xgboost import XGBoostFamily


@pytest.mark.parametrize(
    ("model", "family"),
    [
        (LGBMClassifier(), LightGBMFamily),
        (XGBRegressor(), XGBoostFamily),
        (CatBoostRegressor(), CatBoostFamily),
        (HistGradientBoostingRegressor(), HistGradientBoostingFamily),
    ],
)
def test_a_model_finds_its_family(model, family):
    assert isinstance(family_of(model), family)
    assert stopping_family_of(model) is family_of(model)


@pytest.mark.parametrize("model", [XGBRFRegressor(), XGBRFClassifier(), RandomForestRegressor()])
def test_forests_have_a_family_and_nothing_to_stop(model):
    assert family_of(model) is not None
    assert stopping_family_of(model) is None


@pytest.mark.parametrize("model", [Ridge(), KNeighborsRegressor(), "passthrough", None])
def test_most_models_have_no_family(model):
    assert family_of(model) is None
    assert stopping_family_of(model) is None


def test_families_that_stop_are_named():
    assert families_that_stop() == [
        *("LightGBM", "XGBoost", "CatBoost", "scikeras"),
        "scikit-learn's HistGradientBoosting",
    ]


def test_looking_for_a_family_imports_no_library():
    source = """
        import sys
        from sklearn.linear_model import Ridge
        from multisearch.families import family_of
        assert family_of(Ridge()) is None
        libraries = ("lightgbm", "xgboost", "catboost", "imblearn", "scikeras", "keras", "tensorflow")
        print([name for name in libraries if name in sys.modules])
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
