from dataclasses import replace
from datetime import timedelta

import pytest

from solard.core.host import HostState
from solard.core.inputs import Override, OverrideKind
from solard.core.state import BatteryState, CardHealth, Supply
from solard.core.view import SiteView
from tests.tui.pictures import CABIN, FIRST_RUN, HOME, NOW
from tui.model import curve, day, devices, earnings, energy, gpus, log, neurons, policies, why
from tui.model.header import Health, chain_health, device_health, gpu_health, header, link_health
from tui.model.picture import Link, Picture
from tui.model.table import paint
from tui.text import Lines, Span, Tone, plain

LINK = Link(socket="/run/solard/api.sock", age_s=1.0)


def _on(view: SiteView | None, link: Link = LINK) -> Picture:
    return Picture(view=view, link=link)


def _text(rows: Lines) -> list[str]:
    return [plain(row).rstrip() for row in rows]


# header


def test_the_header_says_site_age_sources_mode_and_time() -> None:
    assert plain(header(_on(CABIN), 120)) == (
        " solard  cabin  ● live 1 s   Modbus ●   GPU ● simulated   chain ● 1,284"
        "     LIVE  60× simulated day Sat 13 Jun 14:24:05 "
    )


def test_a_narrow_header_keeps_every_dot() -> None:
    assert plain(header(_on(HOME), 60)) == (
        " solard  home  ●  Modbus ●  GPU ●  chain ●      LIVE  14:24 "
    )


def test_the_header_fills_its_row_exactly() -> None:
    assert [len(plain(header(_on(CABIN), width))) for width in range(44, 200)] == list(
        range(44, 200)
    )


def test_observe_mode_is_a_badge() -> None:
    assert " OBSERVE " in plain(header(_on(replace(HOME, live=False)), 120))


def test_a_pause_is_a_badge_with_its_end() -> None:
    pause = Override(kind=OverrideKind.PAUSE, until_at=NOW + timedelta(hours=2))

    assert " PAUSED to 16:24 " in plain(header(_on(replace(HOME, overrides=(pause,))), 120))


def test_an_override_that_has_ended_is_no_badge() -> None:
    over = Override(kind=OverrideKind.RUN, until_at=NOW, power_w=600.0)

    assert " LIVE " in plain(header(_on(replace(HOME, overrides=(over,))), 120))


def test_a_run_is_a_badge_with_watts_and_end() -> None:
    run = Override(kind=OverrideKind.RUN, until_at=NOW + timedelta(hours=3), power_w=600.0)

    assert " RUN 600 W to 17:24 " in plain(header(_on(replace(HOME, overrides=(run,))), 120))


def test_a_device_is_late_after_three_periods_and_bad_with_an_error() -> None:
    device = replace(HOME.devices[0], period_s=2.0)

    assert device_health(replace(device, age_s=6.0), 1.0) is Health.GOOD
    assert device_health(replace(device, age_s=6.1), 1.0) is Health.LATE
    assert device_health(replace(device, age_s=None), 1.0) is Health.NONE
    assert device_health(replace(device, error="No answer."), 1.0) is Health.BAD


def test_a_fast_clock_does_not_make_a_device_late() -> None:
    device = replace(HOME.devices[0], period_s=2.0, age_s=90.0)

    assert device_health(device, 60.0) is Health.GOOD
    assert device_health(device, 1.0) is Health.LATE


def test_the_gpu_dot_knows_keeper_and_cards() -> None:
    gpu = replace(HOME.state.gpus[0], health=CardHealth.LOST)
    lost = replace(HOME, state=replace(HOME.state, gpus=(gpu,)))
    silent = replace(HOME, keeper=replace(HOME.keeper, error="The keeper does not answer."))

    assert gpu_health(HOME) is Health.GOOD
    assert gpu_health(lost) is Health.LATE
    assert gpu_health(silent) is Health.BAD
    assert gpu_health(FIRST_RUN) is Health.NONE


@pytest.mark.parametrize(
    ("age_s", "health"),
    [(8.0, Health.GOOD), (61.0, Health.LATE), (301.0, Health.BAD), (None, Health.LATE)],
)
def test_the_chain_dot_ages_with_the_last_block(age_s: float | None, health: Health) -> None:
    assert HOME.network is not None
    assert chain_health(replace(HOME, network=replace(HOME.network, age_s=age_s))) is health


