"""LightGBM: early stopping on an ``eval_set``, iterations under any of their names, threads that ignore OpenMP's."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from multisearch._records import StoppingRule
from multisearch.families._base import Family, Stopped, StoppingRows, TrainingRows, derives_from, metrics_like
from multisearch.families._known import is_exactly, is_fixed_seed, sets_only

_ITERATION_NAMES = (
    "n_estimators",
    "num_iterations",
    "num_iteration",
    "n_iter",
    "num_tree",
    "num_trees",
    "num_round",
    "num_rounds",
    "nrounds",
    "num_boost_round",
    "max_iter",
)
_THREAD_NAMES = ("n_jobs", "num_threads", "num_thread", "nthread", "nthreads")
_METRIC_NAMES = {
    "l2": ("regression", "regression_l2", "mean_squared_error", "mse"),
    "rmse": ("l2_root", "root_mean_squared_error"),
    "l1": ("regression_l1", "mean_absolute_error", "mae"),
    "mape": ("mean_absolute_percentage_error",),
    "binary_logloss": ("binary", "logloss"),
    "binary_error": ("error",),
    "multi_logloss": ("multiclass", "softmax", "multiclassova", "multiclass_ova", "ova", "ovr", "logloss"),
    "multi_error": ("error",),
    "cross_entropy": ("xentropy",),
    "cross_entropy_lambda": ("xentlambda",),
    "kullback_leibler": ("kldiv",),
    "ndcg": ("lambdarank", "rank_xendcg", "xendcg", "xe_ndcg", "xe_ndcg_mart", "xendcg_mart"),
    "map": ("mean_average_precision",),
}
"""What else LightGBM's metrics may be called, by the name under which it reports them (before an ``@``)."""

_OTHER_METRICS = (
    *("quantile", "huber", "fair", "poisson", "gamma", "gamma_deviance", "tweedie", "auc", "auc_mu"),
    "average_precision",
)
"""LightGBM's metrics that have one name only; newer versions have more."""


_STOPPING_NAMES = ("early_stopping_round", "early_stopping_rounds", "early_stopping", "n_iter_no_change")

_BOOSTINGS_WITH_PATHS = ("gbdt", "goss")  # dart changes trees that it has made, rf averages over all
_HARMLESS = frozenset(
    {
        *("boosting_type", "n_estimators", "learning_rate", "num_leaves", "max_depth", "objective", "class_weight"),
        *("min_split_gain", "min_child_weight", "min_child_samples", "subsample", "subsample_freq", "colsample_bytree"),
        *("reg_alpha", "reg_lambda", "random_state", "subsample_for_bin", "importance_type", "n_jobs"),
        # What the constructor does not name, and takes all the same
        *("max_bin", "min_data_in_bin", "feature_fraction_bynode", "extra_trees", "path_smooth", "max_delta_step"),
        *("scale_pos_weight", "is_unbalance", "cat_smooth", "cat_l2", "monotone_constraints", "metric"),
        *("data_sample_strategy", "linear_tree"),
        *("verbose", "verbosity", "deterministic", "force_col_wise", "force_row_wise"),
    }
)
"""Numbers and words under these names leave the first trees of a large model what the small model is."""


