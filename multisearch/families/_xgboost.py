"""XGBoost: early stopping on an ``eval_set``; a booster that is told its best iteration predicts with its trees."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np

from multisearch._records import StoppingRule
from multisearch.families._base import Family, Stopped, StoppingRows, TrainingRows, derives_from, metrics_like
from multisearch.families._known import is_exactly, is_fixed_seed, sets_only

_FORESTS = ("XGBRFRegressor", "XGBRFClassifier")
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

_METRICS = (
    *("rmse", "rmsle", "mae", "mape", "mphe", "logloss", "error", "merror", "mlogloss", "auc", "aucpr", "pre", "ndcg"),
    *("map", "poisson-nloglik", "gamma-nloglik", "cox-nloglik", "gamma-deviance", "tweedie-nloglik", "aft-nloglik"),
    *("interval-regression-accuracy", "quantile"),
)
"""What XGBoost calls its metrics, before an ``@``."""


class XGBoostFamily(Family):
    """Models that derive from ``xgboost.XGBModel``."""

    name: str = "XGBoost"
    extra: str | None = "xgboost"
    stops_early: bool = True
    metric_params: tuple[str, ...] = ("eval_metric",)
    stopping_params: tuple[str, ...] = ("eval_set", "sample_weight_eval_set", "base_margin_eval_set", "eval_qid")

    def handles(self, estimator: Any) -> bool:
        return derives_from(estimator, "xgboost", "XGBModel")

    def stops(self, estimator: Any) -> bool:
        """Say whether a model adds trees round by round: a random forest of XGBoost's has one round."""
        return not derives_from(estimator, "xgboost", *_FORESTS)

    def require(self) -> None:
        importlib.import_module("xgboost")

    def fit_stopped(self, estimator: Any, rows: TrainingRows, stopping: StoppingRows, rule: StoppingRule) -> Stopped:
        metrics, position = _watched(estimator.eval_metric, rule.monitor)
        stop = _stopping_class()(rule, position, _nothing if _may_be_cut(estimator) else copy.copy)
        callbacks = [stop, *_without_stopping(estimator.callbacks)]  # the first is asked in any case
        fit_params = {"verbose": False, **rows.fit_params}  # XGBoost would print what an eval_set gives
        with _holding(estimator, early_stopping_rounds=None, eval_metric=metrics, callbacks=callbacks):
            estimator.fit(rows.X, rows.y, eval_set=[(stopping.X, stopping.y)], **_for_eval_set(stopping), **fit_params)
        return Stopped(stop.n_iterations, estimator.evals_result()["validation_0"], estimator.get_num_boosting_rounds())

    def set_iterations(self, estimator: Any, n_iterations: int) -> None:
        callbacks = _without_stopping(estimator.callbacks) or None
        estimator.set_params(n_estimators=n_iterations, early_stopping_rounds=None, callbacks=callbacks)

    def objection_to_monitor(self, estimator: Any, monitor: str, fit_params: Mapping[str, Any]) -> str | None:
        own = _names(estimator.eval_metric)
        if monitor in own or monitor.partition("@")[0] in _METRICS or _knows(monitor):
            return None
        return metrics_like(monitor, self.name, [*own, *_METRICS])

    def stops_by_itself(self, estimator: Any, fit_params: Mapping[str, Any]) -> str | None:
        needs_rows = estimator.early_stopping_rounds is not None and "eval_set" not in fit_params
        return "early_stopping_rounds" if needs_rows else None

    def objection_to_labels(self, estimator: Any, y: Any) -> str | None:
        """Object to what XGBoost's own classifiers refuse; a ``fit`` of somebody else's may encode labels."""
        import xgboost

        if type(estimator).fit not in (xgboost.XGBClassifier.fit, xgboost.XGBRFClassifier.fit):
            return None
        classes = np.unique(np.asarray(y))
        wanted = np.arange(len(classes))
        is_text = classes.dtype.kind in "SU"
        if not is_text and (classes == wanted).all():
            return None
        return f"{type(estimator).__name__} takes no labels but the whole numbers from 0 to {len(classes) - 1}"

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


