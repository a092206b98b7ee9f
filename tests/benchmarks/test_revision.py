import subprocess

import pytest

from benchmarks._revision import Revision, this_revision


@pytest.fixture
def checkout(tmp_path):
    """Make a folder with one commit."""

    def git(*arguments):
        who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(tmp_path), *who, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init")
    (tmp_path / "code.py").write_text("1\n")
    git("add", ".")
    git("commit", "--no-verify", "-m", "first")
    return tmp_path, git("rev-parse", "HEAD")


def test_a_commit_is_named(checkout):
    folder, commit = checkout
    revision = this_revision(folder)
    assert revision == Revision(commit, is_changed=False)
    assert str(revision) == f"commit {commit[:12]}"


@pytest.mark.parametrize("name", ["code.py", "new.py"])
def test_what_is_not_committed_is_said(checkout, name):
    folder, commit = checkout
    (folder / name).write_text("2\n")
    revision = this_revision(folder)
    assert revision == Revision(commit, is_changed=True)
    assert str(revision) == f"commit {commit[:12]} with changes that are not committed"


def test_without_git_nothing_is_known(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert this_revision(tmp_path) == Revision(None, is_changed=False)
    assert str(this_revision(tmp_path)) == "an unknown commit"
