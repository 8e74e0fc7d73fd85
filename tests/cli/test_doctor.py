"""`solard doctor` and `solard backup` where no daemon runs."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from solard.core.view import Event
from solard.store.reading import open_history
from solard.store.store import Store
from solard.system.places import places_at
from tests.cli.stage import ROOT, solard, write

EVENT = Event(
    happened_at=datetime(2026, 11, 21, tzinfo=UTC), source="daemon", level="info", text="Started."
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A solard that has run: a configuration, and a history with one event."""
    places = places_at(tmp_path)
    places.make()
    write(places.config, (ROOT / "examples" / "cabin.yaml").read_text())
    with closing(Store.open(places.database, "boot")) as store:
        store.put_event(EVENT)
    return tmp_path


def verdicts(home: Path) -> dict[str, str]:
    ran = solard("doctor", "--json", "--dir", str(home))
    assert ran.returncode == 1, ran.stderr
    return {one["topic"]: one["verdict"] for one in json.loads(ran.stdout)["findings"]}


def test_without_a_daemon_the_rest_is_still_looked_at(home: Path) -> None:
    found = verdicts(home)

    assert {name: found[name] for name in ("configuration", "history", "disk", "daemon")} == {
        "configuration": "good",
        "history": "good",
        "disk": "good",
        "daemon": "bad",
    }


def test_broken_configuration_and_damaged_history_are_found(home: Path) -> None:
    places = places_at(home)
    write(places.config, "site: {supply: nuclear}\n")
    places.database.write_bytes(b"no database at all" * 300)

    found = verdicts(home)

    assert (found["configuration"], found["history"]) == ("bad", "bad")


def test_before_the_first_start_the_disk_is_the_one_that_will_be_used(tmp_path: Path) -> None:
    found = verdicts(tmp_path / "new")

    assert (found["history"], found["disk"]) == ("doubtful", "good")


def test_people_read_what_helps(home: Path) -> None:
    said = solard("doctor", "--dir", str(home)).stdout

    assert "✓ configuration  " in said
    assert "start it with `systemctl start solard`" in said
    assert said.splitlines()[-1].startswith("7 things looked at: 1 wrong, ")


def test_backup_is_a_whole_history(home: Path, tmp_path: Path) -> None:
    ran = solard("backup", str(tmp_path / "copy.db"), "--dir", str(home))

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith(" MB, sound.\n")
    with open_history(tmp_path / "copy.db") as history:
        assert history.events(1) == (EVENT,)


def test_backup_of_nothing_and_to_nowhere_is_a_sentence(home: Path, tmp_path: Path) -> None:
    nowhere = solard("backup", str(tmp_path / "none" / "copy.db"), "--dir", str(home))
    nothing = solard("backup", str(tmp_path / "copy.db"), "--dir", str(tmp_path / "other"))

    assert (nowhere.returncode, nothing.returncode) == (1, 1)
    assert nowhere.stderr.startswith(f"solard: no backup at {tmp_path}/none/copy.db: ")
    assert nothing.stderr.startswith("solard: there is no history at ")
