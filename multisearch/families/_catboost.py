"""CatBoost: early stopping on an ``eval_set``, a learning rate that hangs on the iterations, models that shrink."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from multisearch._records import StoppingRule
from multisearch.families._base import Family, Stopped, StoppingRows, TrainingRows, derives_from, metrics_like
from multisearch.families._hist_gradient_boosting import best_iteration
from multisearch.families._known import is_exactly, is_fixed_seed, sets_only

_ITERATION_NAMES = ("iterations", "n_estimators", "num_boost_round", "num_trees")
_RATE_NAMES = ("learning_rate", "eta")
_THREADS = "thread_count"
_DECIDES_ABOUT_RATE = {
    *_ITERATION_NAMES,
    *("loss_function", "objective", "l2_leaf_reg", "reg_lambda", "leaf_estimation_iterations"),
    *("leaf_estimation_method", "boost_from_average", "task_type", "devices", "classes_count", "class_names"),
    *("class_weights", "auto_class_weights", "scale_pos_weight", "target_border", _THREADS),
}
"""What CatBoost may look at when it chooses a learning rate, besides the number of rows."""

_COLUMNS = ("cat_features", "text_features", "embedding_features")
_USUAL_LOSSES = ("RMSE", "Logloss", "MultiClass")
"""What CatBoost minimises where nothing is said; for classifiers that hangs on the labels."""

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
    extra: str | None = "catboost"
    stops_early: bool = True
    metric_params: tuple[str, ...] = ("eval_metric",)
    stopping_params: tuple[str, ...] = ("eval_set",)

    def handles(self, estimator: Any) -> bool:
        return derives_from(estimator, "catboost", "CatBoostClassifier", "CatBoostRegressor")

    def require(self) -> None:
        importlib.import_module("catboost")

    def fit_stopped(self, estimator: Any, rows: TrainingRows, stopping: StoppingRows, rule: StoppingRule) -> Stopped:
        """Fit until patience ends, and shrink the model.

        CatBoost's own best model knows no ``min_delta``, and would make it choose another learning rate than the refit.
        """
        params = estimator.get_params()
        if rule.monitor is not None and not _is_own(params, rule.monitor):
            estimator.set_params(eval_metric=rule.monitor)
        if params.get("eval_fraction"):
            estimator.set_params(eval_fraction=0.0)
        fit_params = dict(rows.fit_params)
        if rule.min_delta:
            fit_params["callbacks"] = [*(fit_params.get("callbacks") or []), _Patience(estimator, rule)]
        estimator.fit(
            rows.X,
            rows.y,
            eval_set=_eval_set({**params, **fit_params}, stopping),
            use_best_model=False,
            early_stopping_rounds=rule.patience,
            metric_period=1,
            **fit_params,
        )
        history = estimator.get_evals_result()["validation"]
        best = _best(estimator, history, rule.min_delta)
        estimator.shrink(ntree_end=best)
        return Stopped(best, history, _cap(params))

    def settle(self, estimator: Any, y: Any) -> None:
        """Set the learning rate that CatBoost would choose: with fewer iterations it would choose another."""
        params = estimator.get_params()
        if not any(params.get(name) is not None for name in _RATE_NAMES):
            estimator.set_params(learning_rate=_chosen_rate(estimator, y))

    def set_iterations(self, estimator: Any, n_iterations: int) -> None:
        params = estimator.get_params()
        name = next((name for name in _ITERATION_NAMES if params.get(name) is not None), "iterations")
        estimator.set_params(**{name: n_iterations})
        own = {"use_best_model": False, "eval_fraction": 0.0}
        estimator.set_params(**{name: value for name, value in own.items() if params.get(name)})

    def objection_to_monitor(self, estimator: Any, monitor: str, fit_params: Mapping[str, Any]) -> str | None:
        from catboost import metrics

        names = [name for name, kind in vars(metrics).items() if _is_metric(kind, metrics.BuiltinMetric)]
        if monitor.partition(":")[0] in names or _is_own(estimator.get_params(), monitor):
            return None
        return metrics_like(monitor, self.name, names)

    def stops_by_itself(self, estimator: Any, fit_params: Mapping[str, Any]) -> str | None:
        needs_rows = estimator.get_params().get("use_best_model") and "eval_set" not in fit_params
        return "use_best_model" if needs_rows else None

    @contextmanager
    def native_threads(self, estimator: Any, limit: int | None) -> Iterator[None]:
        """CatBoost takes all cores, whatever OMP_NUM_THREADS says; once fitted, it lets no parameter be put back."""
        if limit is not None and estimator.get_params().get(_THREADS) is None:
            estimator.set_params(**{_THREADS: limit})
        yield

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


class _Patience:
    """Ends the training when patience does, where small improvements do not count."""

    def __init__(self, estimator: Any, rule: StoppingRule) -> None:
        self._estimator = estimator
        self._rule = rule

    def after_iteration(self, info: Any) -> bool:
        best = _best(self._estimator, info.metrics["validation"], self._rule.min_delta)
        return bool(info.iteration - best < self._rule.patience)


def _best(estimator: Any, history: Mapping[str, Sequence[float]], min_delta: float) -> int:
    """Return the best iteration by the metric that CatBoost watches, counted from 1."""
    from catboost import CatBoostError
    from catboost.core import is_maximizable_metric

    watched = estimator.get_params().get("eval_metric")
    name = _name_in(history, watched, estimator)
    if hasattr(watched, "is_max_optimal"):
        more_is_better = watched.is_max_optimal()
    else:
        try:
            more_is_better = is_maximizable_metric(name)
        except CatBoostError:  # some names hold more than it can read
            more_is_better = is_maximizable_metric(name.partition(":")[0])
    scores = np.asarray(history[name], dtype=float)
    return best_iteration([np.nan, *(scores if more_is_better else -scores)], min_delta)


def _name_in(history: Mapping[str, Any], watched: Any, estimator: Any) -> str:
    """Return the name under which CatBoost reports the watched metric: it may write parameters out."""
    params = estimator.get_params()
    loss = params.get("loss_function") or params.get("objective")
    wanted = [one if isinstance(one, str) else type(one).__name__ for one in (watched or loss,) if one is not None]
    wanted = wanted or list(_USUAL_LOSSES)
    exact = [name for name in history if name in wanted]
    alike = [name for name in history if name.partition(":")[0] in {one.partition(":")[0] for one in wanted}]
    return [*exact, *alike, *history][0]


def _is_own(params: Mapping[str, Any], monitor: str) -> bool:
    """Say whether a metric is one of the user's own, by the name of its class."""
    metric = params.get("eval_metric")
    return metric is not None and not isinstance(metric, str) and type(metric).__name__ == monitor


