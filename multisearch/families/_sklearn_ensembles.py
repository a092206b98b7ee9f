"""scikit-learn's forests, bagging and boosting: the first trees of a large ensemble are the small ensemble."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from multisearch.families._base import Family, derives_from
from multisearch.families._known import is_exactly, is_fixed_seed, is_known, is_plain_data, sets_only

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
_HARMLESS = frozenset(
    {
        *(
            "n_estimators",
            "criterion",
            "max_depth",
            "min_samples_split",
            "min_samples_leaf",
            "min_weight_fraction_leaf",
        ),
        *("max_features", "max_leaf_nodes", "min_impurity_decrease", "bootstrap", "max_samples", "class_weight"),
        *("ccp_alpha", "monotonic_cst", "random_state", "n_jobs", "verbose"),
        *("bootstrap_features", "loss", "learning_rate", "subsample", "alpha", "validation_fraction", "tol"),
    }
)
"""Parameters that let no member know how many there will be, as long as they are numbers and words."""

_PER_MEMBER = ("estimators_", "estimators_features_", "estimator_weights_", "estimator_errors_", "train_score_")
"""Fitted attributes with one entry per member."""


class SklearnEnsembleFamily(Family):
    """``n_estimators`` of ensembles in ``sklearn.ensemble`` that add one member after the other."""

    name: str = "scikit-learn's ensembles"

    def handles(self, estimator: Any) -> bool:
        return derives_from(estimator, "sklearn", *_CLASSES)

    def path_parameter(self, estimator: Any, params: Mapping[str, Any]) -> str | None:
        if not is_exactly(estimator, "sklearn", *_CLASSES) or not is_fixed_seed(params["random_state"]):
            return None
        inner = {name: params[name] for name in ("estimator", "init") if name in params}
        if not sets_only(estimator, {name: params[name] for name in params if name not in inner}, _HARMLESS):
            return None
        if not _is_seeded_by_its_ensemble(inner.get("estimator")) or not _is_repeatable(inner.get("init")):
            return None
        if type(estimator).__name__.startswith("Bagging") and params["n_jobs"] not in (None, 1):
            return None  # each thread adds up members of its own, so that sums depend on how many there are
        return "n_estimators"

    def truncate(self, estimator: Any, n_iterations: int) -> None:
        for name in _PER_MEMBER:
            if hasattr(estimator, name):
                setattr(estimator, name, getattr(estimator, name)[:n_iterations])
        if hasattr(estimator, "n_estimators_"):
            estimator.n_estimators_ = min(n_iterations, estimator.n_estimators_)
        estimator.set_params(n_estimators=n_iterations)


def _is_seeded_by_its_ensemble(member: Any) -> bool:
    """Say whether members depend on nothing but the ensemble's seed, which sets a member's own ``random_state``."""
    return member is None or (
        type(member).__module__.startswith("sklearn.")
        and is_known(member)
        and is_plain_data(member.get_params(deep=False))
    )


def _is_repeatable(first: Any) -> bool:
    """Say whether what gradient boosting begins with is the same in every fit; nobody gives it a seed."""
    if isinstance(first, str):
        return True
    return _is_seeded_by_its_ensemble(first) and (
        not hasattr(first, "random_state") or is_fixed_seed(first.random_state)
    )
