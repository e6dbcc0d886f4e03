"""python -m sandbox, as a person starts and stops it."""

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.sandbox.conftest import Estate
from tests.workers import PATIENCE

ROOT = Path(__file__).parents[2]


def start(*options: Any) -> Any:
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--findings", "300", "--days", "1", *options],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_answers_and_stops_cleanly(number: Any) -> None:
    with start("--port", "0", "--seed", "s", "--accounts", "5", "--regions", "eu-west-1") as process:
        line = process.stdout.readline()
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+", line)
        client = boto3.client(
            "account", region_name="eu-west-1", endpoint_url=url, aws_access_key_id="d", aws_secret_access_key="d"
        )
        enabled = client.list_regions(RegionOptStatusContains=["ENABLED_BY_DEFAULT"])["Regions"]
        client.close()
        assert [row["RegionName"] for row in enabled] == ["eu-west-1"]
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_taken_port_is_named_with_what_to_do(estate: Estate) -> None:
    with start("--port", str(estate.sandbox.port)) as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert f"port {estate.sandbox.port} on 127.0.0.1 is taken" in err
    assert "--port" in err


def test_nonsense_is_refused_in_words() -> None:
    with start("--accounts", "2", "--port", "0") as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "4 accounts or more" in err) == (2, True)
