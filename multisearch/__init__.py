"""Model search for several estimators at once: one call, shared work, honest early stopping, any dask cluster."""

from multisearch._records import Check, SearchStats
from multisearch.arguments import EarlyStopping
from multisearch.estimator._search_cv import MultiModelSearchCV
from multisearch.journal import read_journal
from multisearch.preview import EstimatorPlan, SearchPlan

__all__ = [
    "Check",
    "EarlyStopping",
    "EstimatorPlan",
    "MultiModelSearchCV",
    "SearchPlan",
    "SearchStats",
    "__version__",
    "read_journal",
]

__version__ = "0.1.0"
