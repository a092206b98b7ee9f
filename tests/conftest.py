"""Data, estimators and the one cluster that tests share."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow is imported, here and in workers

import numpy as np
import pytest
from expected_skips import pytest_make_collect_report, pytest_runtest_makereport  # noqa: F401 - hooks
from sklearn.datasets import make_classification, make_regression
from sklearn.decomposition import PCA
from sklearn.linear_model import Lasso, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Say which tests run in the same process, where several run at a time: those of a file, and all faults."""
    for item in items:
        is_fault = TESTS / "faults" in item.path.parents
        item.add_marker(pytest.mark.xdist_group("faults" if is_fault else item.path.as_posix()))


@pytest.fixture(scope="session")
def regression():
    return make_regression(n_samples=120, n_features=8, noise=10.0, random_state=0)


@pytest.fixture(scope="session")
def classification():
    X, y = make_classification(n_samples=150, n_features=8, n_informative=5, n_classes=3, random_state=0)
    return X, np.array(["low", "middle", "high"])[y]


@pytest.fixture
def ridge_pipeline():
    return Pipeline([("scale", StandardScaler()), ("reduce", PCA(random_state=0)), ("model", Ridge())])


@pytest.fixture
def lasso_pipeline():
    return Pipeline([("standardise", StandardScaler()), ("model", Lasso())])


@pytest.fixture
def two_pipelines(ridge_pipeline, lasso_pipeline):
    return [
        ("ridge", ridge_pipeline, {"reduce__n_components": [2, 5], "model__alpha": [0.1, 10.0]}),
        ("lasso", lasso_pipeline, {"model__alpha": [0.1, 1.0]}),
    ]


@pytest.fixture(scope="session")
def cluster():
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    from distributed import Client

    with Client(cluster) as client:
        yield client


@pytest.fixture
def keras():
    """Keras, whose settings and TensorFlow's are at their defaults when the test is over."""
    keras = pytest.importorskip("keras")
    import tensorflow as tf
    from keras.src.backend.common import global_state

    yield keras
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    global_state.set_global_attribute("dtype_policy", None)
    tf.config.run_functions_eagerly(False)
    tf.config.experimental.enable_tensor_float_32_execution(True)
