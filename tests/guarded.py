"""Numbers that must not come to one process: unpickled there they say so and raise, whichever way they came."""

import os

import numpy as np
import pandas as pd

came = []
"""The numbers that have come to the process all the same; whoever has sent them may have swallowed the error."""


class Guarded:
    """A number that may be anywhere but in one process, once it has been made elsewhere."""

    __slots__ = ("forbidden", "number")

    def __init__(self, number, forbidden):
        self.number = number
        self.forbidden = forbidden

    def __float__(self):
        return self.number

    def __reduce__(self):
        return unpickled, (self.number, self.forbidden)


def unpickled(number, forbidden):
    if os.getpid() == forbidden:
        came.append(number)
        raise AssertionError("a row came to the process that it must not come to")
    return Guarded(number, forbidden)


def guarded_block(block, forbidden):
    """Return the numbers of an array or frame, guarded; to be called elsewhere."""
    assert os.getpid() != forbidden
    if isinstance(block, pd.DataFrame):
        columns = {name: guarded_block(block[name].to_numpy(), forbidden) for name in block}
        return pd.DataFrame(columns, index=block.index, dtype=object)
    guarded = np.empty(block.shape, dtype=object)
    for place, number in np.ndenumerate(block):
        guarded[place] = Guarded(float(number), forbidden)
    return guarded