@pytest.mark.parametrize(
    ("link", "health"),
    [
        (Link(), Health.NONE),
        (Link(age_s=1.0), Health.GOOD),
        (Link(age_s=5.0), Health.LATE),
        (Link(age_s=60.0), Health.BAD),
        (Link(age_s=1.0, error="gone"), Health.BAD),
    ],
)
def test_the_live_dot_ages_with_the_picture(link: Link, health: Health) -> None:
    assert link_health(link) is health


# WHY and NEXT


def test_why_and_next_are_the_decision_s_own_sentences() -> None:
    assert _text(why.strip(_on(CABIN), 120)) == [
        "WHY   Battery 98 % and refusing charge; panels give 1.1 kW, sky allows about 3.9. Trying "
        "hidden sun: 2 cards at 210 W.",
        "NEXT  +150 W in 60 s; back off if the battery gives more than 150 W (now 20).",
    ]


@pytest.mark.parametrize("height", [2, 3, 4, 5])
def test_both_sentences_keep_a_row_however_little_room_there_is(height: int) -> None:
    shown = _text(why.strip(_on(CABIN), 40, height))

    assert len(shown) <= height
    assert any(row.startswith("WHY") for row in shown)
    assert any(row.startswith("NEXT") for row in shown)


def test_without_devices_the_next_step_is_the_configuration() -> None:
    said, next_step = why.why_and_next(_on(FIRST_RUN))

    assert said == "No inverter or battery is configured, so nothing is known of the sun."
    assert "`devices:`" in next_step


def test_without_a_decision_the_silent_device_is_named() -> None:
    silent = replace(HOME.devices[0], error="No answer from 10.0.0.7:502 in 3 s.", retry_in_s=8.0)

    said, next_step = why.why_and_next(_on(replace(HOME, decision=None, devices=(silent,))))

    assert said == (
        "No decision yet: inverter does not answer. No answer from 10.0.0.7:502 in 3 s."
    )
    assert next_step.startswith("Another try in 8 s")


def test_without_a_decision_good_polls_are_counted() -> None:
    state = replace(HOME.state, good_polls=1)

    said, _ = why.why_and_next(_on(replace(HOME, decision=None, state=state)))

    assert said == "No decision yet: 1 of 2 good polls of every device are in."


def test_without_a_daemon_the_screen_says_how_to_start_one() -> None:
    said, next_step = why.why_and_next(_on(None, replace(LINK, error="nobody listens")))

    assert said == "No daemon gives a picture on /run/solard/api.sock."
    assert "`solard demo`" in next_step


def test_a_lost_daemon_is_said_with_since_when_and_the_next_try() -> None:
    link = replace(LINK, error="the daemon closed the stream", lost_for_s=32.0, retry_in_s=5.0)

    said = " ".join(" ".join(_text(why.banner(_on(HOME, link), 120))).split())

    assert said == (
        "▲ OFFLINE since 14:24:05 (32 s ago), next try in 5 s: the daemon closed the stream. "
        "What you see is the last picture."
    )


def test_the_first_problem_is_said_and_the_others_are_counted() -> None:
    assert _text(why.banner(_on(CABIN), 120)) == [
        " ▲ No weather forecast: the sun of the last hours stands in for it.  (+1 more: 7 Log)"
    ]
    assert why.banner(_on(HOME), 120) == ()


# energy


def test_energy_flows_from_the_sun_to_house_rig_battery_and_grid() -> None:
    assert _text(energy.energy(_on(HOME), 58, 12)) == [
        "SUN               2.62 kW ▇▇▇▇▇▇▁▁▁ forecast 3.56 kW",
        "  │",
        "  ├──▶ HOUSE        480 W ▇▁▁▁▁▁▁▁▁",
        "  ├──▶ RIG        1.09 kW ▇▇▇▁▁▁▁▁▁ budget 1.10 · 3/4 on",
        "  ├──▶ BATTERY      949 W ▇▇▁▁▁▁▁▁▁ 71 %, full at 16:00",
        "  └──▶ GRID         100 W ▇▁▁▁▁▁▁▁▁ export",
        "",
        "Today kWh    sun house   rig  bat+  bat−    in   out",
        "so far      12.4   3.9   6.1   1.8   0.2   0.1   0.7",
        "to come      7.7   2.2   3.6   1.4   0.0   0.0   0.5",
        "",
        "self-use 94 %   idle 105 W, 2.5 kWh a day   today 1.9 kWh",
    ]


