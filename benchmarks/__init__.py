"""What the search costs beside its peers: one file per benchmark, run with ``python -m benchmarks [NAME ...]``."""
