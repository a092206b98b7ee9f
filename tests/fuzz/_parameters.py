"""Values for parameters of scikit-learn's estimators, by what the estimators themselves say that they accept."""

import inspect
from numbers import Integral

import numpy as np
from hypothesis import strategies as st
from sklearn.utils._param_validation import Hidden, Interval, Options, StrOptions

_NEVER = {
    "random_state", "n_jobs", "verbose", "memory", "warm_start", "max_iter", "n_init", "hidden_layer_sizes", "tol",
    "max_no_improvement", "cv", "sparse_output", "validation_fraction", "n_iter", "cache_size", "n_quantiles",
}  # fmt: skip
"""What makes fits slow or never reproducible, or what others set."""

_WHOLE = (1, 2, 3, 5, 0)
_REAL = (0.5, 0.1, 1.0, 2.0, 0.9, 1e-3, 0.0, 10.0)

SMALL = {
    "n_estimators": 4,
    "max_iter": 15,
    "hidden_layer_sizes": (4,),
    "n_init": 1,
    "n_quantiles": 10,
    "cv": 2,
    "n_iter": 5,
    "max_n_alphas": 20,
    "n_resampling": 2,
}
"""What keeps fits short, where an estimator has it."""


def _values(constraint):
    if constraint is None:
        return [None]
    if constraint is bool or (isinstance(constraint, str) and constraint == "boolean"):
        return [False, True]
    if isinstance(constraint, Interval):
        some = _WHOLE if constraint.type is Integral else _REAL
        return [value for value in some if value in constraint]
    if isinstance(constraint, StrOptions | Options) and not isinstance(constraint, Hidden):
        return sorted((one for one in constraint.options if not _is_nan(one)), key=repr)
    return []


def _is_nan(value):
    return isinstance(value, float) and np.isnan(value)


def values_by_parameter(estimator):
    """Return the values that may be tried for each parameter of an estimator (or of its class)."""
    constraints = getattr(estimator, "_parameter_constraints", {})
    found = {
        name: [value for one in allowed for value in _values(one)]
        for name, allowed in sorted(constraints.items())
        if name not in _NEVER and not isinstance(allowed, str)
    }
    return {name: values for name, values in found.items() if len(values) > 1}


def stands_alone(estimator_class):
    """Say whether a class needs no other estimator."""
    return not any(
        parameter.default is parameter.empty
        for name, parameter in inspect.signature(estimator_class).parameters.items()
        if name not in {"args", "kwargs"}
    )


@st.composite
def instances(draw, estimator_class):
    """Draw an estimator that is small and seeded, with some parameters unlike their defaults."""
    known = estimator_class().get_params()
    given = {name: value for name, value in SMALL.items() if name in known}
    values = values_by_parameter(estimator_class)
    for name in draw(st.lists(st.sampled_from(sorted(values)), max_size=2, unique=True)) if values else ():
        given[name] = draw(st.sampled_from(values[name]))
    if "random_state" in known:
        given["random_state"] = draw(st.sampled_from([0, 1, 0, 2]))
    return estimator_class(**given)
