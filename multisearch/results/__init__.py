"""What came out: outcomes to ``cv_results_``, ranks and the best row; and what is finished, in a journal."""

from multisearch.results._failures import failure_rows, failures_frame, report_failures
from multisearch.results._iterations import HistoryRow, histories_frame, history_rows, report_used_up
from multisearch.results._journal import Entry, Journal
from multisearch.results._read_journal import read_journal
from multisearch.results._table import ResultTable, select_best

__all__ = [
    "Entry",
    "HistoryRow",
    "Journal",
    "ResultTable",
    "failure_rows",
    "failures_frame",
    "histories_frame",
    "history_rows",
    "read_journal",
    "report_failures",
    "report_used_up",
    "select_best",
]
