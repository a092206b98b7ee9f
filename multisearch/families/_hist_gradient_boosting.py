"""scikit-learn's HistGradientBoosting: stops on given rows, but keeps its last iteration, so it is cut back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import get_scorer_names

from multisearch._records import StoppingRule
from multisearch._sklearn_compat import truncate_hist_gradient_boosting
from multisearch.families._base import Family, Stopped, StoppingRows, TrainingRows, derives_from
from multisearch.families._known import is_exactly, is_fixed_seed, sets_only

_CLASSES = ("HistGradientBoostingRegressor", "HistGradientBoostingClassifier")
_HARMLESS = frozenset(
    {
        *("loss", "quantile", "learning_rate", "max_iter", "max_leaf_nodes", "max_depth", "min_samples_leaf"),
        *("l2_regularization", "max_features", "max_bins", "categorical_features", "monotonic_cst", "interaction_cst"),
        *("class_weight", "random_state", "early_stopping", "scoring", "validation_fraction", "n_iter_no_change"),
        *("tol", "verbose"),
    }
)
"""Numbers and words under these names leave the first trees of a large model what the small model is."""

_LOSS = "loss"


class HistGradientBoostingFamily(Family):
    """``HistGradientBoostingRegressor`` and ``HistGradientBoostingClassifier``."""

    name: str = "scikit-learn's HistGradientBoosting"
    stops_early: bool = True
    stopping_params: tuple[str, ...] = ("X_val", "y_val", "sample_weight_val")

    def handles(self, estimator: Any) -> bool:
        return derives_from(estimator, "sklearn", *_CLASSES)

    def fit_stopped(self, estimator: Any, rows: TrainingRows, stopping: StoppingRows, rule: StoppingRule) -> Stopped:
        own = {name: getattr(estimator, name) for name in ("early_stopping", "n_iter_no_change", "tol", "scoring")}
        estimator.set_params(
            early_stopping=True,
            n_iter_no_change=rule.patience,
            tol=rule.min_delta,
            scoring=rule.monitor if rule.monitor is not None else own["scoring"],
        )
        try:
            estimator.fit(
                rows.X,
                rows.y,
                X_val=stopping.X,
                y_val=stopping.y,
                sample_weight_val=stopping.sample_weight,
                **dict(rows.fit_params),
            )
        finally:
            estimator.set_params(**own)
        scores = estimator.validation_score_
        best = best_iteration(scores, rule.min_delta)
        truncate_hist_gradient_boosting(estimator, best)
        # What scikit-learn calls "loss" here is a score, too: greater is better
        watched = rule.monitor if rule.monitor is not None else own["scoring"]
        name = f"neg_{watched}" if watched == "loss" else watched if isinstance(watched, str) else "score"
        return Stopped(best, {name: scores[1:]}, estimator.max_iter)

    def set_iterations(self, estimator: Any, n_iterations: int) -> None:
        estimator.set_params(max_iter=n_iterations, early_stopping=False)

    def objection_to_monitor(self, estimator: Any, monitor: str, fit_params: Mapping[str, Any]) -> str | None:
        if monitor in {_LOSS, *get_scorer_names()}:
            return None
        return f"{type(estimator).__name__} takes {_LOSS!r} or a scorer's name, such as {_example(estimator)!r}"

    def path_parameter(self, estimator: Any, params: Mapping[str, Any]) -> str | None:
        """Name ``max_iter`` where early stopping is off for certain: "auto" depends on the number of rows."""
        if not is_exactly(estimator, "sklearn", *_CLASSES) or params["early_stopping"] is not False:
            return None
        is_on_path = is_fixed_seed(params["random_state"]) and sets_only(estimator, params, _HARMLESS)
        return "max_iter" if is_on_path else None

    def truncate(self, estimator: Any, n_iterations: int) -> None:
        truncate_hist_gradient_boosting(estimator, n_iterations)


def best_iteration(validation_scores: Any, min_delta: float) -> int:
    """Return the last iteration, counted from 1, that beat the best one before it by more than ``min_delta``.

    Parameters
    ----------
    validation_scores : array of shape (n_iterations + 1,)
        Greater is better; the first is that of the model without any tree.
    min_delta : float
        What counts as an improvement, in the score's unit.
    """
    scores = np.asarray(validation_scores, dtype=float)
    best = 1
    for iteration in range(2, len(scores)):
        if scores[iteration] > scores[best] + min_delta:
            best = iteration
    return best


def _example(estimator: Any) -> str:
    return "neg_log_loss" if is_classifier(estimator) else "neg_mean_absolute_error"
