"""What came out: outcomes to ``cv_results_``, ranks and the best row; and what is finished, in a journal."""

from multisearch.results._failures import failure_rows, failures_frame, report_failures
from multisearch.results._journal import Entry, Journal
from multisearch.results._read_journal import read_journal
from multisearch.results._table import ResultTable, select_best

__all__ = [
    "Entry",
    "Journal",
    "ResultTable",
    "failure_rows",
    "failures_frame",
    "read_journal",
    "report_failures",
    "select_best",
]
