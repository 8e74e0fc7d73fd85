"""Where things lie, for the system and for a home of one's own."""

import socket
import stat
from pathlib import Path

import pytest

from solard.system.places import (
    HOME_VARIABLE,
    PathTooLong,
    places_at,
    places_from_environment,
    room_for_sockets,
)


def test_system_s_places_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    places = places_from_environment()

    assert places.config == Path("/etc/solard/solard.yaml")
    assert places.database == Path("/var/lib/solard/solard.db")
    assert places.lock == Path("/var/lib/solard/lock")
    assert places.api_socket == Path("/run/solard/api.sock")
    assert places.gpu_socket == Path("/run/solard/gpu.sock")
    assert places.work_socket("miner") == Path("/run/solard/work/miner.sock")


def test_home_holds_all_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, "/srv/rig")

    assert places_from_environment() == places_at(Path("/srv/rig"))
    assert places_from_environment().state == Path("/srv/rig/state")


def test_made_places_are_closed_to_strangers_and_kept(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    places = places_at(tmp_path_factory.mktemp("r") / "rig")
    places.make()
    (places.state / "solard.db").write_text("history")

    places.make()

    for place in (places.etc, places.state, places.run, places.work):
        assert stat.S_IMODE(place.stat().st_mode) & 0o007 == 0
    assert places.database.read_text() == "history"


def test_home_too_long_for_sockets_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    home = tmp_path / ("x" * 100)

    with pytest.raises(PathTooLong, match=r"bytes too long for the sockets in it; give a shorter"):
        places_at(home).make()

    assert not home.exists()


def test_sockets_get_a_short_directory_for_the_meantime_where_the_wanted_one_is_too_long(
    tmp_path: Path,
) -> None:
    name, wanted = "a.sock", tmp_path / ("long" * 30)
    with room_for_sockets(tmp_path / "run", name) as own, room_for_sockets(wanted, name) as short:
        with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
            one.bind(str(own / name))
            other.bind(str(short / name))
        assert own == tmp_path / "run"
    assert (own / name).exists()
    assert not short.exists()