def test_a_battery_that_gives_has_its_arrow_turned() -> None:
    battery = BatteryState(soc=0.41, power_w=800.0)
    view = replace(HOME, state=replace(HOME.state, battery=battery, grid_w=300.0))

    rows = _text(energy.energy(_on(view), 58, 12))

    assert "  ├◀── BATTERY      800 W ▇▇▁▁▁▁▁▁▁ 41 % gives" in rows
    assert "  └◀── GRID         300 W ▇▁▁▁▁▁▁▁▁ import" in rows


def test_sun_that_is_held_back_is_said_with_what_the_sky_allows() -> None:
    assert plain(energy.energy(_on(CABIN), 58, 12)[0]).endswith("held back of 3.56 kW")


def test_a_sky_below_what_the_panels_give_is_not_said() -> None:
    bright = replace(CABIN, state=replace(CABIN.state, pv_w=3900.0))

    assert plain(energy.energy(_on(bright), 58, 12)[0]).endswith("▇▇▇ held back")


def test_an_island_has_no_grid_and_a_generator_says_that_it_runs() -> None:
    running = replace(CABIN.state, supply=Supply.GENERATOR, generator_w=2400.0)

    assert "  └──▶ GRID             — ▁▁▁▁▁▁▁▁▁ none: island" in _text(
        energy.energy(_on(CABIN), 58, 12)
    )
    assert "  └◀── GENERATOR  2.40 kW ▇▇▇▇▇▇▁▁▁ runs" in _text(
        energy.energy(_on(replace(CABIN, state=running)), 58, 12)
    )


def test_a_battery_that_refuses_charge_says_so() -> None:
    assert energy.battery_note(CABIN, 40) == "98 %, refuses charge"
    assert energy.battery_note(FIRST_RUN, 40) == "no battery known"


def test_a_full_battery_is_full() -> None:
    battery = BatteryState(soc=0.995, power_w=0.0)

    assert energy.battery_note(replace(HOME, state=replace(HOME.state, battery=battery)), 40) == (
        "99 %, full"
    )


def test_the_generator_gets_a_column_when_it_gave_something() -> None:
    today = replace(CABIN.today, generator_wh=2400.0)

    rows = _text(energy.energy(_on(replace(CABIN, today=today)), 58, 12))

    assert "Today kWh     sun  house    rig   bat+   bat−    gen" in rows
    assert "so far       12.4    3.9    6.1    1.8    0.2    2.4" in rows


def test_few_rows_still_say_the_whole_flow() -> None:
    assert _text(energy.energy_compact(_on(HOME), 76)) == [
        "SUN   2.62 kW ▇▇▇▇▇▇▇▇▁▁▁▁  ▶ house 480 W  ▶ rig 1.09 kW  forecast 3.56 kW",
        "BAT   71 %    ▇▇▇▇▇▇▇▇▇▁▁▁  ▶ battery 949 W, full at 16:00  ▶ grid 100 W",
        "TODAY sun 12.4  house 3.9  rig 6.1  bat+ 1.8  bat− 0.2  in 0.1  out 0.7  kWh",
    ]


# cards


def test_the_cards_in_the_overview() -> None:
    assert _text(paint(gpus.card_table(HOME))) == [
        "GPU  limit    draw   temp  util state   work/h    /kW",
        "  0  300 W   296 W  61 °C  99 % works    118.2  399.3",
        "  1  300 W   298 W  63 °C  99 % works    117.6  394.6",
        "  2  300 W↓  243 W  58 °C  99 % works    101.0  415.6",
        "  3      —    14 W  37 °C   0 % parked       —      —",
    ]


