import functools
import importlib
import inspect

import pytest

from multisearch.families.keras import _classes
from multisearch.families.keras._content import live_content
from multisearch.families.keras._reuse import content_of

# What a class cannot be made without
REQUIRED = {
    "Activation": {"activation": "relu"},
    "AveragePooling1D": {"pool_size": 2},
    "AveragePooling2D": {"pool_size": 2},
    "Conv1D": {"filters": 4, "kernel_size": 2},
    "Conv2D": {"filters": 4, "kernel_size": 2},
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 7},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 7},
    "Dense": {"units": 3},
    "DepthwiseConv2D": {"kernel_size": 2},
    "Embedding": {"input_dim": 5, "output_dim": 2},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9},
    "GroupNormalization": {"groups": 2},
    "InputLayer": {"shape": (4,)},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9},
    "IoU": {"num_classes": 2, "target_class_ids": (0,)},
    "LossScaleOptimizer": {"inner_optimizer": "sgd"},
    "MeanIoU": {"num_classes": 2},
    "MeanMetricWrapper": {"fn": "mean_squared_error"},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": (0,)},
    "OneHotMeanIoU": {"num_classes": 2},
    "Permute": {"dims": (1, 2)},
    "PiecewiseConstantDecay": {"boundaries": [3], "values": [0.1, 0.2]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 7},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "RepeatVector": {"n": 2},
    "Reshape": {"target_shape": (2, 2)},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SeparableConv1D": {"filters": 4, "kernel_size": 2},
    "SeparableConv2D": {"filters": 4, "kernel_size": 2},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    **{name: {"rate": 0.3} for name in ("Dropout", "AlphaDropout", "GaussianDropout", "SpatialDropout1D")},
    "SpatialDropout2D": {"rate": 0.3},
    "GaussianNoise": {"stddev": 0.3},
}

