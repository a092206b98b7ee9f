"""Early stopping inside a Pipeline: its last step fitted with rows that have passed through the steps before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import get_routing_for_object

from multisearch._histories import pack
from multisearch._records import Candidate, Fold, Outcome, StoppingRule
from multisearch.families import (
    Stopped,
    StoppingRows,
    TrainingRows,
    has_last_step,
    is_resampling_pipeline,
    last_step,
    prefix_of_last_step,
    stopping_family_of,
    without_sampling,
)
from multisearch.fitting._problem import Problem
from multisearch.fitting._shared import StepResult, through_steps


def fit_stopped(
    estimator: Any, rule: StoppingRule, rows: TrainingRows, stopping: Callable[[], StoppingRows]
) -> Stopped:
    """Fit an estimator whose last step stops early, and leave the model at its best iteration.

    ``stopping`` is called when the steps before the last are fitted.
    """
    model = last_step(estimator)
    fit = _StoppedFit(model, rule, stopping)
    if not has_last_step(estimator):
        return fit.fit(rows.X, rows.y, **rows.fit_params).stopped
    name = estimator.steps[-1][0]
    estimator.steps[-1] = (name, fit)
    estimator.fit(rows.X, rows.y, **rows.fit_params)
    estimator.steps[-1] = (name, model)
    return fit.stopped


class _StoppedFit:
    """Stands in for a Pipeline's last step while it is fitted, and fits it with early stopping."""

    def __init__(self, model: Any, rule: StoppingRule, stopping: Callable[[], StoppingRows]) -> None:
        self._model = model
        self._rule = rule
        self._stopping = stopping

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> _StoppedFit:
        family = stopping_family_of(self._model)
        if family is None:
            raise TypeError(f"{self._model!r} cannot stop early")
        rows = TrainingRows(X, y, fit_params)
        self.stopped = family.fit_stopped(self._model, rows, self._stopping(), self._rule)
        return self

    def __sklearn_tags__(self) -> Any:
        return get_tags(self._model)

    def get_metadata_routing(self) -> Any:
        """Ask for what the model itself asks for."""
        return get_routing_for_object(self._model)


def recorded(outcome: Outcome, stopped: Stopped, rule: StoppingRule) -> Outcome:
    """Return an outcome with what there is to say of how its fit was stopped."""
    return replace(
        outcome,
        n_iterations=stopped.n_iterations,
        history=pack(stopped.history) if rule.keep_history else None,
        used_up=stopped.used_up(rule.patience),
    )


def stopping_rows(
    problem: Problem, candidate: Candidate, estimator: Any, fold: Fold, shared: StepResult | None
) -> StoppingRows:
    """Return the stopping rows as the model will see them, through the steps that are fitted by now.

    ``shared`` are steps that are lent to this fit.
    """
    if fold.stopping is None:
        raise ValueError(f"fold {fold.index} has no rows to stop by")
    X = problem.rows(estimator, fold.stopping, fold.train)[0] if shared is None else shared.stopping
    if is_resampling_pipeline(estimator):
        X = without_sampling(estimator, X)
    else:
        X = through_steps(estimator, 0 if shared is None else len(shared.fitted), X)
    params = problem.fit_params_of(candidate.estimator, fold.stopping)
    prefix = prefix_of_last_step(estimator)
    own = {name.removeprefix(prefix): value for name, value in params.items() if name.startswith(prefix)}
    of_model = {**params, **own}  # with metadata routing they have no prefix
    return StoppingRows(X, problem.targets(fold.stopping), of_model.pop("sample_weight", None), of_model)
