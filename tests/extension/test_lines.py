"""What is printed for an invocation, byte for byte."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.extension.conftest import EMULATORS, Start, emulated
from tests.extension.record import FULL, record, small, without_sockets

GOLDEN = Path(__file__).with_name("golden")


COUNTERS = " ".join(f"{word.partition('=')[0]}=1" for word in FULL.split() if word[0].isupper())


def golden(name: str) -> str:
    return (GOLDEN / f"{name}.json").read_text().rstrip("\n")


@pytest.mark.parametrize("metrics", ["core", "all", "log"])
def test_line_of_each_setting(start: Start, metrics: str) -> None:
    extension = start(KEEPALIVE_METRICS=metrics).ready()
    extension.write(record())
    assert without_sockets(extension.line()) == golden(metrics)
    assert extension.finish() == []


def test_datadog_gets_a_line_for_each_metric_of_core(start: Start) -> None:
    extension = start(KEEPALIVE_METRICS="datadog").ready()
    extension.write(record())
    lines = golden("datadog").splitlines()
    for line in lines:
        sockets = re.sub(r'(Sockets\w+","v"):\d+', r"\1:0", extension.line())
        assert sockets == line
        assert set(json.loads(line)) == {"m", "v", "e", "t"}
    assert extension.finish() == []


@pytest.mark.parametrize("arch", EMULATORS)
def test_both_architectures_print_the_same(start: Start, binaries: dict[str, Path], arch: str) -> None:
    extension = start(emulated(arch, binaries[arch])).ready()
    extension.write(record())
    assert without_sockets(extension.line()) == golden("core")
    extension.write(record("checkpoint"))
    assert extension.finish("timeout") == [golden("timeout")]


def test_core_is_the_default(start: Start) -> None:
    extension = start().ready()
    extension.write(record())
    assert without_sockets(extension.line()) == golden("core")


def test_what_mode_observe_adds_are_properties_and_no_metrics(start: Start) -> None:
    extension = start(KEEPALIVE_METRICS="all").ready()
    extension.write(record("end", f"{FULL} mode=observe wouldReuse=7 wouldSave=12.340"))
    line = extension.line()
    assert ',"mode":"observe","wouldReuse":7,"wouldSave":12.34,' in line
    [directive] = json.loads(line)["_aws"]["CloudWatchMetrics"]
    assert not {"wouldReuse", "wouldSave"} & {metric["Name"] for metric in directive["Metrics"]}


def test_every_name_in_the_directive_is_a_member(start: Start) -> None:
    """CloudWatch rejects a line whose directive names what the line does not have."""
    extension = start(KEEPALIVE_METRICS="all").ready()
    for fields in (FULL, "id=a pid=1 t=1", "id=a pid=1 t=1 TlsHandshakes=1"):
        extension.write(record("end", fields))
        line = json.loads(extension.line())
        [directive] = line["_aws"]["CloudWatchMetrics"]
        names = [metric["Name"] for metric in directive["Metrics"]]
        assert all(isinstance(line[name], int | float) for name in names)
        assert directive["Dimensions"] == [["FunctionName"]]
        assert isinstance(line["FunctionName"], str)


def test_namespace_and_function_name_are_taken_from_the_environment(start: Start) -> None:
    extension = start(KEEPALIVE_METRICS_NAMESPACE="Team/Shop.eu", AWS_LAMBDA_FUNCTION_NAME="pay-2").ready()
    extension.write(small("a"))
    line = json.loads(extension.line())
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Team/Shop.eu"
    assert line["FunctionName"] == "pay-2"


def test_optional_fields_that_are_absent_are_not_printed(start: Start) -> None:
    extension = start().ready()
    extension.write(record("end", "id=a pid=1 t=7"))
    line = json.loads(extension.line())
    assert set(line) <= {"_aws", "FunctionName", "requestId", "SocketsEstablished", "SocketsTimeWait"}


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("0", 0),
        ("007", 7),
        ("1.5", 1.5),
        ("1.050", 1.05),
        ("0.001", 0.001),
        ("12.000", 12),
        ("9007199254740992", 2**53),
    ],
)
def test_times_are_printed_without_superfluous_digits(start: Start, written: str, printed: float) -> None:
    extension = start().ready()
    extension.write(record("end", f"id=a pid=1 t=1 ConnectTime={written}"))
    assert f'"ConnectTime":{printed},' in extension.line()


def test_unknown_keys_are_ignored(start: Start) -> None:
    """A newer layer may write more than this extension knows."""
    extension = start().ready()
    extension.write(record("end", "id=a pid=1 t=1 SomethingNew=1,2;\x01 RequestsSent=2"))
    assert json.loads(extension.line())["RequestsSent"] == 2


def test_hosts_that_do_not_fit_are_left_out_and_counted(start: Start) -> None:
    """A line has at most PIPE_BUF bytes, so that no write of one can be torn."""
    extension = start().ready()
    hosts = [f"host=https://{number:02}.example.com:443,{99 - number},1,1,0,1.5" for number in range(70)]
    extension.write(record("end", "id=a pid=1 t=1 " + " ".join(hosts)))
    text = extension.line()
    line = json.loads(text)
    assert 3900 < len(text) + 1 <= 4096
    assert [host["requests"] for host in line["hosts"]] == [99 - number for number in range(len(line["hosts"]))]
    assert len(line["hosts"]) + line["hostsOmitted"] == 70


def test_largest_line_without_hosts_fits(start: Start) -> None:
    """Everything at its limit at once: the names of AWS, the numbers of JSON, the layer's reasons."""
    most = str(2**53)
    names = [letter * 20 for letter in "abcdefghij"]
    reasons = " ".join(f"{kind}={name}:{most}" for kind in ("discarded", "notReused") for name in names)
    extension = start(
        KEEPALIVE_METRICS="all", KEEPALIVE_METRICS_NAMESPACE="n" * 255, AWS_LAMBDA_FUNCTION_NAME="f" * 140
    ).ready()
    words = f"id={'i' * 64} pid=1 t={most} cold=0 runtime={'r' * 32} init={'i' * 32} version={'1' * 32}"
    extension.write(record("end", f"{words} {COUNTERS} {reasons} host=http://h:80,1,1,0,0,1"))
    line = json.loads(extension.line())
    assert line["RequestsSent"] == 1
    assert len(line["discarded"]) == len(line["notReused"]) == 10


def test_record_whose_line_cannot_fit_is_dropped_and_told(start: Start) -> None:
    extension = start(
        KEEPALIVE_METRICS="all", KEEPALIVE_METRICS_NAMESPACE="n" * 255, AWS_LAMBDA_FUNCTION_NAME="f" * 140
    ).ready()
    names = [chr(ord("a") + number % 26) * (31 + number // 26) for number in range(31)]
    reasons = " ".join(f"{kind}={name}:{2**53}" for kind in ("discarded", "notReused") for name in names)
    extension.write(record("end", f"id=a pid=1 t=1 {COUNTERS} {reasons}"))
    assert extension.line() == (
        "lambda-keepalive: dropped a record that is too long to print; further ones are counted at SHUTDOWN"
    )
    extension.write(small("b"))
    assert json.loads(extension.line())["requestId"] == "b"
