"""An epoch of a Keras model in one call of TensorFlow: the rows in memory, the batches cut inside its graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from multisearch._records import KERAS_EPOCHS
from multisearch.families.keras import _classes
from multisearch.families.keras._callbacks import look_at_whole_epochs
from multisearch.families.keras._content import live_content
from multisearch.families.keras._rows import EpochRows, rows_of_fit

_FIT_PARAMETERS = {
    *("x", "y", "sample_weight", "class_weight", "batch_size", "shuffle"),
    *("validation_data", "validation_split", "validation_batch_size", "validation_freq"),
    *("epochs", "initial_epoch", "callbacks", "verbose"),
}


class EpochFunctions:
    """What trains and validates a model for a whole epoch at once, in the steps that Keras itself has traced.

    Parameters
    ----------
    model : keras.Model
        A compiled model for which `suits` holds.
    """

    def __init__(self, model: Any) -> None:
        model.make_train_function()
        model.make_test_function()
        self._train_step = model.train_function
        self._test_step = model.test_function
        self._traced: dict[tuple[Any, ...], Callable[[Any], Any]] = {}

    def fit(self, model: Any, params: Mapping[str, Any], rows: tuple[EpochRows, EpochRows | None]) -> Any:
        """Do what ``model.fit(**params)`` does, on rows prepared by `rows_of_fit`; return its history."""
        import keras

        training, validation = rows
        epochs, verbose = params.get("epochs", 1), params.get("verbose", "auto")
        # As fit itself would make it, but for the number of steps, which it would take from the placeholder
        callbacks = keras.callbacks.CallbackList(
            params.get("callbacks"),
            add_history=True,
            add_progbar=verbose != 0,
            verbose=verbose,
            epochs=epochs,
            steps=training.n_steps,
            model=model,
        )
        kept = {name: params[name] for name in ("epochs", "initial_epoch", "validation_freq") if name in params}
        model.train_function = self._whole(self._train_step, training)
        if validation is not None:
            model.test_function = self._whole(self._test_step, validation)
            kept["validation_data"] = _placeholder()
        try:
            return type(model).fit(model, _placeholder(), callbacks=callbacks, verbose=verbose, shuffle=False, **kept)
        finally:
            model.train_function, model.test_function = self._train_step, self._test_step

    def _whole(self, step: Callable[[Any], Any], rows: EpochRows) -> Callable[[Any], Any]:
        """Return a function that does all steps for the placeholder, and those it is asked for on other batches."""
        import tensorflow as tf

        specs = tf.nest.map_structure(lambda leaf: tf.TensorSpec([None, *leaf.shape[1:]], leaf.dtype), rows.batches)
        # Keras knows the size of its batches where all have the same
        static_size = rows.batch_size if rows.n_rows % rows.batch_size == 0 else None
        key = (step is self._train_step, rows.batch_size, static_size, repr(specs))
        if key not in self._traced:
            self._traced[key] = _all_steps(step, specs, rows.batch_size, static_size)
        run = self._traced[key]
        placeholder = _placeholder().element_spec

        def function(iterator: Any) -> Any:
            # A callback of the user's may well evaluate or train the model on other rows
            if getattr(iterator, "element_spec", None) != placeholder:
                return step(iterator)
            return run(rows.batches)

        return function


def _placeholder() -> Any:
    """Stand in for the rows in Keras' loop over epochs, of which each has one step."""
    import tensorflow as tf

    return tf.data.Dataset.from_tensors(tf.constant("an epoch"))