def test_more_cards_than_rows_are_counted() -> None:
    assert _text(gpus.few_cards(_on(HOME), 54, 3))[-1] == "    3 more cards: 2 GPUs"
    assert _text(gpus.compact_cards(_on(HOME), 76, 3))[-1] == "2 more cards: 2 GPUs"


def test_no_cards_are_explained_in_the_keeper_s_words() -> None:
    assert _text(gpus.few_cards(_on(FIRST_RUN), 70)) == [
        "No cards. No NVIDIA driver is loaded: solard only watches."
    ]


def test_a_lost_card_is_bad_and_a_card_without_work_is_idle() -> None:
    gpu = HOME.state.gpus[0]

    assert gpus.card_state(replace(gpu, health=CardHealth.LOST)) == Span("lost", Tone.BAD)
    assert gpus.card_state(replace(gpu, utilization=0.0)) == Span("idle", Tone.WARN)


def test_the_whole_table_says_what_was_told_and_what_the_card_answered() -> None:
    rows = _text(paint(gpus.gpu_table(HOME, 116)))

    assert rows[3] == (
        "  2 RTX 3090                  240 W   300 W↓    300 W  243 W  58 °C  99 % works     101.0"
        "  415.6 clamped"
    )


def test_narrow_tables_drop_columns_and_never_overflow() -> None:
    for width in range(44, 140):
        table = gpus.gpu_table(HOME, width)
        assert sum(column.width + 1 for column in table.columns) <= width, width


def test_the_machine_stands_under_the_budget_once_it_was_looked_at() -> None:
    host = HostState(
        cpu_share=0.12,
        memory_used_bytes=3,
        memory_total_bytes=10,
        disk_used_bytes=None,
        disk_total_bytes=None,
        temperature_c=52.0,
        received_bytes_per_s=None,
        sent_bytes_per_s=None,
    )

    lines = _text(gpus.budget(_on(replace(HOME, host=host)), 116))

    assert lines[-1] == "machine: cpu 12 %   memory 30 %   disk —   heat 52 °C"


def test_the_budget_line_names_target_and_draw() -> None:
    assert HOME.decision is not None
    rising = replace(HOME, decision=replace(HOME.decision, budget_w=800.0))

    assert _text(gpus.budget(_on(rising), 116)) == [
        "rig draws 1,091 W   budget 800 W   on its way to 1,100 W   if every limit is used 1,018 W"
        "   work full   host 90 W",
        "cards 851 W   3 of 4 on   keeper simulated",
    ]


def test_the_curve_marks_where_the_card_works_and_where_it_works_best() -> None:
    rows = curve.curve(_on(HOME), "GPU-sim-0", 70, 12)

    assert plain(rows[0]) == "GPU 0 at 296 W does 96 % of its full work"
    assert plain(rows[1]) == "most work per watt at 220 W   takes 100 to 350 W"
    tones = {span.tone for row in rows[2:] for span in row}
    assert {Tone.RIG, Tone.GOOD, Tone.FAINT} <= tones


def test_a_parked_card_has_a_curve_without_a_point() -> None:
    rows = curve.curve(_on(HOME), "GPU-sim-3", 70, 12)

    assert plain(rows[0]).startswith("GPU 3 is parked")


def test_a_card_without_a_curve_says_so() -> None:
    bare = replace(HOME, rig=replace(HOME.rig, curves=()))

    assert "No curve is known" in plain(curve.curve(_on(bare), "GPU-sim-0", 70, 12)[0])
    assert "No card is known" in plain(curve.curve(_on(HOME), None, 70, 12)[0])


# the day


def test_the_day_runs_from_midnight_to_midnight() -> None:
    rows = _text(day.day_chart(_on(HOME), 79, 11))

    assert rows[0].startswith("4 kW ┤")
    assert rows[-1].split() == ["00", "03", "06", "09", "12", "15", "18", "21"]
    assert any("█░" in row for row in rows)
    assert sum("━" in row for row in rows) == 3


def test_a_gap_in_the_data_stays_a_gap() -> None:
    held = tuple(
        point
        for point in HOME.trace
        if not NOW - timedelta(hours=3) < point.at < NOW - timedelta(hours=1)
    )

    rows = _text(day.day_chart(_on(replace(HOME, trace=held)), 79, 11))

    assert "██     ██" in rows[5]