def _is_metric(thing: Any, base: type) -> bool:
    return isinstance(thing, type) and issubclass(thing, base) and thing is not base


def _eval_set(described: Mapping[str, Any], stopping: StoppingRows) -> Any:
    """Return the stopping rows, with what CatBoost takes from a Pool only."""
    import catboost

    baseline = stopping.fit_params.get("baseline")
    if stopping.sample_weight is None and baseline is None:
        return (stopping.X, stopping.y)
    columns = {name: described.get(name) for name in _COLUMNS}
    return catboost.Pool(stopping.X, stopping.y, weight=stopping.sample_weight, baseline=baseline, **columns)


def _cap(params: Mapping[str, Any]) -> int:
    return int(next((params[name] for name in _ITERATION_NAMES if params.get(name) is not None), 1000))


def _chosen_rate(estimator: Any, y: Any) -> float:
    """Return the learning rate that CatBoost chooses for some targets: it says so after the first iteration."""
    import catboost

    # Older versions announce to newer scikit-learns not what they are
    is_classifier = derives_from(estimator, "catboost", "CatBoostClassifier")
    kind = catboost.CatBoostClassifier if is_classifier else catboost.CatBoostRegressor
    params = {name: value for name, value in estimator.get_params().items() if name in _DECIDES_ABOUT_RATE}
    probe = kind(**params, depth=1, verbose=False, allow_writing_files=False)
    # On a GPU CatBoost calls nobody back, and trains to its end
    callbacks = None if params.get("task_type") == "GPU" else [_Once()]
    probe.fit(np.arange(len(y), dtype=float).reshape(-1, 1), y, callbacks=callbacks)
    return float(probe.learning_rate_)


class _Once:
    """Ends a training after its first iteration."""

    def after_iteration(self, info: Any) -> bool:
        return False
