"""What a fitted search hands on to its best estimator: prediction, transformation and their attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from multisearch._lazy import is_lazy
from multisearch.estimator._lazy_answers import answered_by_block


def check_refit_was_asked(search: Any, attribute: str) -> None:
    """Raise AttributeError where ``refit=False`` leaves no best estimator to ask."""
    if not search.refit:
        raise AttributeError(
            f"This {type(search).__name__} instance was initialized with `refit=False`. {attribute} is available only "
            "after refitting on the best parameters. You can refit an estimator manually using the `best_params_` "
            "attribute"
        )


def _best_estimator_has(attribute: str) -> Callable[[Any], bool]:
    """Before the fit every estimator has to have the attribute, since any of them may win."""

    def check(search: Any) -> bool:
        check_refit_was_asked(search, attribute)
        if hasattr(search, "best_estimator_"):
            getattr(search.best_estimator_, attribute)
        else:
            for _, estimator, _ in search.estimators:
                getattr(estimator, attribute)
        return True

    return check


def _asked(search: Any, method: str, X: Any) -> Any:
    """Return what the best estimator says of X; of a dask collection lazily, block by block."""
    check_is_fitted(search)
    if is_lazy(X):
        return answered_by_block(search.best_estimator_, method, X)
    return getattr(search.best_estimator_, method)(X)


class BestEstimatorMixin:
    """Methods and attributes of ``best_estimator_``; there where it, or every estimator before the fit, has them.

    For a dask array or DataFrame the methods return lazy dask collections, made block by block: a DataFrame where the
    estimator gives one of pandas, else arrays.
    """

    best_estimator_: Any

    @available_if(_best_estimator_has("predict"))
    def predict(self, X: Any) -> Any:
        """Predict with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y_pred : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return _asked(self, "predict", X)

    @available_if(_best_estimator_has("predict_proba"))
    def predict_proba(self, X: Any) -> Any:
        """Predict class probabilities with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y_pred : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return _asked(self, "predict_proba", X)

    @available_if(_best_estimator_has("predict_log_proba"))
    def predict_log_proba(self, X: Any) -> Any:
        """Predict logarithms of class probabilities with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y_pred : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return _asked(self, "predict_log_proba", X)

    @available_if(_best_estimator_has("decision_function"))
    def decision_function(self, X: Any) -> Any:
        """Call the best estimator's decision function.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y_score : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_classes * (n_classes - 1) / 2)
        """
        return _asked(self, "decision_function", X)

    @available_if(_best_estimator_has("score_samples"))
    def score_samples(self, X: Any) -> Any:
        """Score every sample with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y_score : ndarray of shape (n_samples,)
        """
        return _asked(self, "score_samples", X)

    @available_if(_best_estimator_has("transform"))
    def transform(self, X: Any) -> Any:
        """Transform rows with the best estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        Xt : ndarray, sparse matrix or frame of shape (n_samples, n_transformed_features)
        """
        return _asked(self, "transform", X)

    @available_if(_best_estimator_has("inverse_transform"))
    def inverse_transform(self, X: Any) -> Any:
        """Undo the best estimator's transformation.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_transformed_features)

        Returns
        -------
        X_original : ndarray or sparse matrix of shape (n_samples, n_features)
        """
        return _asked(self, "inverse_transform", X)

    @property
    def n_features_in_(self) -> int:
        """Number of features seen during ``fit``; only with ``refit``."""
        try:
            check_is_fitted(self)
        except NotFittedError as error:
            raise AttributeError(f"{type(self).__name__} object has no n_features_in_ attribute.") from error
        n_features: int = self.best_estimator_.n_features_in_
        return n_features

    @property
    def classes_(self) -> Any:
        """Class labels, of shape (n_classes,); only with ``refit`` and for classifiers."""
        _best_estimator_has("classes_")(self)
        return self.best_estimator_.classes_
