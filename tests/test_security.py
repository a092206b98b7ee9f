"""Who can connect, who can read, and what names can do: as docs/user_guide/security.md says."""

import json
import logging
import os
import re
import shlex
import subprocess
import sys
import threading
import time
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import dask
import numpy as np
import psutil
import pytest
from distributed import Client
from distributed.security import Security
from helpers import assert_same_results
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import Lasso, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from multisearch import MultiModelSearchCV, read_journal
from multisearch._printable import printable
from multisearch.engines.local import _workers

PAGE = Path(__file__).parents[1] / "docs" / "user_guide" / "security.md"
ON_THE_PAGE, HERE = "192.0.2.", "127.0.0.1"
SECONDS_TO_START = 60


def addresses_listened_on(process):
    """Return the addresses at which a process takes connections."""
    connections = getattr(process, "net_connections", None) or process.connections  # the older name
    return [one.laddr.ip for one in connections(kind="inet") if one.status == psutil.CONN_LISTEN]


def test_whatever_local_workers_consist_of_listens_on_loopback_only(regression):
    before = set(addresses_listened_on(psutil.Process()))
    MultiModelSearchCV([("ridge", Ridge(), {"alpha": [0.1, 1.0]})], n_jobs=2).fit(*regression)
    host = psutil.Process(_workers._warm[os.getpid(), 2]._host._process.pid)
    processes = [host, *host.children(recursive=True)]
    by_process = [set(addresses_listened_on(process)) for process in processes]

    assert sum(map(bool, by_process)) >= 3, "the scheduler with its nannies, and two workers"
    assert set.union(*by_process) == {HERE}
    assert set(addresses_listened_on(psutil.Process())) == before


def test_folders_for_local_workers_are_private(regression):
    MultiModelSearchCV([("ridge", Ridge(), {})], n_jobs=2).fit(*regression)
    folders = _workers._warm[os.getpid(), 2].folders
    assert folders
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in folders)


def commands_on_the_page(beginning):
    """Return the block of commands that begins like this."""
    blocks = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    (block,) = [block for block in blocks if block.startswith(beginning)]
    return block


def make_certificates(folder):
    folder.mkdir()
    commands = commands_on_the_page("openssl")
    subprocess.run(["bash", "-euc", commands], cwd=folder, check=True, capture_output=True, timeout=60)
    return folder


def started(folder, command, *more):
    """Start a dask command of the page in this folder, on this machine."""
    words = shlex.split(command.replace("\\\n", " "))
    assert words.pop(0) == "dask"
    return subprocess.Popen([sys.executable, "-m", "dask", *words, *more], cwd=folder)


