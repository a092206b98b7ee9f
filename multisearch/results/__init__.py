"""What came out: outcomes to ``cv_results_``, ranks and the best row."""

from multisearch.results._failures import report_failures
from multisearch.results._table import ResultTable, select_best

__all__ = ["ResultTable", "report_failures", "select_best"]
