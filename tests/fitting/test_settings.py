import threading
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context, get_config

from multisearch._fingerprint import fingerprint
from multisearch.fitting import applied, current_settings, within

AT_DEFAULTS = current_settings()


def without_inferred_strings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pd.option_context("future.infer_string", not pd.get_option("future.infer_string"))


OTHERS = {
    "a floating point error": lambda: np.errstate(all="raise"),
    "scikit-learn's memory": lambda: config_context(working_memory=1),
    "scikit-learn's checks": lambda: config_context(assume_finite=True),
    "a pandas option": lambda: pd.option_context("compute.use_numba", True),
    "a pandas option that is going to be removed": without_inferred_strings,
}


@pytest.fixture(params=OTHERS)
def others(request):
    """Settings that differ from the defaults in one thing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with OTHERS[request.param]():
            return current_settings()


def test_settings_are_applied_and_put_back(others):
    assert current_settings() == AT_DEFAULTS != others
    with applied(others):
        assert current_settings() == others
        with pytest.raises(AssertionError):
            assert current_settings() == AT_DEFAULTS
    assert current_settings() == AT_DEFAULTS


def test_defaults_are_applied_too(others):
    with applied(others), config_context(**AT_DEFAULTS.sklearn):
        assert within(None, current_settings) == replace(others, sklearn=AT_DEFAULTS.sklearn)


def test_settings_that_differ_are_other_content(others):
    assert fingerprint(others.content()) != fingerprint(AT_DEFAULTS.content())


def test_how_estimators_are_shown_is_no_content():
    with config_context(display="text", print_changed_only=False):
        assert current_settings().content() == AT_DEFAULTS.content()


def test_only_what_differs_is_content():
    assert current_settings().content().keys() == {"sklearn"}


def test_the_size_of_numpys_buffers_is_put_back():
    with np.errstate():
        np.setbufsize(16384)
        larger = current_settings()
    assert larger.numpy == {"bufsize": 16384}
    with applied(larger):
        assert np.getbufsize() == 16384
    assert np.getbufsize() == 8192


def test_a_function_that_numpy_calls_belongs_to_them():
    with np.errstate(all="call", call=print):
        assert current_settings().numpy["call"] is print
    with np.errstate(call=print):
        assert "call" not in current_settings().numpy


def test_a_fit_with_a_limit_has_the_settings_of_its_thread(others):
    with applied(others):
        assert within(60, current_settings) == others


def test_keras_at_its_defaults_is_no_setting(keras):
    assert current_settings() == AT_DEFAULTS


@pytest.mark.parametrize("floatx", ["float64", "float16"])
def test_keras_floats_are_applied_and_put_back(keras, floatx):
    keras.config.set_floatx(floatx)
    keras.config.set_epsilon(1e-5)
    keras.config.set_image_data_format("channels_first")
    settings = current_settings()
    with applied(AT_DEFAULTS):
        assert (keras.config.floatx(), keras.config.epsilon()) == ("float32", 1e-7)
        assert keras.config.dtype_policy().name == "float32"
    assert current_settings() == settings
    assert fingerprint(settings.content()) != fingerprint(AT_DEFAULTS.content())


def test_a_thread_that_wants_other_settings_of_the_process_waits(others):
    of_process = replace(others, sklearn=AT_DEFAULTS.sklearn, numpy={})
    seen = []

    def look():
        with applied(of_process):
            seen.append(current_settings())

    thread = threading.Thread(target=look)
    with applied(AT_DEFAULTS):
        thread.start()
        thread.join(0.2)
        assert thread.is_alive() == bool(of_process.pandas)
    thread.join(10)
    assert seen == [of_process]


def test_a_policy_is_kept_by_thread_and_travels_with_a_limit(keras):
    keras.config.set_dtype_policy("mixed_float16")
    settings = current_settings()
    assert settings.libraries["scikeras"]["dtype_policy"]["config"] == {"name": "mixed_float16"}
    assert within(60, lambda: keras.config.dtype_policy().name) == "mixed_float16"
    with applied(AT_DEFAULTS):
        assert keras.config.dtype_policy().name == "float32"
    assert keras.config.dtype_policy().name == "mixed_float16"


def test_to_look_at_the_policy_does_not_set_it(keras):
    from keras.src.backend.common import global_state

    global_state.set_global_attribute("dtype_policy", None)
    assert current_settings() == AT_DEFAULTS
    keras.config.set_floatx("float64")
    assert current_settings().libraries == {"scikeras": {"floatx": "float64"}}
    assert keras.layers.Dense(1).dtype_policy.name == "float64"


def test_a_policy_that_was_there_before_the_floats_were_set_still_holds(keras):
    keras.config.set_dtype_policy("float32")
    keras.config.set_floatx("float64")
    with applied(current_settings()):
        assert keras.layers.Dense(1).dtype_policy.name == "float32"
        assert keras.config.floatx() == "float64"


def test_tensorflows_own_are_applied_and_put_back(keras):
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    tf.config.experimental.enable_tensor_float_32_execution(False)
    settings = current_settings()
    assert settings.libraries == {"scikeras": {"run_functions_eagerly": True, "tensor_float_32": False}}
    with applied(AT_DEFAULTS):
        assert not tf.config.functions_run_eagerly()
        assert tf.config.experimental.tensor_float_32_execution_enabled()
    assert tf.config.functions_run_eagerly()


def test_threads_that_want_the_same_do_not_wait():
    here = threading.Barrier(2, timeout=10)

    def meet():
        with applied(AT_DEFAULTS):
            here.wait()

    threads = [threading.Thread(target=meet) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not here.broken


def test_settings_of_a_thread_are_not_those_of_another():
    with applied(AT_DEFAULTS), config_context(assume_finite=True):
        found = []
        thread = threading.Thread(target=lambda: found.append(get_config()["assume_finite"]))
        thread.start()
        thread.join()
    assert found == [False]
