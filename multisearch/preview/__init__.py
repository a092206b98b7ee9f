"""What a search will do, before it does it: what has to be fitted, and how long that may take."""

from multisearch.preview._make import make_plan
from multisearch.preview._search_plan import EstimatorPlan, SearchPlan

__all__ = ["EstimatorPlan", "SearchPlan", "make_plan"]
