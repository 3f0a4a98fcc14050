"""The layer's settings and runtimes, as far as the doctor judges them. tests/command holds this to the layer's own."""

from __future__ import annotations

import re
from collections.abc import Mapping

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

FLAG = r"(?i)1|0|true|false"
NUMBER = r"\d{1,9}"
SECONDS = r"\d{1,9}(\.\d*)?"
ANY = r".*"

SETTINGS = {
    "KEEPALIVE_ENABLED": FLAG,
    "KEEPALIVE_MODE": r"(?i)on|off|observe",
    "KEEPALIVE_CLIENTS": ANY,
    "KEEPALIVE_EXCLUDE_HOSTS": ANY,
    "KEEPALIVE_LOOPBACK": FLAG,
    "KEEPALIVE_IDLE_TIMEOUT": SECONDS,
    "KEEPALIVE_MAX_LIFETIME": SECONDS,
    "KEEPALIVE_MAX_REQUESTS": NUMBER,
    "KEEPALIVE_MAX_IDLE_PER_HOST": NUMBER,
    "KEEPALIVE_MAX_IDLE": NUMBER,
    "KEEPALIVE_REPLAY": FLAG,
    "KEEPALIVE_STICKY_HOSTS": ANY,
    "KEEPALIVE_PRECONNECT": ANY,
    "KEEPALIVE_METRICS": r"(?i)core|all|log|datadog|off",
    "KEEPALIVE_RUNTIME_DIR": r"/.*",
    "KEEPALIVE_LOG_LEVEL": r"(?i)debug|info|warning|off",
    "KEEPALIVE_EXPLAIN": FLAG,
    "KEEPALIVE_NEXT_WRAPPER": r"/.*",
    "KEEPALIVE_METRICS_NAMESPACE": r"[A-Za-z0-9._#:/-]{1,255}",
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
        elif value.strip() and not re.fullmatch(SETTINGS[name], value.strip()):
            text = f"{name}={value!r} cannot be used; the default is used instead"
            findings.append(Finding("settings", "warning", text, "docs/settings.md tells what it takes"))
    if variables.get("KEEPALIVE_ENABLED", "").strip().lower() in ("0", "false"):
        findings.append(Finding("enabled", "error", "KEEPALIVE_ENABLED=0: the layer is off", "remove the variable"))
    mode = variables.get("KEEPALIVE_MODE", "on").strip().lower()
    if mode in ("off", "observe"):
        does = "nothing" if mode == "off" else "nothing but counting"
        findings.append(Finding("mode", "note", f"KEEPALIVE_MODE={mode}: the layer does {does}"))
    return findings + _idle_time(variables.get("KEEPALIVE_IDLE_TIMEOUT", "345").strip() or "345", in_vpc)


def _idle_time(text: str, in_vpc: bool) -> list[Finding]:
    if not re.fullmatch(SECONDS, text) or float(text) < NAT_SECONDS:
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
