"""Originals survive whatever ends the keeper, and are never overwritten by a throttle."""

import json

import pytest

from hardware.gpu.journal import Journal, JournalUnwritable


def open_journal(directory, *, boot="boot-1", driver="580/17"):
    return Journal(directory, boot_id=boot, driver_start=driver)


def record(journal, limit_w, gpu_id="GPU-a"):
    journal.record(gpu_id, limit_w=limit_w, parked=False, persistence=True)


def test_an_original_is_there_after_a_crash(tmp_path):
    record(open_journal(tmp_path), 320.0)

    journal = open_journal(tmp_path)

    assert journal.was_left
    original = journal.original("GPU-a")
    assert original is not None
    assert (original.limit_w, original.persistence) == (320.0, True)


def test_a_second_record_does_not_replace_the_first(tmp_path):
    record(open_journal(tmp_path), 320.0)
    journal = open_journal(tmp_path)

    record(journal, 100.0)

    assert journal.original("GPU-a").limit_w == 320.0
    assert open_journal(tmp_path).original("GPU-a").limit_w == 320.0


def test_forgetting_the_last_card_leaves_nothing_behind(tmp_path):
    journal = open_journal(tmp_path)
    record(journal, 320.0)

    journal.forget("GPU-a")

    assert list(tmp_path.iterdir()) == []
    assert not open_journal(tmp_path).was_left


@pytest.mark.parametrize("changed", [{"boot": "boot-2"}, {"driver": "580/18"}])
def test_originals_of_another_boot_or_driver_are_void_but_still_alarm(tmp_path, changed):
    record(open_journal(tmp_path), 320.0)

    journal = open_journal(tmp_path, **changed)

    assert journal.was_left
    assert journal.original("GPU-a") is None


def test_an_unreadable_journal_is_kept_aside_and_counts_as_dirty(tmp_path):
    (tmp_path / "originals.json").write_text('{"GPU-a": {"limit')

    journal = open_journal(tmp_path)

    assert journal.was_left
    assert "unreadable" in journal.trouble
    assert (tmp_path / "originals.broken").exists()


def test_a_journal_that_cannot_be_written_says_where_and_why(tmp_path):
    directory = tmp_path / "state"
    directory.mkdir()
    journal = open_journal(directory)
    directory.rmdir()

    with pytest.raises(JournalUnwritable, match="No such file or directory") as caught:
        record(journal, 320.0)

    assert str(directory) in str(caught.value)


def test_a_failed_record_is_tried_again(tmp_path):
    directory = tmp_path / "state"
    directory.mkdir()
    journal = open_journal(directory)
    directory.rmdir()
    with pytest.raises(JournalUnwritable):
        record(journal, 320.0)
    directory.mkdir()

    record(journal, 100.0)

    found = json.loads((directory / "originals.json").read_text())
    assert found["GPU-a"]["limit_w"] == 320.0
