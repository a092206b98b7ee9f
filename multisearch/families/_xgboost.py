"""XGBoost: a booster that is told its best iteration predicts with the trees up to it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from numbers import Integral
from typing import Any

from multisearch.families._base import Family, derives_from

_NEEDED: Mapping[str, Any] = {"early_stopping_rounds": None, "callbacks": None}


class XGBoostFamily(Family):
    """Models that derive from ``xgboost.XGBModel``."""

    name: str = "XGBoost"

    def handles(self, estimator: Any) -> bool:
        return derives_from(estimator, "xgboost", "XGBModel")

    def require(self) -> None:
        importlib.import_module("xgboost")

    def path_parameter(self, estimator: Any, params: Mapping[str, Any]) -> str | None:
        seed = params.get("random_state")  # None is a seed too: XGBoost's default is 0
        if type(estimator).__module__.partition(".")[0] != "xgboost" or not (
            seed is None or isinstance(seed, Integral)
        ):
            return None
        if any(params.get(name) != value for name, value in _NEEDED.items()):
            return None
        if params.get("booster") not in {None, "gbtree"} or callable(params.get("objective")):
            return None
        return "n_estimators"

    def truncate(self, estimator: Any, n_iterations: int) -> None:
        estimator.get_booster().best_iteration = n_iterations - 1
