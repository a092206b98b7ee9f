"""A contestant's own process: ``python -m benchmarks._contestant BENCHMARK CONTESTANT {full,quick}``.

It imports the benchmark, and with it all that its contestants import, performs, and prints its measurement as JSON in
the last line of its output.
"""

from __future__ import annotations

import dataclasses
import json
import sys


def main(benchmark_name: str, contestant: str, size: str) -> None:
    """Let one contestant perform once."""
    from benchmarks._cores import confine

    confine()
    from benchmarks._find import find
    from benchmarks._measurement import Stage

    benchmark = find(benchmark_name)
    stage = Stage(benchmark.quick if size == "quick" else benchmark.full)
    benchmark.performers()[contestant](stage)
    scores = {phase: dataclasses.asdict(one) for phase, one in stage.scores.items()}
    print(f"\n{json.dumps({'windows': stage.windows, 'figures': stage.figures, 'scores': scores})}", flush=True)


if __name__ == "__main__":  # worker processes may import this module again
    main(*sys.argv[1:])
