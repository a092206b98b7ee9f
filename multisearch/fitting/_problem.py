"""What all tasks of one search have in common: data, estimators, folds, and the rules for fitting and scoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.base import clone
from sklearn.utils import get_tags

from multisearch._records import Candidate, Fold, Rows, StoppingRule
from multisearch._sklearn_compat import check_method_params, safe_split, take_rows
from multisearch.families import has_last_step, stopping_family_of
from multisearch.fitting._monitor import Monitor
from multisearch.fitting._settings import Settings


@dataclass(frozen=True, slots=True)
class Problem:
    """Sent to every worker once; tasks then only name candidates, folds and steps.

    Attributes
    ----------
    X, y : the user's data
    estimators : mapping of str to estimator
    fit_params : mapping of str to mapping
        What each estimator's ``fit`` is given, with one entry per row of X where it has that many.
    score_params : mapping of str to mapping
        What each estimator's scorer is given.
    scorers : mapping of str to callable
    folds : sequence of tuple of Fold
        One tuple per variant: without stopping rows, or with one way to choose them.
    rules : mapping of str to StoppingRule
        For the estimators that stop early; the others use variant ``plain_variant``.
    kind : str or None
        "classifier", "regressor", ...: what all estimators are.
    return_train_score : bool
    error_score : float or "raise"
    settings : Settings
        Of libraries, where the search was started.
    warning_filters : sequence of tuple
        Python's warning filters where the search was started.
    monitor : Monitor or None
        scikit-learn's callbacks; None where the search has none.
    optimize : bool
        False fits every candidate as it would be fitted alone.
    early_stopping : bool
        Whether early stopping was asked for, even if nobody can.
    fit_timeout : float or None
        Seconds that an evaluation, or a shared step, may take.
    spaces : sequence
        What candidates' parameters are taken from; not sent to workers.
    """

    X: Any
    y: Any
    estimators: Mapping[str, Any]
    fit_params: Mapping[str, Mapping[str, Any]]
    score_params: Mapping[str, Mapping[str, Any]]
    scorers: Mapping[str, Any]
    folds: Sequence[tuple[Fold, ...]]
    rules: Mapping[str, StoppingRule]
    plain_variant: int
    kind: str | None
    return_train_score: bool
    error_score: Any
    settings: Settings
    warning_filters: Sequence[tuple[Any, ...]]
    monitor: Monitor | None = None
    optimize: bool = True
    early_stopping: bool = False
    fit_timeout: float | None = None
    spaces: Sequence[Any] = ()

    def build(self, candidate: Candidate) -> Any:
        """Return a candidate's estimator, unfitted, with its setting; parameters that are estimators are cloned too."""
        estimator = clone(self.estimators[candidate.estimator])
        if candidate.params:
            estimator.set_params(**clone(dict(candidate.params), safe=False))
        return estimator

    def model_of(self, candidate: Candidate) -> Any:
        """Return a candidate's last step, as it is before parameters are set; a setting may replace it."""
        estimator = self.estimators[candidate.estimator]
        if not has_last_step(estimator):
            return estimator
        name, model = estimator.steps[-1]
        return candidate.params.get(name, model)

    def rule_of(self, candidate: Candidate) -> StoppingRule | None:
        """Return how a candidate stops early; None where its model cannot or is not to."""
        rule = self.rules.get(candidate.estimator)
        return None if rule is None or stopping_family_of(self.model_of(candidate)) is None else rule

    def variant_of(self, candidate: Candidate) -> int:
        """Return which variant of the folds a candidate sees."""
        rule = self.rule_of(candidate)
        return self.plain_variant if rule is None else rule.variant

    def root_of(self, candidate: Candidate) -> tuple[Any, ...]:
        """Return what candidates must agree on to share steps: the rows they see, and the columns of a kernel."""
        pairwise = get_tags(self.estimators[candidate.estimator]).input_tags.pairwise
        return self.variant_of(candidate), pairwise

    def fold(self, candidate: Candidate, index: int) -> Fold:
        """Return one fold as a candidate sees it."""
        return self.folds[self.variant_of(candidate)][index]

    def rows(self, estimator: Any, rows: Rows, train: Rows | None = None) -> tuple[Any, Any]:
        """Return a private selection of rows of X and y; ``train`` names the columns of a precomputed kernel."""
        if type(self.X) is np.ndarray and not get_tags(estimator).input_tags.pairwise:
            return _taken(self.X, rows), self.targets(rows)
        X, y = safe_split(estimator, self.X, self.y, rows, train)
        return X, y

    def all_rows(self) -> tuple[Any, Any]:
        """Return private copies of X and y, in their own memory order."""
        return _copied(self.X), _copied(self.y)

    def targets(self, rows: Rows) -> Any:
        """Return rows of y."""
        return None if self.y is None else _taken(self.y, rows)

    def fit_params_of(self, estimator: str, rows: Rows | None) -> dict[str, Any]:
        """Return what an estimator's ``fit`` is given on some rows (None: on all)."""
        params: dict[str, Any] = check_method_params(self.X, params=dict(self.fit_params[estimator]), indices=rows)
        return params

    def score_params_of(self, estimator: str, rows: Rows) -> dict[str, Any]:
        """Return what an estimator's scorer is given on some rows."""
        params: dict[str, Any] = check_method_params(self.X, params=dict(self.score_params[estimator]), indices=rows)
        return params


def _taken(data: Any, rows: Rows) -> Any:
    """Select rows as scikit-learn does; it looks long for what kind of data it has, many times what an array takes."""
    return data[rows, ...] if type(data) is np.ndarray else take_rows(data, rows)


def _copied(rows: Any) -> Any:
    """Copy what is known to be data; anything else is only ever read by its own estimator."""
    if isinstance(rows, np.ndarray):
        return rows.copy(order="K")
    if isinstance(rows, list):
        return list(rows)
    is_frame = hasattr(rows, "iloc") and hasattr(rows, "copy")
    return rows.copy() if is_frame or scipy.sparse.issparse(rows) else rows
