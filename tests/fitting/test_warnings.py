import threading
import warnings

import pytest

from multisearch.fitting import collected_warnings

EVERYTHING = [("default", None, Warning, None, 0)]


def warn(text="careful", category=UserWarning):
    warnings.warn(text, category, stacklevel=1)


def test_warnings_are_collected_instead_of_shown():
    with collected_warnings(EVERYTHING) as caught:
        warn()
        warn("else", RuntimeWarning)

    assert [(one.message, one.category) for one in caught] == [("careful", UserWarning), ("else", RuntimeWarning)]
    assert caught[0].filename == __file__
    assert caught[0].lineno == warn.__code__.co_firstlineno + 1


def test_equal_warnings_are_collected_once():
    with collected_warnings(EVERYTHING) as caught:
        for _ in range(3):
            warn()

    assert len(caught) == 1


def test_a_place_that_has_warned_before_is_collected_again():
    found = []
    for _ in range(2):
        with collected_warnings(EVERYTHING) as caught:
            warn()
        found.append(len(caught))

    assert found == [1, 1]


def test_what_no_filter_names_is_collected():
    with collected_warnings([]) as caught:
        warn(category=DeprecationWarning)

    assert len(caught) == 1


def test_filters_of_the_search_hold():
    filters = [("ignore", None, FutureWarning, None, 0), ("error", None, RuntimeWarning, None, 0), *EVERYTHING]
    with collected_warnings(filters) as caught:
        warn(category=FutureWarning)
        warn()
        with pytest.raises(RuntimeWarning, match="careful"):
            warn(category=RuntimeWarning)

    assert [one.category for one in caught] == [UserWarning]


@pytest.mark.filterwarnings("error")
def test_the_processs_filters_and_display_come_back():
    before = list(warnings.filters), warnings.showwarning
    with collected_warnings(EVERYTHING):
        assert warnings.showwarning != before[1]
    assert (list(warnings.filters), warnings.showwarning) == before
    with pytest.raises(ValueError, match="own error"), collected_warnings(EVERYTHING):
        raise ValueError("own error")

    assert (list(warnings.filters), warnings.showwarning) == before
    with pytest.raises(UserWarning, match="careful"):
        warn()


def test_an_inner_collection_keeps_its_warnings_from_the_outer():
    with collected_warnings(EVERYTHING) as outer:
        warn("before")
        with collected_warnings(EVERYTHING) as inner:
            warn("within")
        warn("after")

    assert [one.message for one in outer] == ["before", "after"]
    assert [one.message for one in inner] == ["within"]


def test_threads_collect_apart_and_the_last_one_restores():
    before = list(warnings.filters), warnings.showwarning
    first_is_in, second_is_out = threading.Event(), threading.Event()
    collected = {}

    def first():
        with collected_warnings(EVERYTHING) as caught:
            first_is_in.set()
            assert second_is_out.wait(20)
            warn("first")
        collected["first"] = caught

    def second():
        assert first_is_in.wait(20)
        with collected_warnings(EVERYTHING) as caught:
            warn("second")
        collected["second"] = caught
        second_is_out.set()

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert {name: [one.message for one in caught] for name, caught in collected.items()} == {
        "first": ["first"],
        "second": ["second"],
    }
    assert (list(warnings.filters), warnings.showwarning) == before


def test_threads_that_warn_at_one_place_collect_it_each():
    both_are_in = threading.Barrier(2, timeout=20)
    collected = []

    def work():
        with collected_warnings(EVERYTHING) as caught:
            both_are_in.wait()
            warn()
            both_are_in.wait()
        collected.append([one.message for one in caught])

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert collected == [["careful"], ["careful"]]


def test_a_thread_that_collects_nothing_is_shown_as_usual():
    shown = []
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_: shown.append(str(message))
        with collected_warnings(EVERYTHING) as caught:
            thread = threading.Thread(target=warn, args=("elsewhere",))
            thread.start()
            thread.join(30)

    assert shown == ["elsewhere"]
    assert caught == []
