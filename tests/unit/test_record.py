from __future__ import annotations

import re
from typing import Any

import pytest
from lambda_keepalive import record, stats
from lambda_keepalive.record import MAX_BYTES, render, safe_origin

FACTS: dict[str, Any] = {
    "request_id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
    "process": 7,
    "milliseconds": 1_800_000_000_000,
    "cold": True,
    "runtime": "python3.13",
    "initialization": "on-demand",
    "idle": 2,
}
ORIGIN = r"[A-Za-z0-9.:/_\-\[\]%]{1,255}"
FIELDS = {
    "id": r"[A-Za-z0-9-]{1,64}",
    "pid": r"\d+",
    "t": r"\d+",
    "cold": "[01]",
    "runtime": r"[A-Za-z0-9._-]{1,32}",
    "init": "[a-z-]{1,32}",
    "version": r"[0-9A-Za-z.+-]{1,32}",
    "ConnectTime": r"\d+\.\d{3}",
    "ConnectTimeSaved": r"\d+\.\d{3}",
    "host": rf"{ORIGIN},\d+,\d+,\d+,\d+,\d+\.\d{{3}}(,\d+\.\d{{3}})?",
    "discarded": r"[a-z-]{1,32}:\d+",
    "notReused": r"[a-z-]{1,32}:\d+",
    "mode": "observe",
    "wouldSave": r"\d+\.\d{3}",
}


def fields(line: bytes) -> list[tuple[str, str]]:
    """The fields of a record, each held to the grammar of docs/record.md."""
    assert len(line) <= MAX_BYTES
    text = line.decode("ascii")
    assert text.endswith("\n")
    assert text.count("\n") == 1
    prefix, kind, *pairs = text[:-1].split(" ")
    assert (prefix, kind in ("end", "checkpoint")) == ("LKA1", True)
    split = [(name, value) for name, _, value in (pair.partition("=") for pair in pairs)]
    for name, value in split:
        assert re.fullmatch(FIELDS.get(name, r"\d{1,16}"), value), (name, value)
    return split


def counted() -> stats.Stats:
    counters = stats.Stats()
    counters.not_reused("first")
    counters.opened("https://a.test:443", 12.5, True)
    counters.request("https://a.test:443", False)
    counters.request("https://a.test:443", True)
    counters.request("https://a.test:443", True)
    counters.opened("http://b.test:80", 1.25, False)
    counters.request("http://b.test:80", False)
    counters.discarded("http://b.test:80", "stale")
    counters.connect_error("http://c.test:80")
    return counters


def test_a_record_says_what_was_counted() -> None:
    line = render("end", counted().peek(), **FACTS)
    split = fields(line)
    values = dict(split)
    assert line.startswith(b"LKA1 end id=8476a536-e9f4-11e8-9739-2dfe598c3fcd pid=7 t=1800000000000 cold=1 ")
    assert (values["RequestsSent"], values["ConnectionsOpened"], values["ConnectionsReused"]) == ("4", "2", "2")
    assert (values["StaleConnections"], values["ConnectionsIdle"], values["ConnectionsDiscarded"]) == ("1", "2", "1")
    assert (values["ConnectErrors"], values["TlsHandshakes"]) == ("1", "1")
    assert (values["ConnectTime"], values["ConnectTimeSaved"]) == ("13.750", "25.000")
    assert [value for name, value in split if name == "host"] == [
        "https://a.test:443,3,1,2,0,12.500",
        "http://b.test:80,1,1,0,1,1.250",
        "http://c.test:80,0,0,0,0,0.000",
    ]
    assert ("discarded", "stale:1") in split
    assert ("notReused", "first:1") in split


def test_an_origin_comes_with_its_idle_limit_where_that_is_known() -> None:
    limits = {"http://b.test:80": 4.5}
    split = fields(render("end", counted().peek(), idle_limit=lambda name: limits.get(name, 345), **FACTS))
    assert [value.rpartition(",")[2] for name, value in split if name == "host"] == ["345.000", "4.500", "345.000"]


def test_a_record_of_nothing_is_whole() -> None:
    split = fields(render("checkpoint", stats.Stats().peek(), **FACTS))
    assert dict(split)["RequestsSent"] == "0"
    assert "host" not in dict(split)


@pytest.mark.parametrize("length", [1, 100, 1000])
def test_a_record_of_many_origins_keeps_the_busiest_that_fit(length: int) -> None:
    counters = stats.Stats()
    for number in range(500):
        for _ in range(number % 7 + 1):
            counters.request(f"https://{'x' * length}{number}.test:443", False)
    split = fields(render("end", counters.peek(), **FACTS))
    hosts = [int(value.split(",")[1]) for name, value in split if name == "host"]
    assert 1 <= len(hosts) < 500
    assert hosts == sorted(hosts, reverse=True)
    assert int(dict(split)["RequestsSent"]) == sum(number % 7 + 1 for number in range(500))


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("https://a.test:443", "https://a.test:443"),
        ("http://[::1%eth0]:80", "http://[::1%eth0]:80"),
        ("http://a b\nLKA1 end id=x,1:80", "http://a_b_LKA1_end_id_x_1:80"),
        ("http://münchen.test:80", "http://m_nchen.test:80"),
        ("http://" + "x" * 400, ("http://" + "x" * 400)[:255]),
        ("http://\udcff:80", "http://_:80"),
    ],
)
def test_no_origin_can_forge_a_field(name: str, safe: str) -> None:
    assert safe_origin(name) == safe
    counters = stats.Stats()
    counters.request(name, False)
    assert ("host", f"{safe},1,0,0,0,0.000") in fields(render("end", counters.peek(), **FACTS))


def test_a_pipe_takes_a_whole_record_at_once() -> None:
    import select

    assert record.MAX_BYTES <= select.PIPE_BUF


def test_mode_observe_says_so_and_what_would_have_been_reused() -> None:
    counters = counted()
    counters.spared(20.25)
    counters.spared(1.0)
    line = render("end", counters.peek(), observing=True, **FACTS)
    values = dict(fields(line))
    assert (values["mode"], values["wouldReuse"], values["wouldSave"]) == ("observe", "2", "21.250")
    assert b"would" not in render("end", counters.peek(), **FACTS)
