"""``python -m benchmarks``."""

import sys

from benchmarks._command import main

if __name__ == "__main__":
    sys.exit(main())
