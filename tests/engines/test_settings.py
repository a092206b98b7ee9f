"""Settings of libraries that change numbers hold on workers as they do here."""

from contextlib import ExitStack

import numpy as np
import pandas as pd
import pytest
from helpers import assert_same_results
from sklearn import config_context, get_config
from sklearn.base import clone
from sklearn.linear_model import Ridge

from multisearch import MultiModelSearchCV

X, y = np.random.default_rng(0).standard_normal((2, 60, 3)).astype(np.float32)
y = y[:, 0]


class Tells(Ridge):
    """Scores by the settings that it sees when it is fitted."""

    def fit(self, X, y):
        self.seen_ = 100.0 * (np.geterr()["under"] == "raise") + 10.0 * get_config()["assume_finite"]
        self.seen_ += 1.0 * pd.get_option("compute.use_numba") + np.getbufsize()
        return super().fit(X, y)

    def score(self, X, y):
        return self.seen_


class Underflows(Ridge):
    def fit(self, X, y):
        np.exp(np.array([-1e4]))
        return super().fit(X, y)


def here_and_there(search):
    there = clone(search).fit(X, y)
    here = clone(search).set_params(scheduler="inline").fit(X, y)
    assert_same_results(here.cv_results_, there.cv_results_)
    return there.cv_results_["mean_test_score"]


@pytest.mark.parametrize("fit_timeout", [None, 60])
def test_numpy_pandas_and_scikit_learn(client, fit_timeout):
    search = MultiModelSearchCV([("tells", Tells(), {})], cv=2, refit=False)
    defaults = here_and_there(search)
    with ExitStack() as settings:
        settings.enter_context(np.errstate(all="raise"))
        settings.enter_context(config_context(assume_finite=True))
        settings.enter_context(pd.option_context("compute.use_numba", True))
        np.setbufsize(16384)
        there = clone(search).set_params(fit_timeout=fit_timeout).fit(X, y).cv_results_["mean_test_score"]
        np.testing.assert_array_equal(there, here_and_there(search))
    assert there == 16384 + 111
    assert defaults == here_and_there(search) == 8192


def test_an_underflow_that_is_an_error_here_is_one_there(client):
    search = MultiModelSearchCV([("underflows", Underflows(), {})], cv=2, refit=False, error_score="raise")
    search.fit(X, y)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        search.fit(X, y)


def network(meta):
    import keras

    layers = [keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1, dtype="float32")]
    model = keras.Sequential([keras.layers.Input((meta["n_features_in_"],)), *layers])
    model.compile(optimizer="adam", loss="mse")
    return model


def network_of_one_type(meta):
    import keras

    model = keras.Sequential([keras.layers.Input((meta["n_features_in_"],)), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    return model


@pytest.mark.slow
@pytest.mark.parametrize("fit_timeout", [None, 100])
def test_keras(client, keras, fit_timeout):
    from scikeras.wrappers import KerasRegressor

    def scores(build):
        model = KerasRegressor(build, epochs=2, batch_size=16, verbose=0, random_state=0)
        search = MultiModelSearchCV([("net", model, {})], cv=2, refit=False)
        if fit_timeout is not None:
            search.set_params(fit_timeout=fit_timeout)
            return search.fit(X, y).cv_results_["mean_test_score"]
        return here_and_there(search)

    defaults = scores(network), scores(network_of_one_type)
    keras.config.set_dtype_policy("mixed_bfloat16")
    assert scores(network) != defaults[0]
    keras.config.set_dtype_policy("float32")
    assert scores(network) == defaults[0]
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    assert scores(network_of_one_type) != defaults[1]
