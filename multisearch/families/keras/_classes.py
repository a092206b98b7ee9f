"""The classes of Keras' own that short cuts know: each exactly, and which of its attributes say nothing about it."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

# Whose whole state is in attributes and variables, and whose call does nothing but trace
_LAYERS = frozenset(
    [
        *("InputLayer", "Dense", "Embedding", "Flatten", "Reshape", "Permute", "RepeatVector", "Identity"),
        *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"),
        *("Dropout", "AlphaDropout", "GaussianNoise", "GaussianDropout", "SpatialDropout1D", "SpatialDropout2D"),
        *("BatchNormalization", "LayerNormalization", "UnitNormalization", "GroupNormalization"),
        "ActivityRegularization",
        *("Concatenate", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"),
        *("Conv1D", "Conv2D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
        *("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"),
        *("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D"),
    ]
)
_OPTIMIZERS = frozenset(["SGD", "RMSprop", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl", "Lion"])
_SCHEDULES = frozenset(
    [
        *("CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay"),
        *("PiecewiseConstantDecay", "PolynomialDecay"),
    ]
)
_LOSSES = frozenset(
    [
        *("MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError"),
        *("Huber", "LogCosh", "CosineSimilarity", "Poisson", "KLDivergence", "Hinge", "SquaredHinge"),
        *("CategoricalHinge", "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy"),
        *("CategoricalFocalCrossentropy", "SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy"),
        *("Dice", "Tversky"),
    ]
)
_METRICS = frozenset(
    [
        *("MeanSquaredError", "RootMeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError"),
        *("MeanSquaredLogarithmicError", "LogCoshError", "CosineSimilarity", "R2Score", "MeanMetricWrapper", "Mean"),
        *("ConcordanceCorrelation", "PearsonCorrelation", "Poisson", "KLDivergence", "Hinge", "SquaredHinge"),
        *("CategoricalHinge", "BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"),
        *("Accuracy", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy", "TopKCategoricalAccuracy"),
        *("SparseTopKCategoricalAccuracy", "AUC", "Precision", "Recall", "PrecisionAtRecall", "RecallAtPrecision"),
        *("SensitivityAtSpecificity", "SpecificityAtSensitivity", "F1Score", "FBetaScore"),
        *("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives"),
    ]
)
_REGULARIZERS = frozenset(["L1", "L2", "L1L2", "OrthogonalRegularizer"])
_CONSTRAINTS = frozenset(["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"])
# They read the logs of an epoch, write the values of variables, and stop after an epoch, never before its first batch
_CALLBACKS = frozenset(["EarlyStopping", "ReduceLROnPlateau", "History", "CSVLogger"])

# TensorFlow's for checkpoints, and Keras' for finding variables, which stand in the objects themselves
_TRACKING = frozenset(["_tracker", "_tracked"])
# Keras makes them up by counting; those that a user gave are in the configuration, and so is their order
_NAMES = frozenset(["name", "_name", "path", "_path", "_parent_path", "output_names"])
# What calls what is in the configuration; these hold numbers of objects, or lead to models of others
_TOPOLOGY = frozenset(
    ["_inbound_nodes", "_outbound_nodes", "_nodes", "_nodes_by_depth", "_operations_by_depth", "_keras_history"]
)
_LAYER_ONLY = frozenset(
    [
        "_auto_config",  # arguments as the constructor got them; what they became is there
        "_loss_ids",  # numbers of objects
        *("_saved_model_inputs_spec", "_saved_model_arg_spec"),  # for exporting
    ]
)
_LAYER = _TRACKING | _NAMES | _TOPOLOGY | _LAYER_ONLY

_CONTAINERS = {
    "list": [
        ("builtins", "list"),
        ("keras.src.utils.tracking", "TrackedList"),
        ("tensorflow.python.trackable.data_structures", "ListWrapper"),
    ],
    "tuple": [("builtins", "tuple"), ("tensorflow.python.trackable.data_structures", "_TupleWrapper")],
    "dict": [
        ("builtins", "dict"),
        ("collections", "OrderedDict"),
        ("keras.src.utils.tracking", "TrackedDict"),
        ("keras.src.utils.tracking", "TrackedOrderedDict"),
        ("tensorflow.python.trackable.data_structures", "_DictWrapper"),
    ],
    "set": [("builtins", "set"), ("builtins", "frozenset"), ("keras.src.utils.tracking", "TrackedSet")],
}


def named(module: str, qualname: str) -> Any:
    """Return what a module that is imported has under a name; None where there is none."""
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


@lru_cache(maxsize=1)
def containers() -> dict[type, str]:
    """Return the collections whose content is all that they are, by exact class, with their kind."""
    found = {kind: [named(*name) for name in names] for kind, names in _CONTAINERS.items()}
    return {which: kind for kind, classes in found.items() for which in classes if which is not None}


@lru_cache(maxsize=1)
def layers() -> frozenset[type]:
    """Return the layers that are known."""
    import keras

    return _classes(keras.layers, _LAYERS)


@lru_cache(maxsize=1)
def optimizers() -> frozenset[type]:
    """Return the optimizers that are known."""
    import keras

    return _classes(keras.optimizers, _OPTIMIZERS)


@lru_cache(maxsize=1)
def models() -> frozenset[type]:
    """Return the kinds of models that are known."""
    import keras

    return frozenset([keras.Sequential, named("keras.src.models.functional", "Functional")]) - {None}


@lru_cache(maxsize=1)
def callbacks() -> frozenset[type]:
    """Return the callbacks that look at whole epochs, and change nothing that a network is traced from."""
    import keras

    return _classes(keras.callbacks, _CALLBACKS)


@lru_cache(maxsize=1)
def compiled() -> frozenset[type]:
    """Return what Keras makes of losses and metrics in ``compile``, which finds them by their names later."""
    names = ("CompileLoss", "CompileMetrics")
    return frozenset(named("keras.src.trainers.compile_utils", name) for name in names) - {None}


@lru_cache(maxsize=1)
def values() -> frozenset[type]:
    """Return the classes of objects without a state: two equal ones are as good as one."""
    import keras

    return (
        _classes(keras.losses, _LOSSES)
        | _classes(keras.regularizers, _REGULARIZERS)
        | _classes(keras.constraints, _CONSTRAINTS)
        | _classes(keras.optimizers.schedules, _SCHEDULES)
        | _classes(keras, frozenset(["DTypePolicy", "InputSpec"]))
    )


@lru_cache(maxsize=1)
def variables() -> frozenset[type]:
    """Return the classes of variables; in older versions layers have another one than is public."""
    import keras

    return frozenset([keras.Variable, named("keras.src.backend.tensorflow.core", "Variable")]) - {None}


@lru_cache(maxsize=1)
def ignored_attributes() -> dict[type, frozenset[str]]:
    """Return all classes of objects that are known, with the attributes that say nothing about one of them."""
    import keras

    nothing: frozenset[str] = frozenset()
    groups = [
        (models() | layers(), _LAYER),
        (optimizers(), _TRACKING | {"name"}),
        (compiled(), _TRACKING | {"output_names"}),
        # Histories go by the names of metrics
        (_classes(keras.metrics, _METRICS), _TRACKING),
        (values(), nothing),
        (_classes(keras, frozenset(["KerasTensor"])) | variables(), _NAMES | _TOPOLOGY),
        (_classes(keras.random, frozenset(["SeedGenerator"])), frozenset(["name"])),
        (callbacks(), frozenset(["_model", "params"])),  # every training gives them anew
        (frozenset([named("keras.src.saving.serialization_lib", "SerializableDict")]) - {None}, nothing),
    ]
    return {which: ignored for classes, ignored in groups for which in classes}


def _classes(module: Any, names: frozenset[str]) -> frozenset[type]:
    """Return what a module of Keras has of some classes; older versions have fewer."""
    return frozenset(getattr(module, name) for name in names if isinstance(getattr(module, name, None), type))
