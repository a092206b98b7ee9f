"""What an estimator is made of: its kind, its last step, and the steps that may be taken apart."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from sklearn.base import ClassifierMixin, ClusterMixin, OutlierMixin, RegressorMixin
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

_KIND_BY_MIXIN = {
    ClassifierMixin: "classifier",
    RegressorMixin: "regressor",
    ClusterMixin: "clusterer",
    OutlierMixin: "outlier_detector",
}


def is_plain_pipeline(estimator: Any) -> bool:
    """Say whether an estimator is a Pipeline that scikit-learn itself fits, and that may so be taken apart.

    A subclass with a ``fit`` of its own (imbalanced-learn's resamples rows, for one) is fitted as a whole.
    """
    return isinstance(estimator, Pipeline) and _fits_as(estimator, Pipeline)


def is_resampling_pipeline(estimator: Any) -> bool:
    """Say whether an estimator is imbalanced-learn's Pipeline, whose samplers change the rows that it is fitted on.

    It is fitted as a whole; its last step is a model as in any other Pipeline.
    """
    module = sys.modules.get("imblearn.pipeline")
    return module is not None and isinstance(estimator, module.Pipeline) and _fits_as(estimator, module.Pipeline)


def _fits_as(estimator: Any, kind: type) -> bool:
    return getattr(type(estimator), "fit", None) is getattr(kind, "fit", None)


def has_last_step(estimator: Any) -> bool:
    """Say whether an estimator is a Pipeline whose last step is a model that can be told from all the rest."""
    return is_plain_pipeline(estimator) or is_resampling_pipeline(estimator)


def last_step(estimator: Any) -> Any:
    """Return the model at the end of a Pipeline, or the estimator itself."""
    return estimator.steps[-1][1] if has_last_step(estimator) else estimator


def prefix_of_last_step(estimator: Any) -> str:
    """Return what the names of the last step's parameters begin with; nothing where the estimator is the model."""
    return f"{estimator.steps[-1][0]}__" if has_last_step(estimator) else ""


def without_sampling(pipeline: Any, X: Any) -> Any:
    """Pass rows through the fitted transformers of imbalanced-learn's Pipeline, whose samplers leave them alone."""
    for _, step in pipeline.steps[:-1]:
        if step is not None and not _is_passthrough(step) and not hasattr(step, "fit_resample"):
            X = step.transform(X)
    return X


def active_steps(estimator: Any, params: Mapping[str, Any] | None = None) -> list[tuple[str, Any]]:
    """Return the transformers of a plain Pipeline that do something, in order; none for any other estimator.

    ``params`` may replace whole steps by their names, as they would in ``set_params``.
    """
    if not is_plain_pipeline(estimator):
        return []
    steps = [(name, (params or {}).get(name, step)) for name, step in estimator.steps[:-1]]
    return [(name, step) for name, step in steps if step is not None and not _is_passthrough(step)]


def _is_passthrough(step: Any) -> bool:
    return isinstance(step, str) and step == "passthrough"


def kind_of(estimator: Any) -> str | None:
    """Return "classifier", "regressor", "clusterer" or another of scikit-learn's kinds; None where it has none.

    Some libraries derive from scikit-learn's mixins without announcing it in their tags (scikeras up to 0.13, with
    scikit-learn 1.7 and newer); there the mixin decides.
    """
    announced: str | None = get_tags(estimator).estimator_type
    if announced is not None:
        return announced
    while is_plain_pipeline(estimator):
        estimator = last_step(estimator)
    return next((kind for mixin, kind in _KIND_BY_MIXIN.items() if isinstance(estimator, mixin)), None)
