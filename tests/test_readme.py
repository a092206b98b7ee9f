"""What README.md and the first page of the documentation show, on small data."""

import re
from pathlib import Path

import joblib
import pandas as pd
import pytest
from scipy.stats import loguniform, randint
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from multisearch import EarlyStopping, MultiModelSearchCV

ROOT = Path(__file__).parents[1]


def scaled(model):
    return Pipeline([("scale", StandardScaler()), ("model", model)])


def network(meta, widths=()):
    import keras

    hidden = [keras.layers.Dense(width, activation="relu") for width in widths]
    return keras.Sequential([keras.Input((meta["n_features_in_"],)), *hidden, keras.layers.Dense(1)])


@pytest.fixture
def names(keras, regression):
    """Return what the examples take for granted."""
    from lightgbm import LGBMRegressor
    from scikeras.wrappers import KerasRegressor

    X, y = regression
    fixed = {"loss": "mean_squared_error", "optimizer": "adam", "epochs": 3, "verbose": 0, "random_state": 0}
    return {
        "lightgbm_pipeline": scaled(LGBMRegressor(n_estimators=20, n_jobs=1, verbosity=-1, random_state=0)),
        "keras_pipeline": scaled(KerasRegressor(network, **fixed)),
        "ridge_pipeline": scaled(Ridge()),
        "X_train": X[:90],
        "y_train": y[:90],
        "X_test": X[90:],
        "y_test": y[90:],
        "pd": pd,
        "randint": randint,
        "loguniform": loguniform,
        "MultiModelSearchCV": MultiModelSearchCV,
        "EarlyStopping": EarlyStopping,
    }


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
@pytest.mark.filterwarnings("default::UserWarning")  # so small, it has reason to warn
def test_the_example_runs(names, page):
    (example,) = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    exec(example, names)
    search = names["search"]
    assert pd.Series(search.cv_results_["estimator"]).value_counts().to_dict() == {
        "lightgbm": 20,
        "keras": 4,  # no grid is taken beyond its size
        "ridge": 3,
    }
    assert search.search_stats_.workers == joblib.cpu_count()
    assert search.failures_.empty


def test_what_it_links_to_is_there():
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / "README.md").read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
