import importlib

import numpy as np
import pytest
import scipy.sparse

from multisearch.families.keras._rows import EpochRows, rows_of_fit, undisturbed

X = np.arange(22, dtype="float32").reshape(11, 2)
Y = np.arange(11, dtype="float32").reshape(11, 1)


@pytest.fixture(scope="module")
def keras():
    """Import Keras, which takes seconds."""
    return importlib.import_module("keras")


@pytest.fixture(autouse=True)
def seeded(keras):
    """Seed TensorFlow, as scikeras does before a fit."""
    import tensorflow as tf

    tf.random.set_seed(7)


def fed_by_keras(keras, **params):
    """Return the first column of all batches that Keras itself trains on, epoch by epoch."""
    import tensorflow as tf

    seen = []

    def keep(iterator):
        seen.append(np.asarray(next(iterator)[0])[:, 0])
        return {"loss": tf.constant(0.0)}

    model = keras.Sequential()
    model.compile()
    model.train_function = keep
    tf.random.set_seed(params.pop("seed"))
    model.fit(**params, verbose=0)
    return seen


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", [4, 11, 32])
def test_rows_come_in_the_order_in_which_keras_feeds_them(keras, shuffle, batch_size):
    params = {"x": X, "y": Y, "batch_size": batch_size, "shuffle": shuffle, "epochs": 3}
    rows, validation = rows_of_fit(params, 7)

    batches = fed_by_keras(keras, seed=7, **params)

    assert validation is None
    assert len(batches) == 3 * rows.n_steps
    np.testing.assert_array_equal(np.concatenate(batches), np.tile(np.asarray(rows.batches[0])[:, 0], 3))
    np.testing.assert_array_equal(np.asarray(rows.batches[0])[:, 0], 2 * np.asarray(rows.batches[1])[:, 0])


def test_rows_split_off_for_validation_are_the_last_ones_in_their_order():
    rows, validation = rows_of_fit({"x": X, "y": Y, "validation_split": 0.3, "epochs": 2, "batch_size": 5}, 1)

    assert sorted(np.asarray(rows.batches[1])[:, 0]) == list(range(7))
    assert list(np.asarray(validation.batches[1])[:, 0]) == [7, 8, 9, 10]


def test_weights_of_classes_become_weights_of_rows():
    labels = (Y[:, 0] > 4).astype("int64")
    rows, _ = rows_of_fit({"x": X, "y": labels, "class_weight": {0: 1.0, 1: 3.0}, "epochs": 2}, 1)

    _, y, weights = (np.asarray(part).ravel() for part in rows.batches)
    np.testing.assert_array_equal(weights, np.where(y == 1, 3.0, 1.0))


def test_without_a_seed_every_epoch_has_an_order_of_its_own():
    assert rows_of_fit({"x": X, "y": Y, "epochs": 2}, None) is None
    assert rows_of_fit({"x": X, "y": Y, "epochs": 2, "shuffle": False}, None) is not None


def test_only_dense_numbers_are_taken():
    assert rows_of_fit({"x": scipy.sparse.csr_matrix(X), "y": Y, "epochs": 2}, 1) is None
    assert rows_of_fit({"x": X, "y": Y.astype(str), "epochs": 2}, 1) is None


def test_an_epoch_has_a_step_for_what_is_left_over():
    assert EpochRows(X, 4).n_steps == 3
    assert EpochRows(X, 11).n_steps == 1


def test_looking_at_rows_leaves_the_generators_alone():
    np.random.seed(3)  # noqa: NPY002 - the generator that Keras models draw from
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    with undisturbed(5):
        np.random.rand()  # noqa: NPY002

    assert np.random.rand() == expected  # noqa: NPY002