class LightGBMFamily(Family):
    """Models that derive from ``lightgbm.LGBMModel``."""

    name: str = "LightGBM"
    extra: str | None = "lightgbm"
    stops_early: bool = True
    metric_params: tuple[str, ...] = ("metric", "metrics", "metric_types")
    stopping_params: tuple[str, ...] = ("eval_set", "eval_X", "eval_y", "eval_sample_weight", "eval_init_score")

    def handles(self, estimator: Any) -> bool:
        return derives_from(estimator, "lightgbm", "LGBMModel")

    def require(self) -> None:
        importlib.import_module("lightgbm")

    def fit_stopped(self, estimator: Any, rows: TrainingRows, stopping: StoppingRows, rule: StoppingRule) -> Stopped:
        fit_params = dict(rows.fit_params)
        metrics = fit_params.pop("eval_metric", None)
        metrics = [] if metrics is None else metrics if isinstance(metrics, list) else [metrics]
        if rule.monitor is not None:
            metrics = [rule.monitor, *metrics]
        stop = _MonitoredStopping(rule)
        callbacks = [*(fit_params.pop("callbacks", None) or []), stop]
        if stopping.sample_weight is not None:
            fit_params["eval_sample_weight"] = [stopping.sample_weight]
        if stopping.fit_params.get("init_score") is not None:
            fit_params["eval_init_score"] = [stopping.fit_params["init_score"]]
        with warnings.catch_warnings(), _without_own_stopping(estimator):
            # Deprecated by 4.7 for eval_X and eval_y; but a classifier there encodes the labels of eval_set alone
            warnings.filterwarnings("ignore", message="The argument 'eval_set' is deprecated")
            estimator.fit(
                rows.X,
                rows.y,
                eval_set=[(stopping.X, stopping.y)],
                eval_metric=metrics or None,
                callbacks=callbacks,
                **fit_params,
            )
        history: Mapping[str, list[float]] = next(iter(estimator.evals_result_.values()), {})
        return Stopped(int(estimator.best_iteration_ or estimator.n_estimators_), history, stop.cap)

    def set_iterations(self, estimator: Any, n_iterations: int) -> None:
        params = estimator.get_params()
        estimator.set_params(**{name: n_iterations for name in _ITERATION_NAMES if name in params})
        estimator.set_params(**dict.fromkeys(_own_stopping(params)))

    def objection_to_monitor(self, estimator: Any, monitor: str, fit_params: Mapping[str, Any]) -> str | None:
        params = estimator.get_params()
        given = [fit_params.get("eval_metric"), *(params.get(name) for name in self.metric_params)]
        listed = [one for some in given for one in (some if isinstance(some, list | tuple) else [some])]
        if monitor in listed or any(map(callable, listed)):  # what a function computes it says when it is called
            return None
        if monitor.partition("@")[0] in _known_metrics() or (monitor and _knows(monitor)):
            return None
        return metrics_like(monitor, self.name, _known_metrics())

    def stops_by_itself(self, estimator: Any, fit_params: Mapping[str, Any]) -> str | None:
        if {"eval_set", "eval_X"} & set(fit_params):
            return None
        return next(iter(_own_stopping(estimator.get_params())), None)

    def path_parameter(self, estimator: Any, params: Mapping[str, Any]) -> str | None:
        if not is_exactly(estimator, "lightgbm", "LGBMRegressor", "LGBMClassifier"):
            return None
        seed = params.get("random_state")  # None is a seed too: LightGBM has constants of its own
        if not (seed is None or is_fixed_seed(seed)) or params["boosting_type"] not in _BOOSTINGS_WITH_PATHS:
            return None
        return "n_estimators" if sets_only(estimator, params, _HARMLESS) else None

    def truncate(self, estimator: Any, n_iterations: int) -> None:
        estimator.booster_.best_iteration = n_iterations

    @contextmanager
    def native_threads(self, estimator: Any, limit: int | None) -> Iterator[None]:
        """LightGBM takes all physical cores for ``n_jobs=None``, whatever OMP_NUM_THREADS says."""
        params = estimator.get_params()
        if limit is None or any(params.get(name) is not None for name in _THREAD_NAMES):
            yield
            return
        estimator.set_params(n_jobs=limit)
        try:
            yield
        finally:
            estimator.set_params(n_jobs=None)


def _own_stopping(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters by which a model stops early without being told to by a search."""
    return {name: params[name] for name in _STOPPING_NAMES if params.get(name)}


@contextmanager
def _without_own_stopping(estimator: Any) -> Iterator[None]:
    own = _own_stopping(estimator.get_params())
    estimator.set_params(**dict.fromkeys(own))
    try:
        yield
    finally:
        estimator.set_params(**own)


def _known_metrics() -> set[str]:
    return {*_OTHER_METRICS, *_METRIC_NAMES, *(name for names in _METRIC_NAMES.values() for name in names)}


def _knows(metric: str) -> bool:
    """Ask LightGBM whether it has a metric: newer versions may have more, and all pass over one that they lack."""
    import lightgbm

    quiet = {"verbosity": -1, "num_threads": 1}
    rows = lightgbm.Dataset(np.arange(4.0).reshape(-1, 1), label=np.array([0, 1, 0, 1]), params=quiet)
    try:
        return bool(lightgbm.Booster({**quiet, "metric": metric}, rows).eval_train())
    except lightgbm.basic.LightGBMError:  # it has the metric, but not for these rows
        return True


class _MonitoredStopping:
    """LightGBM's own early stopping, shown one metric only.

    LightGBM can watch its first metric or all of them, but not one of several by name; and it passes over a metric that
    it does not know.
    """

    before_iteration = False

    def __init__(self, rule: StoppingRule) -> None:
        import lightgbm

        self.order = 30  # after the recording of results; LightGBM looks for it on the object only
        self.cap: int | None = None
        self.monitor = rule.monitor
        self.stop = lightgbm.early_stopping(
            rule.patience, first_metric_only=True, verbose=False, min_delta=rule.min_delta
        )

    def __call__(self, env: Any) -> None:
        self.cap = env.end_iteration - env.begin_iteration
        results = env.evaluation_result_list or []
        names = [_metric_name(result) for result in results]
        if not names:
            raise ValueError(
                f"LightGBM computed no metric to stop early on; monitor is {self.monitor!r}: "
                "name one of LightGBM's metrics, or give the model a metric"
            )
        shown = {"evaluation_result_list": [results[self._position(names)]]}
        self.stop(env._replace(**shown) if hasattr(env, "_replace") else replace(env, **shown))

    def _position(self, names: Sequence[str]) -> int:
        """Return which of the metrics that LightGBM reports is to be watched."""
        if self.monitor is None:
            return 0
        for position, name in enumerate(names):
            if self.monitor == name or self.monitor in _names_of(name.partition("@")[0]):
                return position
        raise ValueError(
            f"monitor={self.monitor!r} is no metric of this LightGBM model, which has {sorted(set(names))}; name one "
            "of LightGBM's metrics in EarlyStopping, or give the model a metric of that name"
        )


def _names_of(metric: str) -> tuple[str, ...]:
    return (metric, *_METRIC_NAMES.get(metric, ()))


def _metric_name(result: Any) -> str:
    """Return the metric of one evaluation result, a tuple (data set, metric, value, ...) until LightGBM 4.6."""
    return str(result.metric_name if hasattr(result, "metric_name") else result[1])
