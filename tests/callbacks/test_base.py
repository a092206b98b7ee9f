import pytest

from multisearch._records import Candidate, Outcome
from multisearch.callbacks import Callback

CANDIDATE = Candidate(0, "ridge", {})


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("on_start", (3, 5)),
        ("on_outcome", (CANDIDATE, Outcome(0, 0, 0.0, 0.0, 0.0))),
        ("on_candidate", (CANDIDATE, {"score": 0.5})),
        ("on_candidate", (CANDIDATE, {})),
        ("on_refit", (CANDIDATE,)),
        ("on_end", ()),
    ],
)
def test_a_callback_need_not_care_about_any_event(event, told):
    class OnlyInherits(Callback):
        pass

    assert getattr(OnlyInherits(), event)(*told) is None
