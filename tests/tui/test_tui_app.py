from dataclasses import replace
from datetime import timedelta

import pytest

from solard.core.inputs import Override, OverrideKind
from tests.tui.pictures import CABIN, FIRST_RUN, HOME, NOW, SILENT
from tests.tui.stage import ScriptedSource, StillClock, app_on, screen_text, until
from tui.screens.dialogs import ConfirmScreen, HelpScreen, RunScreen
from tui.widgets.live_table import LiveTable
from tui.widgets.tones import CYCLE

WIDE, SMALL = (120, 36), (80, 24)
MARKS = {
    "1": "TODAY sun",
    "2": "Work against watts",
    "3": "Our neurons",
    "4": "Today by source",
    "5": "retrain-7",
    "6": "Last decision",
    "7": "Events, following",
    "8": "What inverter said last",
}


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_number_keys_open_the_screens_and_each_says_why_and_next(
    size: tuple[int, int],
) -> None:
    app = app_on(ScriptedSource(HOME))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        for key in "87654321":
            await pilot.press(key)
            await pilot.pause()
            shown = screen_text(app)
            mark = "Earnings today" if key == "1" and size == WIDE else MARKS[key]
            assert mark in shown, key
            assert "WHY   Surplus 2.14 kW" in shown, key
            assert "NEXT  At 16:45 down to 700 W" in shown, key


async def test_a_click_on_a_tab_opens_its_screen() -> None:
    app = app_on(ScriptedSource(HOME))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        await pilot.click("#tabs", offset=(25, 0))
        await pilot.pause()

        assert "Our neurons" in screen_text(app)


async def test_q_quits_and_says_that_the_person_did() -> None:
    called = []
    app = app_on(ScriptedSource(HOME), on_quit=lambda: called.append(True))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        await pilot.press("q")

    assert app.return_value is True
    assert called == [True]


async def test_a_lost_daemon_shows_a_banner_over_the_last_picture_and_comes_back() -> None:
    source, clock = ScriptedSource(HOME), StillClock()
    app = app_on(source, clock)
    async with app.run_test(size=WIDE):
        await until(app, "2.62 kW")
        source.hang_up()
        await until(app, "▲ OFFLINE since 14:24:05")
        lost = screen_text(app)

        assert "What you see is the last picture." in lost
        assert "2.62 kW" in lost
        assert app.screen.has_class("-offline")

        source.say(CABIN)
        await until(app, "cabin")
        assert "OFFLINE" not in screen_text(app)
        assert not app.screen.has_class("-offline")
        assert source.streams >= 2


async def test_without_a_daemon_the_screen_says_how_to_start_one() -> None:
    app = app_on(ScriptedSource(None))
    async with app.run_test(size=SMALL):
        await until(app, "NOT CONNECTED")
        shown = screen_text(app)

    assert "solard demo" in shown


async def test_the_first_run_says_the_next_step_on_every_screen() -> None:
    app = app_on(ScriptedSource(FIRST_RUN))
    async with app.run_test(size=WIDE) as pilot:
        for key in "123456":
            await pilot.press(key)
            await pilot.pause()
            assert "WHY   No inverter or battery is configured" in screen_text(app)
            assert "NEXT  Write `devices:` in solard.yaml" in screen_text(app)


async def test_pause_asks_once_and_then_writes() -> None:
    source = ScriptedSource(HOME)
    app = app_on(source)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        await pilot.press("p")
        await pilot.pause()
        assert isinstance(app.screen, ConfirmScreen)
        assert source.written == []
        await pilot.press("y")
        await pilot.pause()

        assert source.written == [("pause", NOW + timedelta(hours=2))]


async def test_enter_on_a_question_is_the_careful_answer() -> None:
    source = ScriptedSource(HOME)
    app = app_on(source)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        await pilot.press("o", "enter")
        await pilot.pause()

        assert not isinstance(app.screen, ConfirmScreen)
        assert source.written == []


async def test_a_run_is_typed_explained_and_sent() -> None:
    source = ScriptedSource(HOME)
    app = app_on(source)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        await pilot.press("r")
        await pilot.pause()
        assert isinstance(app.screen, RunScreen)
        await pilot.press("ctrl+u", *"600W", "tab", "ctrl+u", *"3h")
        await pilot.pause()
        assert "to 600 W at the wall until" in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()

        assert source.written == [("run", 600.0, NOW + timedelta(hours=3))]


async def test_a_wrong_power_keeps_the_dialog_open_and_says_why() -> None:
    source = ScriptedSource(HOME)
    app = app_on(source)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        await pilot.press("r")
        await pilot.pause()
        await pilot.press("ctrl+u", *"9kW", "enter")
        await pilot.pause()

        assert isinstance(app.screen, RunScreen)
        assert "9,000 W is outside what this rig can draw" in screen_text(app)
        assert source.written == []


