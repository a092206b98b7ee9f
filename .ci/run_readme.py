"""Run the Python code of a page, with what it leaves to its reader: ``run_readme.py README.md``."""

import os
import re
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LEFT_TO_THE_READER = """
import keras
import pandas as pd
from lightgbm import LGBMRegressor
from scikeras.wrappers import KerasRegressor
from scipy.stats import loguniform, randint
from sklearn.compose import make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder
from multisearch.datasets import make_categorical_regression


def network(widths, meta):
    inputs = keras.Input((meta["n_features_in_"],))
    hidden = inputs
    for width in widths:
        hidden = keras.layers.Dense(width, activation="relu")(hidden)
    return keras.Model(inputs, keras.layers.Dense(1)(hidden))


def behind_encoder(model):
    encode = make_column_transformer((OneHotEncoder(sparse_output=False), ["cat"]), remainder="passthrough")
    return Pipeline([("encode", encode), ("model", model)])


X, y = make_categorical_regression(n_samples=300, n_categories=2, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
lightgbm_pipeline = behind_encoder(LGBMRegressor(n_estimators=100, verbosity=-1))
keras_pipeline = behind_encoder(
    KerasRegressor(network, widths=(), loss="mean_squared_error", epochs=5, verbose=0)
)
ridge_pipeline = behind_encoder(Ridge())
"""


def main() -> None:
    """Run one block after the other, in one namespace."""
    blocks = re.findall(r"^```python\n(.*?)^```", Path(sys.argv[1]).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    if not blocks:
        sys.exit(f"{sys.argv[1]} has no Python code")
    names: dict[str, object] = {"__name__": "__main__"}
    for block in (LEFT_TO_THE_READER, *blocks):
        exec(compile(block, sys.argv[1], "exec"), names)
    print(f"{len(blocks)} blocks of {sys.argv[1]} have run")


if __name__ == "__main__":
    main()
