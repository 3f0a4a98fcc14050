"""The layer's settings and runtimes, as far as the doctor judges them. tests/command holds this to the layer's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from keepalive_command.doctor.findings import Finding

WRAPPER = "/opt/lambda-keepalive/exec"

RUNTIMES = (
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
)

# Names that KEEPALIVE_CLIENTS takes: those of Python's clients, the libraries on top of them, and Node's.
CLIENTS = ("aiohttp", "botocore", "http.client", "httplib2", "httpx", "urllib.request", "urllib3")
SYNONYMS = ("anthropic", "boto3", "httpcore", "openai", "requests")
CLIENTS_OF_NODE = ("fetch", "http", "https", "node:http", "node:https", "undici")
# Those that KEEPALIVE_PRECONNECT can open connections with.
DIALLERS = ("", "boto3", "botocore", "http.client", "httpx", "requests", "urllib.request", "urllib3")

Judge = Callable[[str], bool]
"""Whether the layer can use a value, which is not empty and has no blanks around it."""


def _one_of(*words: str) -> Judge:
    return lambda text: text.lower() in words


def _any(text: str) -> bool:
    return True


def _seconds(text: str) -> bool:
    try:
        return 0 <= float(text) < 1e9
    except ValueError:
        return False


def _count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def _path(text: str) -> bool:
    return text.startswith("/")


def _namespace(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9._#:/-]{1,255}", text) is not None and not text.startswith("AWS/")


def _clients(text: str) -> bool:
    names = (name.strip().lower().lstrip("-") for name in text.split(",") if name.strip())
    return all(name in (*CLIENTS, *SYNONYMS, *CLIENTS_OF_NODE) for name in names)


def _targets(text: str) -> bool:
    return all(_target(item.strip()) for item in text.split(","))


def _target(item: str) -> bool:
    client, _, url = item.rpartition("+")
    host = url.removeprefix("https://").removeprefix("http://").partition("/")[0]
    known = url.startswith(("https://", "http://")) and bool(host) and client in DIALLERS
    return item in ("", "again") or known


FLAG = _one_of("1", "0", "true", "false")

SETTINGS: dict[str, Judge] = {
    "KEEPALIVE_ENABLED": FLAG,
    "KEEPALIVE_MODE": _one_of("on", "off", "observe"),
    "KEEPALIVE_CLIENTS": _clients,
    "KEEPALIVE_EXCLUDE_HOSTS": _any,
    "KEEPALIVE_LOOPBACK": FLAG,
    "KEEPALIVE_IDLE_TIMEOUT": _seconds,
    "KEEPALIVE_MAX_LIFETIME": _seconds,
    "KEEPALIVE_MAX_REQUESTS": _count,
    "KEEPALIVE_MAX_IDLE_PER_HOST": _count,
    "KEEPALIVE_MAX_IDLE": _count,
    "KEEPALIVE_REPLAY": FLAG,
    "KEEPALIVE_STICKY_HOSTS": _any,
    "KEEPALIVE_PRECONNECT": _targets,
    "KEEPALIVE_METRICS": _one_of("core", "all", "log", "datadog", "off"),
    "KEEPALIVE_RUNTIME_DIR": _path,
    "KEEPALIVE_LOG_LEVEL": _one_of("debug", "info", "warning", "off"),
    "KEEPALIVE_EXPLAIN": FLAG,
    "KEEPALIVE_NEXT_WRAPPER": _path,
    "KEEPALIVE_METRICS_NAMESPACE": _namespace,
}

NAT_SECONDS = 350
"""NAT gateways and network load balancers forget a connection that is idle for longer, without a word to either
side."""


def check_settings(variables: Mapping[str, str], *, in_vpc: bool) -> list[Finding]:
    """Judge the KEEPALIVE_* variables of a function."""
    findings = []
    for name, value in sorted(variables.items()):
        if not name.startswith("KEEPALIVE_"):
            continue
        if name not in SETTINGS:
            text = f"{name} is no setting of the layer; it is ignored"
            findings.append(Finding("settings", "warning", text, "docs/settings.md lists them"))
        elif value.strip() and not SETTINGS[name](value.strip()):
            instead = "the default is used" if name != "KEEPALIVE_PRECONNECT" else "what is no address is left out"
            text = f"{name}={value!r} cannot be used as it is: {instead}"
            findings.append(Finding("settings", "warning", text, "docs/settings.md tells what it takes"))
    if variables.get("KEEPALIVE_ENABLED", "").strip().lower() in ("0", "false"):
        findings.append(Finding("enabled", "error", "KEEPALIVE_ENABLED=0: the layer is off", "remove the variable"))
    mode = variables.get("KEEPALIVE_MODE", "on").strip().lower()
    if mode in ("off", "observe"):
        does = "nothing" if mode == "off" else "nothing but counting"
        findings.append(Finding("mode", "note", f"KEEPALIVE_MODE={mode}: the layer does {does}"))
    return findings + _idle_time(variables.get("KEEPALIVE_IDLE_TIMEOUT", "345").strip() or "345", in_vpc)


def _idle_time(text: str, in_vpc: bool) -> list[Finding]:
    if not _seconds(text) or float(text) < NAT_SECONDS:
        return []
    return [
        Finding(
            "idle-timeout",
            "error" if in_vpc else "warning",
            f"KEEPALIVE_IDLE_TIMEOUT={text}, but NAT gateways and network load balancers drop idle connections after "
            f"{NAT_SECONDS} s without telling" + (" (the function is in a VPC)" if in_vpc else ""),
            "345, the default, or less",
        )
    ]