async def test_resume_needs_something_to_end() -> None:
    source = ScriptedSource(HOME)
    app = app_on(source)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        await pilot.press("u")
        await pilot.pause()
        assert not isinstance(app.screen, ConfirmScreen)

        pause = Override(kind=OverrideKind.PAUSE, until_at=NOW + timedelta(hours=1))
        source.say(replace(HOME, seq=413, overrides=(pause,)))
        await pilot.pause()
        await pilot.press("u", "y")
        await pilot.pause()
        assert source.written == [("resume",)]


async def test_read_only_changes_nothing() -> None:
    source = ScriptedSource(HOME)
    app = app_on(source, read_only=True)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        await pilot.press("p", "r", "u", "o")
        await pilot.pause()

        assert not isinstance(app.screen, ConfirmScreen | RunScreen)
        assert "read-only" in screen_text(app)
        assert source.written == []


async def test_the_filter_narrows_the_log_and_escape_ends_it() -> None:
    app = app_on(ScriptedSource(HOME))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"epoch")
        await pilot.pause()
        assert "Epoch 106" in screen_text(app)
        assert "Started, version" not in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "Started, version" in screen_text(app)


async def test_the_cursor_chooses_the_curve() -> None:
    app = app_on(ScriptedSource(HOME))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("2")
        await pilot.pause()
        assert "GPU 0 at 296 W" in screen_text(app)
        await pilot.press("down", "down")
        await pilot.pause()
        assert "GPU 2 at 243 W" in screen_text(app)


async def test_the_chosen_device_says_its_values_and_why_it_is_silent() -> None:
    app = app_on(ScriptedSource(SILENT))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("8")
        await pilot.pause()
        inverter = " ".join(screen_text(app).split())
        await pilot.press("down")
        await pilot.pause()
        await pilot.pause()
        meter = " ".join(screen_text(app).split())

    assert "pv_power 2,620 W good 40084" in inverter
    assert "inverter_temperature 412 °C suspect 40103" in inverter
    assert "What meter said last" in meter
    assert "no reply within 3 s; is somebody else connected to it? Again in 2 s." in meter
    assert "voltage 231.4 V good 0" in meter
    assert "pv_power" not in meter


async def test_a_new_picture_keeps_the_cursor() -> None:
    source = ScriptedSource(HOME)
    app = app_on(source)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("2", "down")
        gpus = (replace(HOME.state.gpus[0], power_w=250.0), *HOME.state.gpus[1:])
        source.say(replace(HOME, seq=413, state=replace(HOME.state, gpus=gpus)))
        await pilot.pause()

        assert app.query_one("#cards", LiveTable).selected_key == "GPU-sim-1"
        assert "250 W" in screen_text(app)


async def test_a_shorter_why_of_the_same_rule_does_not_move_the_screen() -> None:
    source = ScriptedSource(HOME)
    app = app_on(source)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2")
        await pilot.pause()
        before = screen_text(app).splitlines().index("╭─ Cards " + "─" * 70 + "╮")
        assert HOME.decision is not None
        shorter = replace(HOME.decision, why="Surplus 2.1 kW.")
        source.say(replace(HOME, seq=413, decision=shorter))
        await pilot.pause()
        await pilot.pause()

        assert "WHY   Surplus 2.1 kW." in screen_text(app)
        assert screen_text(app).splitlines().index("╭─ Cards " + "─" * 70 + "╮") == before


async def test_help_opens_and_closes() -> None:
    app = app_on(ScriptedSource(HOME))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        assert "pause the rig for 2 h" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, HelpScreen)


async def test_t_walks_through_every_theme_and_back() -> None:
    app = app_on(ScriptedSource(CABIN))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2")
        for theme in (*CYCLE[1:], CYCLE[0]):
            await pilot.press("t")
            await pilot.pause()

            assert app.theme == theme
            assert "RTX 3090" in screen_text(app)


async def test_a_terminal_that_is_too_small_says_so() -> None:
    app = app_on(ScriptedSource(HOME))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()

        assert "This terminal is 40×10; solard" in screen_text(app)


async def test_the_screen_follows_a_resize() -> None:
    app = app_on(ScriptedSource(HOME))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        await pilot.resize_terminal(*SMALL)
        await pilot.pause()
        assert "Energy now" in screen_text(app)
        await pilot.resize_terminal(60, 30)
        await pilot.pause()
        assert screen_text(app).splitlines()[2].startswith(" WHY   Surplus")


async def test_the_picture_ages_while_nothing_comes() -> None:
    clock = StillClock()
    app = app_on(ScriptedSource(HOME), clock)
    async with app.run_test(size=WIDE):
        await until(app, "● live 0 s")
        clock.now_s += 12.0
        await until(app, "● live 12 s")


async def test_the_palette_offers_our_commands() -> None:
    app = app_on(ScriptedSource(HOME))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        names = [command.title for command in app.get_system_commands(app.screen)]

    assert names[:8] == [
        "Open Overview",
        "Open GPUs",
        "Open Neurons",
        "Open Earnings",
        "Open Plan",
        "Open Policies",
        "Open Log",
        "Open Devices",
    ]
    assert "Pause for 2 h" in names
