"""scikit-learn's forests, bagging and boosting: the first trees of a large ensemble are the small ensemble."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

from multisearch.families._base import Family, derives_from

_CLASSES = (
    "RandomForestClassifier",
    "RandomForestRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "BaggingClassifier",
    "BaggingRegressor",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "AdaBoostClassifier",
    "AdaBoostRegressor",
)
_NEEDED: Mapping[str, Any] = {"warm_start": False, "oob_score": False, "n_iter_no_change": None}
"""What keeps an ensemble's trees from knowing how many there will be, where it has such a parameter."""

_PER_MEMBER = ("estimators_", "estimators_features_", "estimator_weights_", "estimator_errors_", "train_score_")
"""Fitted attributes with one entry per member."""


class SklearnEnsembleFamily(Family):
    """``n_estimators`` of ensembles in ``sklearn.ensemble`` that add one member after the other."""

    name: str = "scikit-learn's ensembles"

    def handles(self, estimator: Any) -> bool:
        return derives_from(estimator, "sklearn", *_CLASSES)

    def path_parameter(self, estimator: Any, params: Mapping[str, Any]) -> str | None:
        if not _is_from_sklearn(estimator) or not isinstance(params["random_state"], Integral):
            return None
        if any(name in params and params[name] != value for name, value in _NEEDED.items()):
            return None
        inner = [params.get("estimator"), params.get("init")]
        if not all(one is None or isinstance(one, str) or _is_from_sklearn(one) for one in inner):
            return None
        if type(estimator).__name__.startswith("Bagging") and params["n_jobs"] not in {None, 1}:
            return None  # each thread adds up members of its own, so that sums depend on how many there are
        return "n_estimators"

    def truncate(self, estimator: Any, n_iterations: int) -> None:
        for name in _PER_MEMBER:
            if hasattr(estimator, name):
                setattr(estimator, name, getattr(estimator, name)[:n_iterations])
        if hasattr(estimator, "n_estimators_"):
            estimator.n_estimators_ = min(n_iterations, estimator.n_estimators_)
        estimator.set_params(n_estimators=n_iterations)


def _is_from_sklearn(estimator: Any) -> bool:
    """Say whether a class is scikit-learn's own: a subclass may do anything with its members."""
    return type(estimator).__module__.partition(".")[0] == "sklearn"
