"""The stream of tasks: what is proposed is planned, run, recorded and told, and run again where it was lost."""

from multisearch.loop._search import Search, SearchResult, exception_of, give_warnings, refit_candidate

__all__ = ["Search", "SearchResult", "exception_of", "give_warnings", "refit_candidate"]
