"""What an estimator is made of: its kind, its last step, and the steps that may be taken apart."""

from __future__ import annotations

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
    return isinstance(estimator, Pipeline) and type(estimator).fit is Pipeline.fit


def last_step(estimator: Any) -> Any:
    """Return the model at the end of a plain Pipeline, or the estimator itself."""
    return estimator.steps[-1][1] if is_plain_pipeline(estimator) else estimator


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
