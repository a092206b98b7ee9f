"""Where tasks run: in this process, or on a dask cluster, behind one protocol."""

from multisearch.engines._base import Engine
from multisearch.engines._choose import open_engine, place_of

__all__ = ["Engine", "open_engine", "place_of"]
