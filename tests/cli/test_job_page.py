"""`solard job show`: one job on a page."""

from dataclasses import replace

from solard.cli.jobs import page_of
from tests.tui.pictures import HOME

JOB = HOME.jobs[0]


def test_all_terms_that_the_owner_stated_are_on_the_page() -> None:
    asked = replace(JOB, value=0.6, pay_at_most_per_kwh=0.1, mandatory=False, deadline_at=None)

    said = page_of(asked, HOME)

    assert "no deadline, worth 0.60 EUR, at most 0.10 EUR/kWh" in said


def test_terms_that_nobody_stated_are_not() -> None:
    said = page_of(replace(JOB, value=None, pay_at_most_per_kwh=None), HOME)

    assert "worth" not in said
    assert "at most" not in said
