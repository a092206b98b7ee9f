"""The parameters of a search that has named estimators: its own, and theirs as ``<name>__<param>``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from sklearn.base import BaseEstimator


class NamedEstimatorsMixin(BaseEstimator):
    """``get_params`` and ``set_params`` through the names of the triples in ``estimators``."""

    estimators: Any

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments; with ``deep`` also the estimators by name and their parameters as ``<name>__<param>``.

        Parameters
        ----------
        deep : bool, default=True

        Returns
        -------
        params : dict of str to object
        """
        params: dict[str, Any] = {**super().get_params(deep=deep)}
        if deep:
            for name, estimator in self._estimators_by_name().items():
                params[name] = estimator
                nested = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
                params |= {f"{name}__{parameter}": value for parameter, value in nested.items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set arguments, whole estimators by name, or their parameters as ``<name>__<param>``.

        Parameters
        ----------
        **params : dict

        Returns
        -------
        self : MultiModelSearchCV

        Raises
        ------
        ValueError
            Where there is no such parameter.
        """
        if "estimators" in params:
            self.estimators = params.pop("estimators")
        names = self._estimators_by_name()
        for name in names.keys() & params.keys():
            new = params.pop(name)
            self.estimators = [(n, new if n == name else estimator, space) for n, estimator, space in self.estimators]
        nested = {key: value for key, value in params.items() if key.partition("__")[0] in names}
        super().set_params(**{key: value for key, value in params.items() if key not in nested})
        for name, estimator in self._estimators_by_name().items():
            own = {key.partition("__")[2]: value for key, value in nested.items() if key.partition("__")[0] == name}
            if own:
                estimator.set_params(**own)
        return self

    def _estimators_by_name(self) -> dict[str, Any]:
        """Return the estimators of well-formed triples; anything else is for ``fit`` to complain about."""
        if isinstance(self.estimators, str | Mapping) or not hasattr(self.estimators, "__iter__"):
            return {}
        triples = [entry for entry in self.estimators if isinstance(entry, list | tuple) and len(entry) == 3]  # noqa: PLR2004
        return {name: estimator for name, estimator, _ in triples if isinstance(name, str)}