def test_coarse_history_before_a_fine_trace_has_no_holes() -> None:
    early = tuple(point for point in HOME.trace[::6] if point.at < NOW - timedelta(hours=3))
    late = tuple(point for point in HOME.trace if point.at >= NOW - timedelta(hours=3))

    rows = _text(day.day_chart(_on(replace(HOME, trace=early + late)), 79, 11))

    assert "━" * 27 + "█" * 17 + "░" in rows[8]


def test_the_present_stands_in_while_the_trace_lags() -> None:
    lagging = tuple(point for point in HOME.trace if point.at < NOW - timedelta(hours=1))

    rows = _text(day.day_chart(_on(replace(HOME, trace=lagging)), 79, 11))

    assert "█████  █░" in rows[5]


def test_an_empty_day_says_so() -> None:
    assert _text(day.day_chart(_on(FIRST_RUN), 79, 11)) == ["Nothing is known of today's sun yet."]


# earnings


def test_play_tokens_have_no_price_so_money_is_a_dash() -> None:
    rows = _text(earnings.earnings_today(_on(HOME), 36, 11))

    assert rows[0] == "τ 0.0413  play tokens, no price"
    assert "net           —" in rows
    assert "energy cost   0.04 EUR" in rows


def test_a_day_row_has_every_source() -> None:
    assert _text(paint(earnings.earnings_table(HOME, 116)))[:2] == [
        "day         τ miner τ valid.    kWh    sun hidden    bat   grid    gen   idle      cost"
        " lost feed    net   τ/kWh",
        "Sat 13 Jun   0.0340   0.0073    6.1    4.6    0.9    0.5    0.1      —    1.9  0.04 EUR"
        "  0.11 EUR      —  0.0068",
    ]


def test_an_unknown_price_makes_an_unknown_cost() -> None:
    assert _text(paint(earnings.earnings_table(HOME, 116)))[4].split()[12] == "—"


def test_a_day_without_energy_has_no_yield() -> None:
    empty = replace(HOME.earnings[0].sources, sun_wh=0.0, hidden_sun_wh=0.0, battery_wh=0.0)
    day_ = replace(HOME.earnings[0], sources=replace(empty, grid_wh=0.0))

    assert earnings.rao_per_kwh(day_) is None
    assert earnings.sun_share(day_.sources) is None


# neurons


def test_the_embedded_network_says_that_its_tokens_are_play() -> None:
    assert _text(neurons.network_head(_on(HOME), 100)) == [
        "● embedded network: play tokens, no price",
        "block 1,284   epoch 107   tempo 12 blocks   last block 8 s ago",
    ]


def test_a_neuron_row() -> None:
    assert _text(paint(neurons.neuron_table(HOME, 136)))[1] == (
        "  1 sunlight      1 miner        1  0.6213  0.0000   0.00   0.0041    1.204     4 blocks"
        "   200 blocks 5F3sa2…5EYjQX"
    )


def test_a_workload_that_does_not_follow_stands_out() -> None:
    miner = replace(HOME.workloads[1], mode=None, health="No answer for 12 s.")
    table = neurons.workload_table(replace(HOME, workloads=(miner,)), 116)

    assert Span("silent", Tone.BAD) in table.rows[0].cells
    assert Span("No answer for 12 s.", Tone.BAD) in table.rows[0].cells


def test_network_that_observing_does_not_start_is_said_to_wait_for_live() -> None:
    chain = replace(HOME.workloads[0], role="network", mode=None, health="not running (observing)")
    said = " ".join(
        _text(neurons.network_head(_on(replace(HOME, network=None, workloads=(chain,))), 76))
    )

    assert "`solard live`, or o, starts yours" in said
    assert "network: embedded" not in said


def test_work_that_observing_does_not_start_is_not_silent() -> None:
    miner = replace(HOME.workloads[1], mode=None, health="not running (observing)")
    (row,) = neurons.workload_table(replace(HOME, workloads=(miner,)), 116).rows

    assert "silent" not in [cell.text for cell in row.cells]
    assert row.cells[-1].text == "not running (observing)"


