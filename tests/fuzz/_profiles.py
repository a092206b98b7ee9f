"""How long hypothesis tries, and whether it tries the same each time."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase

# A case is many draws, some cases are no cases, and a search takes the time that it takes.
_CHECKS = (
    HealthCheck.too_slow,
    HealthCheck.filter_too_much,
    HealthCheck.data_too_large,
)
_COMMON = settings(
    deadline=None,
    suppress_health_check=_CHECKS,
    print_blob=True,
    report_multiple_bugs=False,
    phases=set(Phase) - {Phase.explain},  # which takes minutes
)
settings.register_profile("fuzz-short", _COMMON, derandomize=True, database=None)
settings.register_profile(
    "fuzz-long", _COMMON, derandomize=False, database=DirectoryBasedExampleDatabase(".hypothesis/fuzz")
)


def short(max_examples):
    """Return the settings of ``make test``: the same examples each time, so many of them."""
    return settings(settings.get_profile("fuzz-short"), max_examples=max_examples)


def long(max_examples, **changes):
    """Return the settings of ``make fuzz``: other examples each time."""
    return settings(settings.get_profile("fuzz-long"), max_examples=max_examples, **changes)