def _may_be_cut(estimator: Any) -> bool:
    """Say whether the first trees of a model stay what they were: dart changes them, and linear models have none."""
    return estimator.booster in (None, "gbtree") and "process_type" not in getattr(estimator, "kwargs", {})


def _nothing(model: Any) -> None:
    """Keep no copy of a model that is cut back to its best iteration."""


def _watched(own: Any, monitor: str | None) -> tuple[Any, int | str]:
    """Return the metrics to compute, and which of those that XGBoost reports is watched, by position or name.

    Without a monitor that is the one which XGBoost itself would stop by, its last.
    """
    if monitor is None:
        return own, -1
    listed = _listed(own)
    if monitor in [one.__name__ for one in listed if callable(one)]:
        return own, monitor
    # Older versions do not compute functions beside metrics of their own
    return [monitor, *(one for one in listed if isinstance(one, str) and one != monitor)], 0


def _listed(metrics: Any) -> list[Any]:
    if metrics is None:
        return []
    return [metrics] if isinstance(metrics, str) or callable(metrics) else list(metrics)


def _names(metrics: Any) -> list[str]:
    return [getattr(one, "__name__", "") if callable(one) else one for one in _listed(metrics)]


def _knows(metric: str) -> bool:
    """Ask XGBoost whether it has a metric, by which newer versions may have more than this one knows of."""
    import xgboost

    rows = xgboost.DMatrix(np.zeros((1, 1)), label=np.zeros(1))
    with xgboost.config_context(verbosity=0):
        booster = xgboost.Booster({"eval_metric": metric}, [rows])
        try:
            booster.eval(rows)
        except xgboost.core.XGBoostError as error:
            return "Unknown metric" not in str(error)
    return True


def _without_stopping(callbacks: Sequence[Any] | None) -> list[Any]:
    """Return the callbacks without XGBoost's early stopping, which would ask for rows of its own."""
    import xgboost

    return [one for one in callbacks or [] if not isinstance(one, xgboost.callback.EarlyStopping)]


def _for_eval_set(stopping: StoppingRows) -> dict[str, list[Any]]:
    """Return what else ``fit`` is to know of the stopping rows, as it knows it of the training rows."""
    known = {
        "sample_weight_eval_set": stopping.sample_weight,
        "base_margin_eval_set": stopping.fit_params.get("base_margin"),
        "eval_qid": stopping.fit_params.get("qid"),
    }
    return {name: [value] for name, value in known.items() if value is not None}


@contextmanager
def _holding(estimator: Any, **values: Any) -> Iterator[None]:
    """Let parameters have other values; set_params would tell the booster of them, and draw from generators."""
    own = {name: getattr(estimator, name) for name in values}
    vars(estimator).update(values)
    try:
        yield
    finally:
        vars(estimator).update(own)


@lru_cache(maxsize=1)
def _stopping_class() -> Any:
    """Make the class when XGBoost is imported anyway."""
    import xgboost

    class MonitoredStopping(xgboost.callback.EarlyStopping):
        """XGBoost's own early stopping, by one metric, which says what it has when that is not there."""

        def __init__(self, rule: StoppingRule, watched: int | str, keep: Callable[[Any], Any]) -> None:
            super().__init__(rounds=rule.patience, min_delta=rule.min_delta)
            self.monitor = rule.monitor
            self.watched = watched
            self.keep = keep
            self.n_iterations = 0
            self.best: Any = None

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            self.metric_name = self._name(list(next(iter(evals_log.values()), {})))
            ends = super().after_iteration(model, epoch, evals_log)
            if self.current_rounds == 0:
                self.n_iterations = epoch + 1
                self.best = self.keep(model)
            return bool(ends)

        def after_training(self, model: Any) -> Any:
            if self.best is None:
                return model
            self.best.best_iteration = self.best.num_boosted_rounds() - 1
            return self.best

        def _name(self, reported: Sequence[str]) -> str:
            if not reported:
                raise ValueError(
                    f"XGBoost computed no metric to stop early on; monitor is {self.monitor!r}: "
                    "name one of XGBoost's metrics, or give the model an eval_metric"
                )
            return self.watched if isinstance(self.watched, str) else reported[self.watched]

    return MonitoredStopping
