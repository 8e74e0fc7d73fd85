"""What the keeper promises, on the fake driver and on simulated cards alike."""

import subprocess
import sys

from rigs import HOLDER, FakeDriver, SimulatedDriver, eventually

Driver = FakeDriver | SimulatedDriver


def test_a_limit_is_in_force_for_everybody_once_it_is_applied(driver, start_keeper):
    keeper = start_keeper(driver)

    results = keeper.set((0, 220.0), (1, 180.0))

    assert [row["outcome"] for row in results] == ["applied", "applied"]
    assert [row["limit_w"] for row in results] == [220.0, 180.0]
    assert driver.limits_w() == [220.0, 180.0, *driver.own_w[2:]]


def test_a_limit_outside_the_range_is_clamped_and_says_so(driver, start_keeper):
    keeper = start_keeper(driver)

    (high,) = keeper.set((1, 900.0))
    (low,) = keeper.set((0, 5.0))

    assert high["outcome"] == low["outcome"] == "clamped"
    assert "900 W is outside 100.." in high["reason"]
    assert low["limit_w"] == driver.lowest_w[0]


def test_a_lease_that_ends_leaves_every_card_at_failsafe(driver, start_keeper):
    keeper = start_keeper(driver, lease_s=0.4)
    keeper.set((0, 300.0))

    assert eventually(driver.limits_w, [*driver.lowest_w]) == [*driver.lowest_w]
    assert keeper.ask("read")["lease_left_s"] is None


def test_a_renewed_lease_goes_on(driver, start_keeper):
    keeper = start_keeper(driver, lease_s=30.0, speed=1.0)
    keeper.set((0, 300.0))
    before_s = keeper.ask("read")["lease_left_s"]

    after_s = keeper.ask("renew")["lease_left_s"]

    assert before_s < after_s <= 30.0


def test_a_killed_holder_leaves_failsafe(driver, start_keeper):
    keeper = start_keeper(driver, lease_s=1.5)
    command = [sys.executable, "-c", HOLDER, str(keeper.socket), *driver.gpu_ids[:2]]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        held = driver.limits_w()[:2]
        holder.kill()

    assert held == [250.0, 250.0]
    assert eventually(driver.limits_w, [*driver.lowest_w]) == [*driver.lowest_w]


def test_a_killed_keeper_comes_back_with_failsafe_and_the_originals(driver, start_keeper):
    driver.set_by_hand(1, 240.0)
    keeper = start_keeper(driver)
    keeper.set((0, 300.0), (1, 200.0))
    keeper.kill()

    keeper.restart()
    after_start = driver.limits_w()
    originals = keeper.originals_w()
    code = keeper.stop()

    assert after_start == [*driver.lowest_w]
    assert originals == [driver.own_w[0], 240.0, driver.own_w[2], driver.own_w[3]]
    assert code == 0
    assert driver.limits_w() == [driver.own_w[0], 240.0, driver.own_w[2], driver.own_w[3]]


def test_a_clean_stop_gives_each_card_its_own_limit_not_the_default(driver, start_keeper):
    driver.set_by_hand(0, 240.0)
    keeper = start_keeper(driver)
    keeper.set((0, 200.0), (1, 200.0))

    code = keeper.stop()

    assert code == 0
    assert driver.limits_w() == [240.0, *driver.own_w[1:]]
    assert not (keeper.home / "state" / "originals.json").exists()


def test_restore_gives_back_and_the_keeper_goes_on(driver, start_keeper):
    keeper = start_keeper(driver)
    keeper.set((1, 150.0))

    keeper.ask("restore")
    restored = driver.limits_w()
    (again,) = keeper.set((1, 160.0))

    assert restored == [*driver.own_w]
    assert again["outcome"] == "applied"


def test_failsafe_never_raises_a_limit(driver, start_keeper):
    keeper = start_keeper(driver, options=["--failsafe", "200"])
    keeper.set((0, 300.0), (1, 120.0))

    keeper.ask("failsafe")

    assert eventually(lambda: driver.limits_w()[:2], [200.0, 120.0]) == [200.0, 120.0]


def test_a_foreign_limit_is_put_back_twice_and_then_left_to_its_owner(driver, start_keeper):
    keeper = start_keeper(driver)
    keeper.set((1, 200.0))
    for _ in range(2):
        driver.set_by_hand(1, 330.0)
        assert eventually(lambda: driver.limits_w()[1], 200.0) == 200.0

    driver.set_by_hand(1, 330.0)
    health = eventually(lambda: keeper.healths()[1], "manual")
    (answer,) = keeper.set((1, 180.0))

    assert health == "manual"
    assert answer["outcome"] == "refused"
    assert answer["reason"] == (
        "somebody else set its limit 3 times in 10 min, now 330 W; "
        "left alone until `solard gpu take 1`"
    )
    assert driver.limits_w()[1] == 330.0


def test_wishes_within_a_second_become_one_write_of_the_newest(driver, start_keeper):
    keeper = start_keeper(driver, speed=0.5)  # its second is two of a busy machine's
    keeper.set((1, 200.0))

    (second,) = keeper.set((1, 250.0))
    keeper.set((1, 150.0))

    assert second["outcome"] == "clamped"
    assert second["limit_w"] == 200.0
    assert "less than 1 s ago" in second["reason"]
    seen: list[float | None] = []
    eventually(lambda: seen.append(driver.limits_w()[1]) or seen[-1], 150.0)
    assert seen[-1] == 150.0
    assert 250.0 not in seen


def test_a_lost_card_is_named_and_the_others_go_on(driver, start_keeper):
    keeper = start_keeper(driver)
    driver.lose(0)

    lost, kept = keeper.set((0, 200.0), (1, 180.0))
    state = keeper.states()[0]

    assert lost["outcome"] == "refused"
    assert "bus" in lost["reason"]
    assert kept["outcome"] == "applied"
    assert state["health"] == "lost"
    assert state["limit_w"] is None
    assert state["power_w"] is None


def test_a_card_that_ignores_its_limit_is_refused_and_denied(driver, start_keeper):
    keeper = start_keeper(driver)
    driver.stick(1)

    (answer,) = keeper.set((1, 180.0))

    assert answer["outcome"] == "refused"
    assert answer["reason"] == "still at 350 W after it was told 180 W"
    assert keeper.healths()[1] == "denied"


def test_a_card_that_hangs_holds_up_no_other(driver, start_keeper):
    keeper = start_keeper(driver)
    driver.hang(0)

    hung, kept = keeper.set((0, 200.0), (1, 180.0))
    driver.mend(0)

    assert hung["outcome"] == "refused"
    assert "no answer" in hung["reason"]
    assert kept["outcome"] == "applied"
    # Its wish still holds: it is written as soon as the card answers.
    assert eventually(lambda: driver.limits_w()[0], 200.0) == 200.0


def test_a_card_that_nobody_has_knows_no_limit(driver, start_keeper):
    keeper = start_keeper(driver)

    wish = {"gpu_id": "GPU-none", "limit_w": 200.0, "parked": False}
    (answer,) = keeper.ask("set", limits=[wish])["results"]

    assert answer["outcome"] == "refused"
    assert answer["reason"] == "no card GPU-none on this machine; see `solard gpu list`"
