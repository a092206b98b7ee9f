"""What ``fit(X, y, **params)`` hands to whom: estimators, splitter and scorers."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from multisearch._lazy import is_lazy
from multisearch._sklearn_compat import (
    MultimetricScorer,
    check_method_params,
    count_rows,
    multimetric_scorers,
    routing_enabled,
    weighs_samples,
)
from multisearch.families import last_step, prefix_of_last_step


@dataclass(frozen=True, slots=True)
class FitParams:
    """The parameters of ``fit``, by estimator name, for the splitter, and for each estimator's scorer."""

    fit: Mapping[str, Mapping[str, Any]]
    split: Mapping[str, Any]
    score: Mapping[str, Mapping[str, Any]]


def route(
    owner: Any, X: Any, estimators: Mapping[str, Any], scorers: Mapping[str, Any], params: Mapping[str, Any]
) -> FitParams:
    """Hand the parameters of ``fit`` to estimators, splitter and scorers.

    With metadata routing enabled, whoever requested a parameter gets it. Without, ``groups`` goes to the splitter,
    ``sample_weight`` to every estimator's last step, ``<name>__<param>`` to the estimator of that name, and all else to
    every estimator as it is.

    Raises
    ------
    TypeError
        Where an estimator's last step takes no ``sample_weight``, or (with routing) nobody asked for a parameter.
    ValueError
        Where there is not one weight per row.
    """
    shared: dict[str, Any] = check_method_params(X, params=dict(params))
    if routing_enabled():
        routed = process_routing(owner, "fit", **shared)
        return FitParams(
            fit={name: routed[name].fit for name in estimators},
            split=routed.splitter.split,
            score={name: routed[scorer_route(name)].score for name in estimators},
        )
    groups = shared.pop("groups", None)
    weights = shared.pop("sample_weight", None)
    own = {f"{name}__": name for name in estimators}
    fit: dict[str, dict[str, Any]] = {name: {} for name in estimators}
    for key, value in shared.items():
        prefix, separator, rest = key.partition("__")
        for name in [own[prefix + separator]] if prefix + separator in own else estimators:
            fit[name][rest if prefix + separator in own else key] = value
    score: dict[str, dict[str, Any]] = {name: {} for name in estimators}
    if weights is not None:
        _check_weights(weights, count_rows(X))
        for name, estimator in estimators.items():
            fit[name].update(_weights_of_last_step(name, estimator, weights))
        for name in _weighted(scorers):
            score[name]["sample_weight"] = weights
    return FitParams(fit, {"groups": groups}, score)


def route_to_scorer(owner: Any, name: str, scorer: Any, X: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the parameters of ``score`` goes to the scorer of one estimator.

    With metadata routing enabled, what it requested; without, ``sample_weight``, if it takes any.

    Raises
    ------
    ValueError
        Where a parameter needs metadata routing, or there is not one weight per row.
    """
    if routing_enabled():
        requested: dict[str, Any] = process_routing(owner, "score", **params)[scorer_route(name)].score
        return requested
    weights = params.get("sample_weight")
    others = [other for other in params if other != "sample_weight"]
    if others:
        raise ValueError(
            f"Passing [{', '.join(others)}] to score is only supported if metadata routing is enabled, with "
            "sklearn.set_config(enable_metadata_routing=True)"
        )
    if weights is None:
        return {}
    if without := _without_weights(scorer):
        told = f"The scoring {without.pop()} does not support sample_weight, so that this score is not weighted."
        warnings.warn(told, UserWarning, stacklevel=3)
        return {}
    if not (is_lazy(X) or is_lazy(weights)):
        _check_weights(weights, count_rows(X))
    return {"sample_weight": weights}


def _check_weights(weights: Any, n_rows: int) -> None:
    n_weights = n_rows if np.ndim(weights) == 0 else count_rows(weights)
    if n_weights != n_rows:
        raise ValueError(f"sample_weight has {n_weights} entries, but X has {n_rows} rows; give one weight per row")


def _weights_of_last_step(name: str, estimator: Any, weights: Any) -> dict[str, Any]:
    model = last_step(estimator)
    parameters = inspect.signature(model.fit).parameters
    takes_any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    if "sample_weight" not in parameters and not takes_any:
        raise TypeError(
            f"sample_weight goes to the last step of every estimator, but {type(model).__name__} of estimator {name!r} "
            "takes none; leave that estimator out, or name those that take it, as in <name>__<step>__sample_weight"
        )
    return {f"{prefix_of_last_step(estimator)}sample_weight": weights}


def _weighted(scorers: Mapping[str, Any]) -> list[str]:
    """Return the estimators whose scorers are given the weights; warn about scorers that take none."""
    for scoring in sorted(set().union(*map(_without_weights, scorers.values()))):
        warnings.warn(
            f"The scoring {scoring} does not support sample_weight, which may lead to statistically incorrect results "
            "when fitting with sample_weight. ",
            UserWarning,
            stacklevel=5,
        )
    return [name for name, scorer in scorers.items() if weighs_samples(scorer)]


def _without_weights(scorer: Any) -> set[str]:
    """Describe which metrics of a scorer take no weights."""
    by_metric = multimetric_scorers(scorer) if isinstance(scorer, MultimetricScorer) else {"": scorer}
    return {f"{metric}={one}".removeprefix("=") for metric, one in by_metric.items() if weighs_samples(one) is False}


def scorer_route(name: str) -> str:
    """Return the name under which an estimator's scorer asks for parameters; no estimator can have it."""
    return f"{name}__scorer"


def router(owner: Any, estimators: Mapping[str, Any], scorers: Mapping[str, Any], splitter: Any) -> MetadataRouter:
    """Return who may ask for parameters of ``fit`` and ``score``, under the names that `route` expects."""
    metadata_router = MetadataRouter(owner=owner)
    for name, estimator in estimators.items():
        metadata_router.add(**{name: estimator}, method_mapping=MethodMapping().add(caller="fit", callee="fit"))
    scoring = MethodMapping().add(caller="score", callee="score").add(caller="fit", callee="score")
    for name, scorer in scorers.items():
        metadata_router.add(**{scorer_route(name): scorer}, method_mapping=scoring)
    return metadata_router.add(splitter=splitter, method_mapping=MethodMapping().add(caller="fit", callee="split"))
