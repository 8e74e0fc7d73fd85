"""AMD and Intel cards: a recorded sysfs, and exactly what is written into it."""

import errno
from pathlib import Path

import pytest
from rigs import eventually

from hardware.gpu.backend import Ability, BackendMissing, CardLost, CardRefuses
from hardware.gpu.sysfs import SysfsBackend, open_sysfs
from solard.system.lines import ask_now

TREE = Path(__file__).with_name("trees") / "amd_intel.txt"
RX6700, RX580 = "AMD-84a1b2c3d4e5f607", "AMD-0000:0c:00.0"
A380, B580 = "Intel-0000:03:00.0", "Intel-0000:04:00.0"


@pytest.fixture
def root(home: Path) -> Path:
    for line in TREE.read_text().splitlines():
        if not line.startswith("#"):
            name, _, value = line.partition(" = ")
            path = home / "sys" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value.replace("|", "\n") + "\n")
    return home / "sys"


class Written:
    """Writes into the tree, and remembers what and in which order."""

    def __init__(self) -> None:
        self.watts: list[tuple[str, float]] = []
        self.error: int | None = None

    def __call__(self, path: Path, text: str) -> None:
        self.watts.append((path.name, int(text) / 1e6))
        if self.error is not None:
            raise OSError(self.error, "said the driver")
        path.write_text(text)


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def backend(root: Path, written: Written) -> SysfsBackend:
    found = SysfsBackend(root, written)
    found.rescan()
    return found


def test_cards_are_those_with_a_limit_named_by_serial_or_slot(backend):
    facts = backend.cards()

    assert [(one.index, one.gpu_id, one.name) for one in facts] == [
        (0, RX6700, "AMD Radeon RX 6700 XT"),
        (1, RX580, "AMD 1002:67DF"),
        (2, A380, "Intel 8086:56A5"),
        (3, B580, "Intel 8086:E20B"),
    ]
    assert all(one.can == {Ability.LIMIT, Ability.PARK} for one in facts)
    assert backend.rescan() == ()


def test_ranges_are_the_drivers_own_or_a_floor_where_it_states_none(backend):
    ranges = [backend.envelope(gpu_id) for gpu_id in (RX6700, RX580, A380, B580)]

    assert [(one.min_w, one.default_w, one.max_w) for one in ranges] == [
        (174.0, 186.0, 213.0),
        (72.5, 145.0, 217.0),
        (30.0, 75.0, 75.0),
        (76.0, 190.0, 190.0),
    ]


def test_an_amd_card_goes_down_in_steps_of_20_w_and_up_at_once(backend, written):
    backend.write_limit(RX580, 80.0)
    backend.write_limit(RX580, 140.0)

    assert written.watts == [
        ("power1_cap", 125.0),
        ("power1_cap", 105.0),
        ("power1_cap", 85.0),
        ("power1_cap", 80.0),
        ("power1_cap", 140.0),
    ]
    assert backend.limits(RX580).limit_w == 140.0


def test_an_intel_card_gets_its_limit_at_once_in_its_own_file(backend, written):
    backend.write_limit(A380, 40.0)
    backend.write_limit(B580, 100.0)

    assert written.watts == [("power1_max", 40.0), ("power1_cap", 100.0)]


def test_zero_is_never_written_since_it_switches_the_limit_off(backend, written):
    with pytest.raises(CardRefuses, match="would switch the limit off"):
        backend.write_limit(A380, 0.0)

    assert written.watts == []


def test_a_limit_that_is_off_is_the_rated_power(backend):
    assert backend.limits(A380).limit_w == 75.0


def test_what_a_card_does_is_read_or_counted(backend, root):
    amd = backend.telemetry(RX6700)
    first = backend.telemetry(B580)
    (root / "class/drm/card3/device/hwmon/hwmon6/energy1_input").write_text("2510000000")
    second = backend.telemetry(B580)

    assert (amd.power_w, amd.temperature_c, amd.utilization) == (181.0, 67.0, 0.97)
    assert (first.power_w, first.energy_j, first.temperature_c) == (None, 2500.0, 52.0)
    assert second.energy_j == 2510.0
    assert second.power_w is not None
    assert second.power_w > 0.0


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.EACCES, CardRefuses, "start the keeper as root"),
        (errno.EINVAL, CardRefuses, "the driver rejects 180 W"),
        (errno.ENODEV, CardLost, "is gone; see `dmesg`"),
    ],
)
def test_errors_of_the_kernel_say_what_helps(backend, written, number, kind, words):
    written.error = number

    with pytest.raises(kind, match=words):
        backend.write_limit(RX6700, 180.0)


def test_a_card_that_was_unplugged_is_lost(backend, root):
    (root / "class/drm/card0/device/hwmon/hwmon3/power1_cap").unlink()

    with pytest.raises(CardLost, match="is gone"):
        backend.limits(RX6700)


def test_a_machine_without_such_cards_says_so(tmp_path):
    with pytest.raises(BackendMissing, match="no AMD or Intel card"):
        open_sysfs(tmp_path)


def test_the_keeper_keeps_nvidia_amd_and_intel_cards_side_by_side(nvml, root, start_keeper):
    keeper = start_keeper(nvml, lease_s=1.5, environment={"SOLARD_SYSFS": str(root)})
    cards = keeper.ask("list")
    limits = [
        {"gpu_id": gpu_id, "limit_w": limit_w}
        for gpu_id, limit_w in ((nvml.gpu_ids[0], 300.0), (RX6700, 176.0), (A380, 40.0))
    ]
    results = ask_now(keeper.socket, {"verb": "set", "limits": limits}, timeout_s=5)["results"]
    lowest = eventually(lambda: cap(root, "card0", 3), 174.0)
    keeper.stop()

    assert cards["backend"] == "nvml+sysfs"
    assert [card["index"] for card in cards["cards"]] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert [row["outcome"] for row in results] == ["applied"] * 3
    assert lowest == 174.0
    assert nvml.limits_w()[0] == 450.0
    assert (cap(root, "card0", 3), cap(root, "card1", 4)) == (186.0, 145.0)


def cap(root: Path, card: str, number: int) -> float:
    text = (root / f"class/drm/{card}/device/hwmon/hwmon{number}/power1_cap").read_text()
    return int(text) / 1e6
