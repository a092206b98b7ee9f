"""XGBoost: a booster that is told its best iteration predicts with the trees up to it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from multisearch.families._base import Family, derives_from
from multisearch.families._known import is_exactly, is_fixed_seed, sets_only

_HARMLESS = frozenset(
    {
        *("n_estimators", "learning_rate", "max_depth", "max_leaves", "max_bin", "grow_policy", "tree_method"),
        *("gamma", "min_child_weight", "max_delta_step", "reg_alpha", "reg_lambda", "scale_pos_weight", "base_score"),
        *("subsample", "sampling_method", "colsample_bytree", "colsample_bylevel", "colsample_bynode", "random_state"),
        *("num_parallel_tree", "objective", "eval_metric", "missing", "booster", "monotone_constraints"),
        *("interaction_constraints", "enable_categorical", "feature_types", "max_cat_to_onehot", "max_cat_threshold"),
        *("importance_type", "validate_parameters", "verbosity", "n_jobs"),
    }
)
"""Numbers and words under these names leave the first trees of a large model what the small model is."""


class XGBoostFamily(Family):
    """Models that derive from ``xgboost.XGBModel``."""

    name: str = "XGBoost"

    def handles(self, estimator: Any) -> bool:
        return derives_from(estimator, "xgboost", "XGBModel")

    def require(self) -> None:
        importlib.import_module("xgboost")

    def path_parameter(self, estimator: Any, params: Mapping[str, Any]) -> str | None:
        """Name the number of trees, for the two classes themselves: a random forest of XGBoost's derives from them."""
        if not is_exactly(estimator, "xgboost", "XGBRegressor", "XGBClassifier"):
            return None
        # None is a seed too: XGBoost's default is 0. A generator gives another number whenever it is asked for
        seeds = [seed for seed in (params.get("random_state"), estimator.random_state) if seed is not None]
        if not all(map(is_fixed_seed, seeds)) or params.get("booster") not in (None, "gbtree"):
            return None
        return "n_estimators" if sets_only(estimator, params, _HARMLESS) else None

    def truncate(self, estimator: Any, n_iterations: int) -> None:
        estimator.get_booster().best_iteration = n_iterations - 1
