import threading

import keras
import pytest
from keras.src.backend.common import global_state

from multisearch.families.keras._settings import (
    keras_settings,
    keras_settings_in_force,
    keras_settings_in_this_thread,
)


@pytest.fixture(autouse=True)
def as_before():
    """Put Keras' defaults back."""
    yield
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    global_state.set_global_attribute("dtype_policy", None)  # as it is before anybody has set or asked for one


def test_only_what_differs_from_the_defaults_is_a_setting():
    assert keras_settings() == {}

    keras.config.set_epsilon(1e-5)
    assert keras_settings() == {"epsilon": 1e-5}


def test_settings_hold_for_a_while_and_so_do_the_defaults():
    keras.config.set_epsilon(1e-5)

    with keras_settings_in_force({"floatx": "float64"}):
        assert (keras.config.floatx(), keras.config.epsilon()) == ("float64", 1e-7)
        assert keras_settings() == {"floatx": "float64"}
    assert (keras.config.floatx(), keras.config.epsilon()) == ("float32", 1e-5)


def test_a_policy_holds_for_a_thread():
    seen = []
    keras.config.set_dtype_policy("mixed_bfloat16")
    wanted = keras_settings()

    def look():
        seen.append(keras.config.dtype_policy().name)
        with keras_settings_in_this_thread(wanted):
            seen.append(keras.config.dtype_policy().name)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == ["float32", "mixed_bfloat16"]
