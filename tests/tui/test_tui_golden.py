"""Whole screens as text; a change is read, then stored with SOLARD_UPDATE_GOLDEN=1."""

import pytest

from solard.core.view import SiteView
from tests.tui.pictures import CABIN, FIRST_RUN, HOME
from tests.tui.stage import ScriptedSource, app_on, check_golden, screen_text

NAMES = ("overview", "gpus", "neurons", "earnings", "plan", "policies", "log", "devices")


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])
@pytest.mark.parametrize(("site", "view"), [("home", HOME), ("cabin", CABIN)])
async def test_the_screens_look_as_they_did(
    site: str, view: SiteView, size: tuple[int, int]
) -> None:
    app = app_on(ScriptedSource(view))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        for number, name in enumerate(NAMES, start=1):
            await pilot.press(str(number))
            await pilot.pause()
            await pilot.pause()

            check_golden(f"{site}_{name}_{size[0]}x{size[1]}", screen_text(app))


@pytest.mark.parametrize(
    ("name", "view", "size"),
    [
        ("first_run_120x36", FIRST_RUN, (120, 36)),
        ("first_run_80x24", FIRST_RUN, (80, 24)),
        ("home_overview_60x30", HOME, (60, 30)),
        ("home_overview_160x50", HOME, (160, 50)),
        ("no_daemon_80x24", None, (80, 24)),
    ],
)
async def test_a_state_looks_as_it_did(
    name: str, view: SiteView | None, size: tuple[int, int]
) -> None:
    app = app_on(ScriptedSource(view))
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.05)
        await pilot.pause()

        check_golden(name, screen_text(app))
