"""Tasks on a dask cluster."""
