from benchmarks._machine import this_machine


def test_a_machine_is_described():
    machine = this_machine()
    assert machine.cores >= 1
    assert machine.memory_gb > 0
    assert machine.processor
    assert {"multisearch", "scikit-learn", "numpy"} <= set(machine.packages)
    assert all(machine.packages.values())