def _all_steps(
    step: Callable[[Any], Any], specs: Any, batch_size: int, static_size: int | None
) -> Callable[[Any], Any]:
    """Trace the loop over an epoch's batches; it returns what its last step does."""
    import tensorflow as tf

    def batch_spec(spec: Any) -> Any:
        return tf.TensorSpec([static_size, *spec.shape[1:]], spec.dtype)

    def one_step(batch: Any) -> Any:
        def batches() -> Iterator[Any]:  # a generator, as Keras' train_on_batch has it
            yield batch

        return step(batches())

    def run(batches: Any) -> Any:
        def cut(rows: Any, start: Any) -> Any:
            batch = rows[start : start + batch_size]
            batch.set_shape([static_size, *rows.shape[1:]])
            return batch

        def body(number: Any, _: Any) -> Any:
            batch = tf.nest.map_structure(lambda rows: cut(rows, number * batch_size), batches)
            return number + 1, one_step(batch)

        n_rows = tf.shape(tf.nest.flatten(batches)[0])[0]
        n_steps = (n_rows + batch_size - 1) // batch_size
        # One body only, in which a random operation goes on where it was the step before, as it does in Keras' loop
        _, logs = tf.while_loop(lambda number, _: number < n_steps, body, (0, nothing), parallel_iterations=1)
        return logs

    traced = tf.function(one_step, autograph=False).get_concrete_function(tf.nest.map_structure(batch_spec, specs))
    nothing = tf.nest.map_structure(lambda log: tf.zeros(log.shape, log.dtype), traced.structured_outputs)
    whole: Callable[[Any], Any] = tf.function(run, input_signature=[specs], autograph=False)
    return whole


def suits(model: Any) -> bool:
    """Say whether epochs of a compiled model can be run at once: Keras' own loop over steps of one graph.

    All that the model is made of has to be known, since code of the user's may do more than to add to a graph.
    """
    import keras
    import tensorflow as tf

    return (
        keras.backend.backend() == "tensorflow"
        and type(model) in _classes.models()
        and model.compiled
        and model.train_function is model.test_function is None
        and model.steps_per_execution == 1  # Keras 3.5 drops what an epoch leaves over
        and not model.run_eagerly
        and not model.jit_compile  # compiled step by step, a loop around it might be compiled in another way
        and not tf.config.functions_run_eagerly()
        and not tf.distribute.has_strategy()
        and keras.distribution.distribution() is None
        and not _limits_training(keras.config)
        and live_content(model) is not None
    )


def _limits_training(config: Any) -> bool:
    """Say whether Keras is told to do fewer steps or epochs than it is asked for; old versions cannot be."""
    limits = [getattr(config, name, None) for name in ("max_epochs", "max_steps_per_epoch")]
    return any(limit is not None and limit() is not None for limit in limits)


def _can_run_at_once(params: Mapping[str, Any]) -> bool:
    """Say whether nothing in a fit looks at single batches, or has epochs of another kind."""
    asked = {name for name, value in params.items() if value is not None}
    return (
        asked <= _FIT_PARAMETERS
        and params.get("epochs", 1) - params.get("initial_epoch", 0) > 1  # one epoch is not worth the preparation
        and look_at_whole_epochs(params.get("callbacks"))
    )


Lender = Callable[[Any, int | None], AbstractContextManager[tuple[Any, EpochFunctions | None]]]


@contextmanager
def whole_epochs(model: Any, seed: int | None, network_for: Lender | None = None) -> Iterator[set[str]]:
    """Let the next ``fit`` of a compiled model run its epochs at once, where that changes nothing.

    Parameters
    ----------
    model : keras.Model
        A compiled model. Nothing stays on it when the context ends.
    seed : int or None
        What TensorFlow is seeded with during the fit.
    network_for : callable, optional
        Takes model and seed; returns a context with the model to train in its place, and its functions.

    Yields
    ------
    set of str
        Holds `KERAS_EPOCHS` as soon as epochs are run at once.
    """
    taken: set[str] = set()
    if not suits(model):
        yield taken
        return

    def fit(**params: Any) -> Any:
        del vars(model)["fit"]
        rows = rows_of_fit(params, seed) if _can_run_at_once(params) else None
        if rows is None:
            return model.fit(**params)
        taken.add(KERAS_EPOCHS)
        if network_for is None:
            return EpochFunctions(model).fit(model, params, rows)
        with network_for(model, seed) as (network, functions):
            history = (functions or EpochFunctions(network)).fit(network, params, rows)
        model.history = history
        return history

    vars(model)["fit"] = fit
    try:
        yield taken
    finally:
        vars(model).pop("fit", None)
