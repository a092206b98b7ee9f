"""Models that learn in rounds or epochs, wherever in an estimator they are: those that one may expect to stop early."""

from __future__ import annotations

from typing import Any

from multisearch.families._base import derives_from
from multisearch.families._find import family_of

_OWN_STOPPING = "n_iter_no_change"
"""What scikit-learn's models that can stop early by themselves call their patience."""


def iterative_models_in(estimator: Any) -> list[Any]:
    """Return the models in an estimator, itself included, that gain from early stopping; the outer ones first.

    These are boosted trees, networks, and whatever has early stopping of its own under scikit-learn's name for it.
    """
    if _is_iterative(estimator):
        return [estimator]
    return [part for part in _parts(estimator).values() if hasattr(part, "fit") and _is_iterative(part)]


def _is_iterative(model: Any) -> bool:
    family = family_of(model)
    if family is not None and family.stops_early:
        return family.stops(model)
    return derives_from(model, "catboost", "CatBoost") or _OWN_STOPPING in _parts(model, deep=False)


def _parts(estimator: Any, *, deep: bool = True) -> dict[str, Any]:
    if isinstance(estimator, type) or not hasattr(estimator, "get_params"):
        return {}
    return dict(estimator.get_params(deep=deep))
