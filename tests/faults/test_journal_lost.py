"""The journal can be written no more: the search goes on, and says so once. If it never could be: no search."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from faults import _full_disk
from faults._processes import started
from faults._traced import Traced, X, fits_in, search_in, set_pace, undisturbed, y
from helpers import assert_same_results
from namespaces import in_own_namespace

from multisearch import read_journal

pytestmark = pytest.mark.timeout(240)

N_EVALUATIONS = 60


class LosesItsJournal(Traced):
    """Deletes the journal and its folder after some fits."""

    def fit(self, X, y):
        super().fit(X, y)
        if len(fits_in(Path(self.folder))) >= 20:
            shutil.rmtree(Path(self.folder) / "vanishing", ignore_errors=True)
        return self


@pytest.mark.parametrize(
    "where", [{"scheduler": "inline"}, {"scheduler": "local", "n_jobs": 2}], ids=["inline", "local"]
)
def test_its_folder_vanishes(tmp_path, where):
    set_pace(tmp_path, 0)
    (tmp_path / "vanishing").mkdir()
    journal = tmp_path / "vanishing" / "journal.sqlite"
    search = search_in(tmp_path, model=LosesItsJournal, journal=journal, **where)
    with pytest.warns(UserWarning, match=r"journal\.sqlite") as given:
        search.fit(X, y)
    assert len(given) == 1
    assert_same_results(undisturbed(tmp_path), search.cv_results_)
    assert not journal.parent.exists()


ON_ITS_OWN_DISK = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"'


def on_a_disk(folder, options):
    """Return what a command has to begin with to find a small file system in a folder, which nobody else sees."""
    return [*in_own_namespace("mnt"), "sh", "-c", ON_ITS_OWN_DISK, "sh", options, folder]


def reported(folder, how, before=()):
    script = Path(_full_disk.__file__)
    with started(*before, sys.executable, script, folder, how, folder=folder) as process:
        assert process.wait(timeout=200) == 0, (folder / "said.txt").read_text()
    return json.loads((folder / "report.json").read_text())


@pytest.fixture
def disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    return disk


@pytest.mark.parametrize("how", ["full", "limit"])
def test_the_disk_is_full_for_some_time(tmp_path, disk, how):
    report = reported(tmp_path, how, on_a_disk(disk, "size=1m") if how == "full" else ())
    (said,) = report["said"]
    assert "journal.sqlite" in said
    assert 0 < report["kept"] < N_EVALUATIONS
    assert report["taken"] == report["kept"]
    assert report["said_later"] == []


def test_the_disk_can_only_be_read(tmp_path, disk):
    report = reported(tmp_path, "read-only", on_a_disk(disk, "ro"))
    assert report["error"] in {"OSError", "PermissionError"}
    assert report["fits"] == 0


def test_there_is_no_such_folder(tmp_path, disk):
    set_pace(tmp_path, 0)
    with pytest.raises(FileNotFoundError, match="missing"):
        search_in(tmp_path, journal=tmp_path / "missing" / "journal.sqlite").fit(X, y)
    assert fits_in(tmp_path) == []


def test_a_journal_that_vanished_is_begun_anew(tmp_path, disk):
    set_pace(tmp_path, 0)
    journal = disk / "journal.sqlite"
    search = search_in(tmp_path, journal=journal).fit(X, y)
    shutil.rmtree(disk)
    disk.mkdir()
    assert search.fit(X, y).search_stats_.evaluations_from_journal == 0
    assert len(read_journal(journal)) == N_EVALUATIONS
