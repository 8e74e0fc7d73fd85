from tui.text import (
    Span,
    Tone,
    as_many_as_fit,
    cells,
    cut,
    flow,
    hang,
    line,
    line_cells,
    longest_that_fits,
    muted,
    pad,
    plain,
    spread,
    wrap,
)


def test_a_line_is_cut_with_an_ellipsis_and_keeps_its_tones() -> None:
    shown = cut(line(Span("SUN ", Tone.SUN), "2.62 kW today"), 12)

    assert plain(shown) == "SUN 2.62 kW…"
    assert shown[0] == Span("SUN ", Tone.SUN)


def test_a_line_that_fits_is_left_alone() -> None:
    whole = line("2.62 kW")

    assert cut(whole, 7) is whole


def test_nothing_fits_into_no_room() -> None:
    assert cut(line("2.62 kW"), 0) == ()


def test_wide_letters_take_two_cells_and_accents_none() -> None:
    assert cells("山小屋") == 6
    assert cells("e\u0301") == 1
    assert line_cells(pad(line("山"), 5)) == 5


def test_left_and_right_stand_at_the_ends() -> None:
    assert plain(spread(line("site"), line("14:24"), 12)) == "site   14:24"
    assert plain(spread(line("a long name"), line("14:24"), 12)) == "a lon… 14:24"


def test_a_number_and_its_unit_stay_on_one_row() -> None:
    assert wrap("more than 150 W for 2 h now", 13) == ("more than", "150 W for 2 h", "now")


def test_lost_rows_leave_an_ellipsis() -> None:
    assert wrap("one two three four", 9, at_most=1) == ("one two…",)
    assert wrap("one two", 9, at_most=1) == ("one two",)


def test_text_hangs_beside_its_label() -> None:
    rows = hang(line("WHY   "), "Battery 41 %: work ends at 60 %.", 22)

    assert [plain(row) for row in rows] == [
        "WHY   Battery 41 %:",
        "      work ends at",
        "      60 %.",
    ]


def test_a_label_without_text_stands_alone() -> None:
    assert hang(line("WHY"), "", 20) == (line("WHY"),)


def test_groups_flow_into_rows_and_never_break() -> None:
    groups = (line("rig 1,091 W"), line("budget 1,100 W"), line(muted("work "), "full"))

    assert [plain(row) for row in flow(groups, 30)] == [
        "rig 1,091 W   budget 1,100 W",
        "work full",
    ]
    assert plain(flow(groups, 30, indent=2)[1]) == "  work full"
    assert flow((), 30) == ()


def test_only_whole_groups_stay_in_one_row() -> None:
    groups = (line("self-use 94 %"), line("idle 105 W"))

    assert plain(as_many_as_fit(groups, 20)) == "self-use 94 %"
    assert as_many_as_fit((), 20) == ()


def test_the_longest_choice_that_fits_is_taken() -> None:
    choices = ("71 %, full at 16:00", "71 %")

    assert longest_that_fits(choices, 19) == "71 %, full at 16:00"
    assert longest_that_fits(choices, 18) == "71 %"
    assert longest_that_fits(choices, 3) == ""
