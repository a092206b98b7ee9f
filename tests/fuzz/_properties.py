"""What has to hold for every case, by name; each draws its case itself, by a function like ``data().draw``."""

import tempfile
from pathlib import Path

from fuzz._cases import cases, single_cases
from fuzz._changes import changed
from fuzz._compare import check_grid_search, check_journal, check_short_cuts, check_workers
from fuzz._networks import network_cases


def short_cuts(draw):
    check_short_cuts(draw(cases(), label="case"))


def journal(draw):
    case = draw(cases(max_entries=2), label="case")
    other = draw(changed(case), label="changed")
    with tempfile.TemporaryDirectory() as folder:
        check_journal(case, other, Path(folder))


def grid_search(draw):
    check_grid_search(draw(single_cases(), label="case"))


def workers(draw):
    check_workers(draw(cases(max_entries=2), label="case"))


def networks(draw):
    check_short_cuts(draw(network_cases(), label="case"))


PROPERTIES = {
    "short_cuts": short_cuts,
    "journal": journal,
    "grid_search": grid_search,
    "workers": workers,
    "networks": networks,
}
