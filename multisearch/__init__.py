"""Model search for several estimators at once: one call, shared work, honest early stopping, any dask cluster."""

from multisearch._early_stopping import EarlyStopping
from multisearch._estimator import MultiModelSearchCV
from multisearch._records import Check, SearchStats
from multisearch.preview import EstimatorPlan, SearchPlan
from multisearch.results import read_journal

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