def test_counters_that_count_nothing_are_left_out() -> None:
    miner = replace(HOME.workloads[1], counters=(("answered", 6), ("refused", 0)))
    table = neurons.workload_table(replace(HOME, workloads=(miner,)), 76)

    assert table.rows[0].cells[-1].text == "ok, 6 answered"


def test_values_of_a_device_fit_the_narrowest_terminal_with_their_quality() -> None:
    table = devices.points_table(HOME.devices[0], 55)

    assert sum(column.width + 1 for column in table.columns) <= 55
    assert [column.label for column in table.columns][-1] == "quality"


def test_columns_that_stretch_share_what_is_left_over() -> None:
    for width in range(55, 140):
        table = devices.points_table(HOME.devices[0], width)
        assert sum(column.width + 1 for column in table.columns) <= width, width


def test_counters_follow_the_health() -> None:
    miner = replace(
        HOME.workloads[1],
        counters=(("requests", 1204), ("weights_set", 3), ("paid_rao", 41_300_000)),
    )
    table = neurons.workload_table(replace(HOME, workloads=(miner,)), 116)

    assert table.rows[0].cells[-1].text == "ok, 1,204 requests, 3 weights set, τ 0.0413 paid"


# policies


def test_policies_are_sentences_with_live_values() -> None:
    assert _text(policies.policies(_on(HOME), 110)) == [
        "○ quiet nights  waits",
        "  From 22:00 to 07:00 no card takes more than 150 W.",
        "    when   ✗ time between 22:00 and 07:00   now 14:24",
        "",
        "● leave room for cooking  acts now",
        "  While the surplus is above 2 kW, unless the battery is above 95 %, no card takes more"
        " than 300 W.",
        "    when   ✓ surplus above 2 kW   now 2.14 kW",
        "    unless ✗ battery above 95 %   now 71 %",
        "",
        "○ paid to use power  waits",
        "  While the export price is below 0 EUR/kWh, the rig takes at least 1.6 kW.",
        "    when   ? export price below 0.00 EUR/kWh   now unknown",
    ]


def test_every_proposal_of_the_last_decision_is_listed_with_its_verdict() -> None:
    rows = _text(policies.proposals(_on(HOME), 130))

    assert rows[0] == "14:24:03  plan decided: target 1,100 W, budget 1,100 W, work full"
    assert rows[2] == (
        " 1 idle      supply                          151 to 1,612 W   The grid is there."
    )
    assert any(
        row.startswith('11 overruled policy "paid to use power"') and "(by inverter rating)" in row
        for row in rows
    )
    assert any(row.startswith("13 chose     plan") and "(wants 1,100 W)" in row for row in rows)


def test_without_policies_the_next_step_is_named() -> None:
    assert _text(policies.policies(_on(FIRST_RUN), 110))[1].startswith("→ Add one under")


# log


def test_the_log_runs_from_old_to_new() -> None:
    rows = _text(log.log(_on(HOME), 118))

    assert rows[0] == "06:02:00 daemon    Started, version 0.1.0, live."
    assert rows[-1].startswith("14:02:11 rig       Budget 800 W → 1.1 kW")


def test_the_filter_looks_at_source_level_and_text() -> None:
    assert len(_text(log.log(_on(HOME), 200, "warning gx"))) == 1
    assert len(_text(log.log(_on(HOME), 200, "RIG"))) == 2
    assert _text(log.log(_on(HOME), 200, "nothing like it")) == [
        "No event matches “nothing like it”."
    ]


def test_levels_have_colours() -> None:
    rows = log.log(_on(HOME), 200, "sun fell")

    assert rows[0][-1].tone is Tone.BAD


def test_an_event_of_another_day_carries_its_date() -> None:
    old = replace(HOME.events[0], happened_at=NOW - timedelta(days=1))

    assert _text(log.events(_on(replace(HOME, events=(old,))), 118))[0].startswith(
        "Fri 12 Jun 14:24:05 rig"
    )


def test_problems_are_listed_whole() -> None:
    assert _text(log.problems(_on(HOME), 100)) == ["✓ Everything works."]
    assert _text(log.problems(_on(CABIN), 100))[1] == (
        "▲ The miner did not answer for 12 s; it is started again."
    )
