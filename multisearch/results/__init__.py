"""What came out: outcomes to ``cv_results_``, ranks and the best row."""

from multisearch.results._failures import failure_rows, failures_frame, report_failures
from multisearch.results._iterations import HistoryRow, histories_frame, history_rows, report_used_up
from multisearch.results._table import ResultTable, select_best

__all__ = [
    "HistoryRow",
    "ResultTable",
    "failure_rows",
    "failures_frame",
    "histories_frame",
    "history_rows",
    "report_failures",
    "report_used_up",
    "select_best",
]