def address_in(file, process):
    """Return the address that a scheduler writes when it has started."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        if file.exists() and (text := file.read_text()).endswith("}"):
            return json.loads(text)["address"]
        time.sleep(0.1)
    raise AssertionError("the scheduler has not started")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def tls_address(certificates):
    """Start scheduler and workers by the commands of the page, but on loopback and at a free port."""
    on_loopback = re.sub(rf"{re.escape(ON_THE_PAGE)}\d+", HERE, commands_on_the_page("dask scheduler"))
    command = on_loopback.replace("--port 8786", "--port 0")
    assert command.count(f"--host {HERE} --port 0") == 1
    processes = [started(certificates, command, "--scheduler-file", "scheduler.json")]
    try:
        address = address_in(certificates / "scheduler.json", processes[0])
        command = commands_on_the_page("dask worker").replace(f"tls://{ON_THE_PAGE}10:8786", address)
        command = re.sub(rf"{re.escape(ON_THE_PAGE)}\d+", HERE, command).replace("--nworkers 4", "--nworkers 2")
        processes.append(started(certificates, command))
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def security_of(folder):
    return Security(
        tls_ca_file=str(folder / "ca.pem"),
        tls_client_cert=str(folder / "client.pem"),
        tls_client_key=str(folder / "client-key.pem"),
        require_encryption=True,
    )


def configuration_of(folder):
    return {
        "distributed.comm.tls.ca-file": str(folder / "ca.pem"),
        "distributed.comm.tls.client.cert": str(folder / "client.pem"),
        "distributed.comm.tls.client.key": str(folder / "client-key.pem"),
    }


@pytest.mark.slow
def test_a_search_on_a_cluster_with_tls_gives_the_same_scores(tls_address, certificates, two_pipelines, regression):
    inline = MultiModelSearchCV(two_pipelines, cv=3).fit(*regression)
    with Client(tls_address, security=security_of(certificates)) as client:
        client.wait_for_workers(2, timeout=SECONDS_TO_START)
        search = MultiModelSearchCV(two_pipelines, cv=3).fit(*regression)
        workers = client.scheduler_info(n_workers=-1)["workers"]

    assert tls_address.startswith(f"tls://{HERE}:")
    assert len(workers) == 2
    assert all(address.startswith(f"tls://{HERE}:") for address in workers)
    assert search.search_stats_.workers == 2
    assert_same_results(inline.cv_results_, search.cv_results_)
    np.testing.assert_array_equal(inline.predict(regression[0]), search.predict(regression[0]))


def test_an_address_is_enough_where_the_configuration_has_the_certificates(
    tls_address, certificates, two_pipelines, regression
):
    configuration = configuration_of(certificates)
    assert all(name in PAGE.read_text() for name in configuration)
    inline = MultiModelSearchCV(two_pipelines, cv=3).fit(*regression)
    with dask.config.set(configuration):
        search = MultiModelSearchCV(two_pipelines, cv=3, scheduler=tls_address).fit(*regression)
    assert_same_results(inline.cv_results_, search.cv_results_)


@pytest.mark.slow
def test_without_certificates_a_search_ends_before_anything_is_sent(tls_address, two_pipelines, regression):
    with pytest.raises(ConnectionError, match="for TLS, make a client of distributed with its security"):
        MultiModelSearchCV(two_pipelines, scheduler=tls_address).fit(*regression)


def test_who_speaks_without_tls_is_not_listened_to(tls_address, two_pipelines, regression):
    address = tls_address.replace("tls://", "tcp://")
    with pytest.raises(ConnectionError, match=f"no dask scheduler answered at scheduler='{address}'"):
        MultiModelSearchCV(two_pipelines, scheduler=address).fit(*regression)


@pytest.mark.slow
def test_certificates_of_another_authority_are_not_accepted(tls_address, tmp_path, two_pipelines, regression):
    theirs = make_certificates(tmp_path / "theirs")
    search = MultiModelSearchCV(two_pipelines, scheduler=tls_address)
    with (
        dask.config.set(configuration_of(theirs)),
        pytest.raises(ConnectionError, match=f"no dask scheduler answered at scheduler='{tls_address}'") as raised,
    ):
        search.fit(*regression)
    assert "certificate verify failed" in str(raised.value.__cause__.__cause__)


NAMES = {
    "a script": "<script>alert(1)</script>",
    "an attribute": "\"'><img src=x onerror=alert(1)>",
    "markup of rich": "[red]x[/red] [link=https://example.com]y[/link]",
    "a format": "%s%n%(name)s {0} {task.description}",
    "lines": "one\n[CV 9/9] END forged: ; total time=0.0s\r\n",
    "codes of a terminal": "\x1b[2J\x1b]0;title\x07",
    "a path": "../../x",
    "an absolute path": "/x/y",
    "SQL": "'); DROP TABLE evaluations; --",
    "text that runs backwards": "\u202ename",
}


@pytest.fixture(params=NAMES.values(), ids=list(NAMES))
def name(request):
    return request.param


class Labelled(TransformerMixin, BaseEstimator):
    """Takes any text as a parameter, and shows it when it is printed."""

    def __init__(self, label=""):
        self.label = label

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


def searched(name, **arguments):
    """Return a search in which a name names an estimator, and is a value as well."""
    pipeline = Pipeline([("label", Labelled()), ("model", Ridge())])
    space = {"label__label": [name], "model__alpha": [0.1, 1.0]}
    return MultiModelSearchCV([(name, pipeline, space), ("lasso", Lasso(), {})], cv=2, **arguments)


def test_names_are_printed_but_not_obeyed(name, regression, capsys):
    searched(name, verbose=3).fit(*regression)
    lines = capsys.readouterr().out.split("\n")

    reports = [line for line in lines if line.startswith("[CV")]
    assert len(reports) == 6
    assert sum(f" END {printable(name)}: label__label={printable(name)}, " in line for line in reports) == 4
    assert all(character.isprintable() for line in lines for character in line)
    assert sum(line.startswith("[CV 9/9]") for line in lines) == 0


def test_names_are_printed_but_not_obeyed_in_a_plan(name, regression):
    text = str(searched(name).plan(*regression))
    assert all(character.isprintable() for line in text.split("\n") for character in line)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {attribute for attribute, _ in attrs}


def tags_of(html):
    tags = Tags()
    tags.feed(html)
    tags.close()
    return tags


def test_names_are_text_in_html(name, regression):
    search, plain = searched(name), searched("plain")
    for drawn, drawn_plain in [
        (search.plan(*regression)._repr_html_(), plain.plan(*regression)._repr_html_()),
        (search._repr_html_(), plain._repr_html_()),
        (search.fit(*regression)._repr_html_(), plain.fit(*regression)._repr_html_()),
    ]:
        tags, plain_tags = tags_of(drawn), tags_of(drawn_plain)
        assert tags.seen == plain_tags.seen
        assert tags.attributes == plain_tags.attributes
    assert escape(name) in search._repr_html_() or escape(name, quote=False) in search._repr_html_()


def guarded(lock):
    """Return a function whose content cannot be told."""

    def transform(X):
        with lock:
            return X

    return transform


def test_names_are_text_in_the_log(name, regression, caplog):
    step = FunctionTransformer(guarded(threading.Lock()))
    pipeline = Pipeline([("guard", step), ("model", Ridge())])
    estimators = [(name, pipeline, {"model__alpha": [0.1, 1.0]})]
    with caplog.at_level(logging.DEBUG, "multisearch"):
        MultiModelSearchCV(estimators, cv=2).fit(*regression)
    messages = [record.getMessage() for record in caplog.records if record.name == "multisearch"]

    assert any(f"steps of estimator {name!r} are not shared" in message for message in messages)
    assert all(character.isprintable() for message in messages for character in message)


def test_names_are_never_names_of_files(name, regression, tmp_path, monkeypatch):
    folder = tmp_path / "one" / "two" / "three"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    searched(name, n_jobs=2, journal="journal.sqlite").fit(*regression)

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.parent for path in files} == {folder}
    assert {path.name.partition("-")[0] for path in files} == {"journal.sqlite"}
    assert set(read_journal("journal.sqlite")["estimator"]) == {name, "lasso"}
