"""What happens on events of a search."""

from multisearch.callbacks._base import Callback
from multisearch.callbacks._progress import ProgressBar

__all__ = ["Callback", "ProgressBar"]
