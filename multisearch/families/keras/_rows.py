"""The rows of a Keras fit as Keras itself would feed them: its casts, its weights, its split, its order."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_MOST_ORDERS = 8
_orders: OrderedDict[tuple[Any, ...], _Order] = OrderedDict()


@dataclass(frozen=True, slots=True)
class EpochRows:
    """The rows of every epoch, or of every validation.

    Attributes
    ----------
    batches : nested structure of tensors, each of shape (n_rows, ...)
        What a batch holds (X, y and perhaps weights), for all rows in the order in which batches take them.
    batch_size : int
        Rows of a batch; the last one may have fewer.
    """

    batches: Any
    batch_size: int

    @property
    def n_rows(self) -> int:
        return int(_leaves(self.batches)[0].shape[0])

    @property
    def n_steps(self) -> int:
        return -(-self.n_rows // self.batch_size)


@dataclass(frozen=True, slots=True)
class _Order:
    """The numbers of the rows in the order of an epoch, and whether it is that of every epoch."""

    numbers: npt.NDArray[np.int64]
    in_every_epoch: bool


def rows_of_fit(params: Mapping[str, Any], seed: int | None) -> tuple[EpochRows, EpochRows | None] | None:
    """Return the rows that a ``fit`` with these parameters trains on in every epoch, and those it validates on.

    Return None where epochs differ, as they do without a seed, or where the rows are no dense arrays. Keras draws one
    order and comes back to it in every epoch if TensorFlow has a seed; this is looked at, not taken for granted.
    """
    given = (params["x"], params.get("y"), params.get("sample_weight"), params.get("validation_data"))
    shuffle = params.get("shuffle", True)
    if (seed is None and shuffle) or not all(_is_dense(leaf) for leaf in _leaves(given)):
        return None
    batch_size = params.get("batch_size") or 32
    with undisturbed(seed):
        training, validation = _as_fed(params)
        if training is None:
            return None
        n_rows = len(_leaves(training)[0])
        order = _order_of(n_rows, batch_size, shuffle, seed)
    if not order.in_every_epoch or len(order.numbers) != n_rows:
        return None
    rows = EpochRows(_taken(training, order.numbers), batch_size)
    if validation is None:
        return rows, None
    return rows, EpochRows(validation, params.get("validation_batch_size") or batch_size)


def _leaves(structure: Any) -> list[Any]:
    import tensorflow as tf

    return [leaf for leaf in tf.nest.flatten(structure) if leaf is not None]


def _taken(structure: Any, numbers: npt.NDArray[np.int64]) -> Any:
    import tensorflow as tf

    return tf.nest.map_structure(lambda rows: tf.gather(rows, numbers), structure)


def _is_dense(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.ndim > 0 and leaf.dtype.kind in "fiub"


@contextmanager
def undisturbed(seed: int | None) -> Iterator[None]:
    """Leave the seeds to the fit that follows as scikeras has set them for it."""
    import tensorflow as tf

    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - the state that Keras models draw from
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        if seed is not None:
            tf.random.set_seed(seed)


def _as_fed(params: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return all rows to train on and to validate on, each as one batch of Keras' making."""
    names = ("x", "y", "sample_weight", "class_weight", "validation_split", "validation_data")
    size = max(len(leaf) for leaf in _leaves((params["x"], params.get("validation_data"))))
    fed = _fed(
        {name: params[name] for name in names if name in params}
        | {"batch_size": size, "validation_batch_size": size, "shuffle": False, "epochs": 1}
    )
    if len(fed.training) != 1 or len(fed.validation) > 1:
        return None, None
    return fed.training[0], fed.validation[0] if fed.validation else None


def _order_of(n_rows: int, batch_size: int, shuffle: Any, seed: int | None) -> _Order:
    """Return the order of rows in the first of two epochs, and whether the second has the same."""
    key = (n_rows, batch_size, shuffle, seed)
    known = _orders.pop(key, None)
    if known is None:
        # The adapter draws the order from the number of rows alone
        fed = _fed({"x": np.arange(n_rows), "batch_size": batch_size, "shuffle": shuffle, "epochs": 2})
        numbers = np.concatenate([_leaves(batch)[0].numpy() for batch in fed.training]).reshape(2, -1)
        known = _Order(numbers[0], bool(np.array_equal(numbers[0], numbers[1])))
    _orders[key] = known
    while len(_orders) > _MOST_ORDERS:
        _orders.popitem(last=False)
    return known


class _Fed:
    """The batches that a fit has been fed with."""

    def __init__(self) -> None:
        self.training: list[Any] = []
        self.validation: list[Any] = []


def _fed(params: Mapping[str, Any]) -> _Fed:
    """Fit a model that does nothing but keep its batches."""
    import keras
    import tensorflow as tf

    fed = _Fed()

    def keeper(batches: list[Any]) -> Callable[[Any], dict[str, Any]]:
        def keep(iterator: Any) -> dict[str, Any]:
            batches.append(next(iterator))
            return {"loss": tf.constant(0.0)}

        return keep

    # With names of its own, since those that Keras counts up decide on the last bit of other models
    model = keras.Sequential(name="keeper")
    model.compile(keras.optimizers.SGD(name="idle"))
    model.train_function, model.test_function = keeper(fed.training), keeper(fed.validation)
    model.fit(**params, verbose=0)
    return fed
