"""What happens on events of a search."""

from multisearch.callbacks._base import ONE_SCORE, Callback
from multisearch.callbacks._choose import callbacks_for

__all__ = ["ONE_SCORE", "Callback", "callbacks_for"]
