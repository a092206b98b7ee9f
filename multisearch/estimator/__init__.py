"""The face: the search as an estimator of scikit-learn's."""

from multisearch.estimator._search_cv import MultiModelSearchCV

__all__ = ["MultiModelSearchCV"]
