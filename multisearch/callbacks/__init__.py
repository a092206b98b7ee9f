"""What happens on events of a search."""

from multisearch.callbacks._base import Callback
from multisearch.callbacks._choose import callbacks_for

__all__ = ["Callback", "callbacks_for"]
