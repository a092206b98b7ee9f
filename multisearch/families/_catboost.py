"""CatBoost: a fitted model can be shrunk to its first trees."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from multisearch.families._base import Family, derives_from
from multisearch.families._known import is_exactly, is_fixed_seed, sets_only

_ITERATION_NAMES = ("iterations", "n_estimators", "num_boost_round", "num_trees")
_HARMLESS = {
    *_ITERATION_NAMES,
    *("learning_rate", "eta", "depth", "max_depth", "l2_leaf_reg", "reg_lambda", "random_state", "random_seed"),
    *("loss_function", "objective", "subsample", "rsm", "colsample_bylevel", "min_data_in_leaf", "min_child_samples"),
    *("max_leaves", "num_leaves", "border_count", "max_bin", "random_strength", "bagging_temperature"),
    *("verbose", "silent", "logging_level", "allow_writing_files", "thread_count"),
}
"""Numbers and words under these names leave the first trees of a large model what the small model is."""


class CatBoostFamily(Family):
    """``CatBoostClassifier`` and ``CatBoostRegressor``."""

    name: str = "CatBoost"

    def handles(self, estimator: Any) -> bool:
        return derives_from(estimator, "catboost", "CatBoostClassifier", "CatBoostRegressor")

    def require(self) -> None:
        importlib.import_module("catboost")

    def path_parameter(self, estimator: Any, params: Mapping[str, Any]) -> str | None:
        """Name the iterations, unless something set may depend on how many there are.

        Without a learning rate CatBoost chooses one by the number of iterations.
        """
        if not is_exactly(estimator, "catboost", "CatBoostClassifier", "CatBoostRegressor"):
            return None
        given = {name for name, value in params.items() if value is not None}
        seeds = [params[name] for name in ("random_state", "random_seed") if name in given]
        if not given & {"learning_rate", "eta"} or not all(is_fixed_seed(seed) for seed in seeds):
            return None
        if not sets_only(estimator, params, _HARMLESS):
            return None
        names = [name for name in _ITERATION_NAMES if name in given]
        return names[0] if len(names) == 1 else None

    def truncate(self, estimator: Any, n_iterations: int) -> None:
        estimator.shrink(ntree_end=n_iterations)
