"""What several tests compare results with."""

import hashlib
import re

import numpy as np


def shown(value):
    """Return the text of a value as the id of a test, without addresses, which differ from process to process."""
    return re.sub(r" at 0x[0-9A-Fa-f]+", "", str(value))


def assert_same_results(one, other):
    """Check that two ``cv_results_`` are equal to the bit in everything but times."""
    untimed = [name for name in one if "time" not in name]
    assert untimed == [name for name in other if "time" not in name]
    for name in untimed:
        if name == "params":  # estimators among them have no equality
            assert list(map(repr, one[name])) == list(map(repr, other[name]))
            continue
        first, second = one[name], other[name]
        np.testing.assert_array_equal(np.ma.getmaskarray(first), np.ma.getmaskarray(second), err_msg=name)
        np.testing.assert_array_equal(np.ma.filled(first, 0), np.ma.filled(second, 0), err_msg=name)
        assert first.dtype == second.dtype, name


def name_of_engine_in_a_task():
    """Return the kind of engine that a search gets where this runs, without a warning."""
    import warnings

    from multisearch.engines import open_engine

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with open_engine(2, None) as engine:
            return type(engine).__name__


def digest(y_true, predicted, sample_weight=None):
    """Return a number that any other bit in any prediction would change: a metric, so that scores tell of it."""
    predicted = np.asarray(predicted)
    if predicted.dtype == object:
        predicted = predicted.astype(str)
    content = hashlib.sha256(np.ascontiguousarray(predicted).tobytes()).digest()
    return float(int.from_bytes(content[:6], "little"))