# A value that is not the default, by the name of the parameter
OTHER = {
    **dict.fromkeys(["alpha", "beta", "gamma", "delta", "q", "margin", "momentum", "rho"], 0.35),
    **dict.fromkeys(["epsilon", "epsilon_1", "epsilon_2", "negative_slope", "stddev", "mean", "maxval"], 0.15),
    **dict.fromkeys(["learning_rate", "initial_learning_rate", "end_learning_rate", "warmup_target"], 0.05),
    **dict.fromkeys(["clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "loss_scale_factor"], 0.7),
    **dict.fromkeys(["beta_1", "beta_2", "ema_momentum", "clip_threshold", "initial_accumulator_value"], 0.6),
    **dict.fromkeys(["l1", "l2", "factor", "rate", "gain", "scale_of_loss", "minval", "min_value"], 0.02),
    **dict.fromkeys(["l1_regularization_strength", "l2_regularization_strength"], 0.3),
    "l2_shrinkage_regularization_strength": 0.3,
    **dict.fromkeys(["adam_beta_1", "adam_beta_2", "adam_weight_decay", "adam_lr_ratio", "rms_rate"], 0.3),
    **dict.fromkeys(["muon_a", "muon_b", "muon_c"], 3.0),
    **dict.fromkeys(["decay_rate", "power", "t_mul", "m_mul"], 3.0),
    **dict.fromkeys(["decay_steps", "first_decay_steps", "warmup_steps", "ns_steps", "dynamic_growth_steps"], 9),
    **dict.fromkeys(["gradient_accumulation_steps", "ema_overwrite_frequency"], 4),
    **dict.fromkeys(["recall", "precision", "specificity", "sensitivity"], 0.25),
    **dict.fromkeys(["threshold", "thresholds", "label_smoothing"], 0.125),
    **dict.fromkeys(["use_ema", "amsgrad", "centered", "cycle", "staircase", "multi_label", "rms_scaling"], True),
    **dict.fromkeys(["keepdims", "mask_zero", "sparse", "renorm", "synchronized", "optional", "periodic"], True),
    **dict.fromkeys(["from_logits", "apply_class_balancing", "from_sorted_ids", "sparse_y_pred_other"], True),
    **dict.fromkeys(["center", "use_bias", "trainable", "autocast", "relative_step", "remove_diagonal"], False),
    **dict.fromkeys(["sparse_y_true", "exclude_embeddings"], False),
    **dict.fromkeys(["top_k", "class_id", "k", "ignore_class", "num_regressors", "num_labels", "seed"], 3),
    **dict.fromkeys(["units", "filters", "n", "depth_multiplier", "output_dim", "input_dim", "groups"], 8),
    **dict.fromkeys(["lora_rank", "lora_alpha", "num_thresholds", "num_classes", "batch_size"], 6),
    **dict.fromkeys(["kernel_size", "pool_size", "strides", "dilation_rate"], 3),
    "axis": 1,
    "name": "other",
    "dtype": "float64",
    "reduction": "sum",
    "padding": "same",
    "data_format": "channels_first",
    "activation": "tanh",
    "learning_rate_power": -0.25,
    "beta_2_decay": -0.5,
    "initial_scale": 4.0,
    "inner_optimizer": "adam",
    "exclude_layers": ["other"],
    "curve": "PR",
    "summation_method": "minoring",
    "average": "micro",
    "class_aggregation": "variance_weighted_average",
    "label_weights": [0.5, 0.5],
    "target_class_ids": (1,),
    "fn": "mean_absolute_error",
    "value": 0.5,
    "max_value": 3.0,
    "input_axes": [0],
    "output_axes": [1],
    "noise_shape": (None, 1),
    "renorm_clipping": {"rmax": 3.0},
    "renorm_momentum": 0.5,
    "shared_axes": [1],
    "dims": (2, 1),
    "target_shape": (4, 1),
    "shape": (5,),
    "batch_shape": (7, 4),
    "boundaries": [4],
    "values": [0.3, 0.4],
    "side": "imag",
    "window": "hamming",
    "scaling": "spectrum",
    "mode": "columns",
    "distribution": "uniform",
    "scale": 2.0,
}
for _part in ("kernel", "bias", "beta", "gamma", "depthwise", "pointwise", "embeddings", "alpha", "activity"):
    OTHER |= {f"{_part}_regularizer": "l2", f"{_part}_constraint": "non_neg", f"{_part}_initializer": "he_normal"}
OTHER |= {"bias_initializer": "ones", "beta_initializer": "ones", "gamma_initializer": "zeros"}
OTHER |= {"moving_mean_initializer": "ones", "moving_variance_initializer": "zeros"}
OTHER_OF_CLASS = {
    **{(name, "scale"): False for name in ("BatchNormalization", "LayerNormalization", "GroupNormalization")},
    **{(name, "groups"): 1 for name in ("GroupNormalization",)},
    **{(name, "groups"): 2 for name in ("Conv1D", "Conv2D")},
    **{(name, "sparse_y_pred"): False for name in ("IoU", "MeanIoU")},
    **{(name, "sparse_y_pred"): True for name in ("OneHotIoU", "OneHotMeanIoU")},
    **{(name, "strides"): 2 for name in ("Conv1D", "Conv2D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D")},
    **{(name, "nesterov"): value for name, value in {"SGD": True, "Muon": False}.items()},
    ("BinaryIoU", "target_class_ids"): (0,),
    ("AUC", "thresholds"): [0.0, 0.5, 1.0],
    ("MinMaxNorm", "rate"): 0.5,
    ("VarianceScaling", "mode"): "fan_out",
    ("UnitNormalization", "axis"): 1,
    ("InputLayer", "sparse"): True,
    ("Orthogonal", "gain"): 2.0,
}
# What the other value cannot be without
TOGETHER = {
    ("AUC", "num_labels"): {"multi_label": True},
    ("AUC", "label_weights"): {"multi_label": True, "num_labels": 2},
    ("InputLayer", "batch_shape"): {"shape": None},
    ("CosineDecay", "warmup_steps"): {"warmup_target": 0.5},
    **{(name, "ema_momentum"): {"use_ema": True} for name in ("SGD", "Adam")},
    **{(name, "data_format"): {"padding": "same"} for name in ("Conv1D", "Conv2D")},
}
# Why a parameter is left out
LEFT_OUT = {
    ("Identity", "gain"): "left out by an initializer's configuration; only values come from it, and they are copied",
    ("AUC", "multi_label"): "changes nothing until labels are counted, where num_labels tells it apart",
    ("Embedding", "weights"): "values of variables, which are copied",
    ("InputLayer", "ragged"): "no dense rows, which alone are taken",
    ("InputLayer", "input_tensor"): "a tensor, for which no fit has rows",
    **{(name, "quantization_config"): "only what quantize() is asked for later" for name in ("Dense", "Embedding")},
    **{(name, "lora_alpha"): "nothing without lora_rank, which is there" for name in ("Dense", "Embedding")},
}
OF_ALL_LAYERS = ["trainable", "dtype", "autocast", "name"]
ABSTRACT = {"Loss", "Metric", "Optimizer", "Regularizer", "Constraint", "Initializer", "LearningRateSchedule"}
# Optimizers made of others are made in another way, and are not known
ABSTRACT |= {"MultiOptimizer", "OptimizerMap"}
# Makes kernels of one shape only, which no layer that is listed has
ABSTRACT |= {"STFT"}


@pytest.fixture(scope="session")
def keras():
    """Import Keras, which takes seconds."""
    return importlib.import_module("keras")


def compiled(*layers, inputs=(4,), loss="mean_squared_error", optimizer="sgd", metrics=None):
    import keras

    first = [] if layers and isinstance(layers[0], keras.layers.InputLayer) else [keras.Input(inputs)]
    network = keras.Sequential([*first, *layers])
    network.compile(loss=loss, optimizer=optimizer, metrics=metrics)
    return network


def with_loss(loss):
    import keras

    return compiled(keras.layers.Dense(2), loss=loss)


def with_metric(metric):
    import keras

    return compiled(keras.layers.Dense(2), metrics=[metric])


def with_optimizer(optimizer):
    import keras

    return compiled(keras.layers.Dense(2), optimizer=optimizer)


def with_schedule(schedule):
    import keras

    return with_optimizer(keras.optimizers.Adam(schedule))


def with_part(name, part):
    import keras

    return compiled(keras.layers.Dense(2, **{name: part}))


def with_layer(layer):
    import keras

    kind = type(layer).__name__
    if isinstance(layer, keras.layers.Add | keras.layers.Subtract | keras.layers.Concatenate | _merging(keras)):
        inputs = keras.Input((4, 4))
        network = keras.Model(inputs, layer([keras.layers.ReLU()(inputs), keras.layers.ELU()(inputs)]))
        network.compile(loss="mean_squared_error", optimizer="sgd")
        return network
    flat = kind in ("Dense", "RepeatVector", "Embedding", "Reshape", "InputLayer")
    inputs = (4,) if flat else (8, 8, 4) if "2D" in kind else (8, 4)
    return compiled(layer, *([keras.layers.Dense(1)] if kind == "InputLayer" else []), inputs=inputs)


def _merging(keras):
    return keras.layers.Multiply | keras.layers.Average | keras.layers.Maximum | keras.layers.Minimum


BUILDERS = {
    "losses": with_loss,
    "metrics": with_metric,
    "optimizers": with_optimizer,
    "optimizers.schedules": with_schedule,
    "regularizers": functools.partial(with_part, "kernel_regularizer"),
    "constraints": functools.partial(with_part, "kernel_constraint"),
    "initializers": functools.partial(with_part, "kernel_initializer"),
    "layers": with_layer,
}


def classes_of(keras, kind):
    """Return all classes of a module of Keras' that can be made, but of layers those that are listed."""
    if kind == "layers":
        return sorted(_classes.layers(), key=lambda one: one.__name__)
    module = functools.reduce(getattr, kind.split("."), keras)
    found = {one for one in vars(module).values() if inspect.isclass(one) and one.__name__ not in ABSTRACT}
    return sorted(found, key=lambda one: one.__name__)


def arguments(keras, which, **given):
    """Return what a class is made with."""
    together = {**REQUIRED.get(which.__name__, {}), **given}
    if "fn" in together:
        together["fn"] = getattr(keras.losses, together["fn"])
    if "inner_optimizer" in together:
        together["inner_optimizer"] = keras.optimizers.get(together["inner_optimizer"])
    return {name: value for name, value in together.items() if value is not None}


def content(keras, kind, which, **given):
    keras.utils.clear_session(free_memory=False)  # Keras counts the names of some metrics, and histories go by them
    return content_of(BUILDERS[kind](which(**arguments(keras, which, **given))))


def parameters_of(kind, which):
    found = inspect.signature(which.__init__).parameters.values()
    named = [one.name for one in found if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD) and one.name != "self"]
    # What all layers take, shown with two
    return dict.fromkeys([*named, *(OF_ALL_LAYERS if which.__name__ in ("Dense", "Dropout") else [])])


@pytest.mark.slow
@pytest.mark.parametrize("kind", BUILDERS)
def test_equal_constructions_are_equal_and_every_argument_tells_them_apart(keras, kind):
    alike = []
    for which in classes_of(keras, kind):
        one, other = (content(keras, kind, which) for _ in range(2))
        assert one == other, which
        assert one is not None or which not in _classes.ignored_attributes(), which
        for name in parameters_of(kind, which):
            key = (which.__name__, name)
            if key in LEFT_OUT:
                continue
            value = OTHER_OF_CLASS[key] if key in OTHER_OF_CLASS else OTHER[name]
            together = TOGETHER.get(key, {})
            base = content(keras, kind, which, **together) if all(together.values()) and together else one
            changed = content(keras, kind, which, **together | {name: value})
            if changed == base is not None:
                alike.append(key)

    assert alike == []


def parts_of(model):
    """Return the objects of known classes that a model is made of, each once."""
    found, ahead = {}, [model]
    while ahead:
        thing = ahead.pop()
        if isinstance(thing, list | tuple | dict):
            ahead += thing.values() if isinstance(thing, dict) else thing
        elif type(thing) in _classes.ignored_attributes() and id(thing) not in found:
            found[id(thing)] = thing
            ignored = _classes.ignored_attributes()[type(thing)]
            ahead += [value for name, value in vars(thing).items() if name not in ignored]
    return list(found.values())


ANOTHER = {
    bool: lambda one: not one,
    int: lambda one: one + 1,
    float: lambda one: one / 2 + 0.1,
    str: lambda one: one + "x",
    type(None): lambda one: 3,
    list: lambda one: [*one, 3],
    tuple: lambda one: (*one, 3),
    dict: lambda one: one | {"more": 3},
}


def unseen_changes(keras, model, things):
    """Change every plain attribute of some parts, one after the other; yield those that the content does not show."""
    before = live_content(model)
    assert before is not None
    for thing in things:
        ignored = _classes.ignored_attributes()[type(thing)]
        for name, value in list(vars(thing).items()):
            used_up = isinstance(thing, keras.layers.Layer) and name.endswith("_initializer")
            if name in ignored or name.startswith("_self_") or used_up or type(value) not in ANOTHER:
                continue
            vars(thing)[name] = ANOTHER[type(value)](value)
            if live_content(model) == before:
                yield f"{type(thing).__name__}.{name}"
            vars(thing)[name] = value
    assert live_content(model) == before


def test_every_attribute_of_every_part_changed_later_tells_models_apart(keras):
    parts = {"kernel_regularizer": "l2", "kernel_constraint": "max_norm", "activity_regularizer": "l1"}
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.9)
    network = compiled(
        keras.layers.Dense(3, activation="relu", **parts),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3),
        loss=keras.losses.Huber(0.5),
        optimizer=keras.optimizers.SGD(schedule),
        metrics=[keras.metrics.RootMeanSquaredError(), keras.metrics.AUC()],
    )
    things = parts_of(network)

    assert {"Variable", "L2", "MaxNorm", "L1", "ExponentialDecay", "Huber", "AUC", "SeedGenerator"} <= {
        type(thing).__name__ for thing in things
    }
    assert list(unseen_changes(keras, network, things)) == []


@pytest.mark.parametrize("kind", BUILDERS)
def test_every_attribute_of_every_class_that_is_listed_tells_models_apart(keras, kind):
    unseen = []
    for which in set(classes_of(keras, kind)) & set(_classes.ignored_attributes()):
        model = BUILDERS[kind](which(**arguments(keras, which)))
        things = [thing for thing in parts_of(model) if type(thing) is which]
        assert things
        unseen += unseen_changes(keras, model, things)

    assert unseen == []
