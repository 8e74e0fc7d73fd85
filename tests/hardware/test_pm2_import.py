"""What pm2 runs becomes YAML that solard reads, and nothing is touched."""

import json

import pytest

from hardware.work.pm2 import Pm2Unreadable, read_pm2
from solard.config.written import write_workloads
from solard.core.work import Keeper
from tests.config.yamls import ISLAND, read

JLIST = [
    {
        "pid": 4242,
        "name": "SN8 miner",
        "pm_id": 0,
        "pm2_env": {
            "name": "SN8 miner",
            "pm_exec_path": "/home/alice/sn8/run.sh",
            "args": ["--netuid", "8", "--axon.port", "8091", "--wallet.name", "w"],
            "pm_pid_path": "/home/alice/.pm2/pids/SN8-miner-0.pid",
            "pm_out_log_path": "/home/alice/.pm2/logs/SN8-miner-out.log",
            "env": {"CUDA_VISIBLE_DEVICES": "0,1", "WALLET_PASSWORD": "hunter2"},
        },
    },
    {
        "pid": 0,
        "name": "sn8-miner",
        "pm2_env": {"pm_exec_path": "/usr/bin/python3", "args": "x.py"},
    },
]
DUMP = [
    {
        "name": "8 ball",
        "pm_exec_path": "/opt/ball",
        "args": ["--port=9000"],
        "CUDA_VISIBLE_DEVICES": "3",
        "pm_pid_path": "/root/.pm2/pids/8-ball-1.pid",
    }
]


def test_list_becomes_workloads_that_solard_reads() -> None:
    text = write_workloads(read_pm2(f">>>> PM2 is out of date\n{json.dumps(JLIST)}"))

    first, second = read(f"{ISLAND}{text}").workloads

    assert first.external is not None
    external = first.external.for_core()
    assert (first.name, external.keeper, external.name) == ("sn8-miner", Keeper.PM2, "SN8 miner")
    assert external.pid_file == "/home/alice/.pm2/pids/SN8-miner-0.pid"
    assert external.log_file == "/home/alice/.pm2/logs/SN8-miner-out.log"
    assert (first.gpus, first.ports) == ((0, 1), (8091,))
    assert first.health is not None
    assert first.health.port == 8091
    assert (second.name, second.gpus) == ("sn8-miner-2", ())


def test_environments_are_not_taken_over() -> None:
    assert "hunter2" not in write_workloads(read_pm2(json.dumps(JLIST)))


def test_dump_file_is_read_too() -> None:
    (one,) = read_pm2(json.dumps(DUMP))

    assert (one.name, one.external.name, one.gpus, one.ports) == (
        "w-8-ball",
        "8 ball",
        (3,),
        (9000,),
    )


def test_what_was_imported_is_only_watched() -> None:
    from solard.app.workloads import other_spec

    for section in read(f"{ISLAND}{write_workloads(read_pm2(json.dumps(JLIST)))}").workloads:
        assert other_spec(section).is_watched_only


@pytest.mark.parametrize("text", ["", "{}", "[]", "[1]", "no pm2 here", '[{"pid": 1}]'])
def test_something_else_is_a_sentence(text: str) -> None:
    with pytest.raises(Pm2Unreadable):
        read_pm2(text)
