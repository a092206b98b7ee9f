"""Histories in few bytes: what comes back, how large they are, and what is none."""

import pickle
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multisearch import _histories
from multisearch._histories import pack, unpack


def noisy(n_iterations, seed=0):
    """Return losses whose last digits nobody could guess."""
    noise = np.random.default_rng(seed).normal(scale=0.003, size=n_iterations)
    return 1 / np.sqrt(np.arange(1, n_iterations + 1)) + noise


def as_single(values):
    return values.astype(np.float32).astype(np.float64)


@given(st.lists(st.floats(allow_subnormal=True)))
def test_one_metric_comes_back_to_the_bit(values):
    (there,) = unpack(pack({"l2": values})).values()

    np.testing.assert_array_equal(there, np.array(values, dtype=np.float64))
    assert there.dtype == np.float64


@given(st.lists(st.floats(width=32)), st.lists(st.floats(width=32)))
def test_numbers_of_single_precision_come_back_to_the_bit_whatever_there_is_besides(one, other):
    there = unpack(pack({"val_loss": one, "val_mae": other, "ü": [1 / 3]}))

    np.testing.assert_array_equal(there["val_loss"], np.array(one, dtype=np.float64))
    np.testing.assert_array_equal(there["val_mae"], np.array(other, dtype=np.float64))


@given(st.lists(st.floats()), st.lists(st.floats()))
def test_several_metrics_lose_no_more_than_single_precision_does(one, other):
    there = unpack(pack({"l2": one, "l1": other}))

    assert list(there) == ["l2", "l1"]
    np.testing.assert_allclose(there["l2"], np.array(one, dtype=np.float64), rtol=1e-6, atol=0)
    np.testing.assert_allclose(there["l1"], np.array(other, dtype=np.float64), rtol=1e-6, atol=0)


@pytest.mark.parametrize("n_iterations", [100, 300, 2000])
def test_a_hundred_iterations_take_less_than_a_kilobyte(n_iterations):
    kilobytes = n_iterations / 100 * 1000
    one, two = noisy(n_iterations), noisy(n_iterations, seed=1)

    assert len(pack({"l2": one})) < 0.8 * kilobytes
    assert len(pack({"l2": one, "l1": two})) < 0.8 * kilobytes
    assert len(pack({"val_loss": as_single(one)})) < 0.4 * kilobytes
    assert len(pack({"val_loss": as_single(one), "val_mae": as_single(two)})) < 0.8 * kilobytes


def test_a_fit_without_metrics_has_no_history():
    assert pack({}) is None
    assert unpack(pack({"l2": []}))["l2"].shape == (0,)


def packed(header, numbers=b""):
    return zlib.compress(header.encode() + b"\n" + numbers)


NO_HISTORIES = {
    "nothing": b"",
    "a pickle": pickle.dumps({"l2": [1.0]}),
    "a packed pickle": zlib.compress(pickle.dumps({"l2": [1.0]})),
    "cut off": pack({"l2": noisy(10)})[:-3],
    "no list": packed("3"),
    "a metric that is a number": packed('[[1, "<f8", 1]]', bytes(8)),
    "numbers of another kind": packed('[["l2", "|O8", 1]]', bytes(8)),
    "fewer than none": packed('[["l2", "<f8", -1]]', bytes(8)),
    "a yes for a count": packed('[["l2", "<f8", true]]', bytes(8)),
    "too few numbers": packed('[["l2", "<f8", 2]]', bytes(8)),
    "too many numbers": packed('[["l2", "<f8", 1]]', bytes(9)),
    "a huge count": packed(f'[["l2", "<f8", {10**30}]]', bytes(8)),
    "too deep": packed("[" * 100_000),
}


@pytest.mark.parametrize("content", NO_HISTORIES.values(), ids=NO_HISTORIES.keys())
def test_what_is_no_history_is_an_error(content):
    with pytest.raises(ValueError, match="this is no history"):
        unpack(content)


def test_a_history_that_is_made_to_fill_the_memory_is_not_read(monkeypatch):
    monkeypatch.setattr(_histories, "_LARGEST", 10_000)

    assert len(unpack(pack({"l2": np.zeros(1000)}))["l2"]) == 1000
    with pytest.raises(ValueError, match="more than 10000 bytes"):
        unpack(pack({"l2": np.zeros(5000)}))
