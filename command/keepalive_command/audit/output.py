"""The audit as text, JSON and SARIF."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from keepalive_command import __version__
from keepalive_command.audit.findings import ALWAYS_UNSEEN, RULES, Audit, Call
from keepalive_command.terminal import Terminal


def print_text(audit: Audit, terminal: Terminal) -> None:
    """For people: the careless calls by file, then the rest, then what was not seen."""
    path = None
    for call in audit.calls:
        if call.path != path:
            path = call.path
            terminal.print(path, style="bold")
        about = call.about
        terminal.print(f"  {call.line}:{call.column}  {call.client}  {call.code}")
        style = "yellow" if about.careless else "green"
        terminal.print(f"      {about.name}: {about.title}", style=style)
        covered = "covered by the layer" if about.covered else "not covered by the layer"
        terminal.print(f"      reuses connections without the layer: {about.reuses}; {covered}")
        if about.advice:
            terminal.print(f"      better: {about.advice}")
    spared = sum(call.about.covered for call in audit.careless)
    terminal.print()
    terminal.print(
        f"files read: {audit.files}, calls found: {len(audit.calls)}; opening connections that could be spared: "
        f"{len(audit.careless)}, of these covered by the layer: {spared}",
        style="bold",
    )
    terminal.print("Not seen:")
    for spot in audit.unseen:
        terminal.print(f"- {spot.path}{f':{spot.line}' if spot.line else ''}: {spot.reason}")
    if audit.skipped:
        terminal.print(f"- dependencies, {len(audit.skipped)} (--dependencies looks at them): {_some(audit.skipped)}")
    for reason in ALWAYS_UNSEEN:
        terminal.print(f"- {reason}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")


def as_json(audit: Audit) -> str:
    """For machines; the fields of a call are those of its rule, too."""
    document = {
        "files": audit.files,
        "calls": [_call(call) for call in audit.calls],
        "unseen": [{"path": each.path, "line": each.line, "reason": each.reason} for each in audit.unseen],
        "alwaysUnseen": list(ALWAYS_UNSEEN),
        "skippedDependencies": audit.skipped,
    }
    return json.dumps(document, indent=2) + "\n"


def _call(call: Call) -> dict[str, Any]:
    about = call.about
    return {
        "path": call.path,
        "line": call.line,
        "column": call.column,
        "client": call.client,
        "rule": call.rule,
        "careless": about.careless,
        "reusesWithoutLayer": about.reuses,
        "coveredByLayer": about.covered,
        "code": call.code,
        "advice": about.advice,
    }


def as_sarif(audit: Audit) -> str:
    """SARIF 2.1.0, as code scanning reads it. Files that could not be read are notifications of the tool."""
    driver = {
        "name": "lambda-keepalive audit",
        "version": __version__,
        "rules": [
            {
                "id": rule.name,
                "shortDescription": {"text": rule.title},
                "help": {"text": rule.advice or rule.title},
                "defaultConfiguration": {"level": "warning" if rule.careless else "note"},
            }
            for rule in RULES.values()
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(call) for call in audit.calls],
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": f"{each.path}:{each.line}: {each.reason}"}}
                    for each in audit.unseen
                ],
            }
        ],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(call: Call) -> dict[str, Any]:
    about = call.about
    text = f"{call.client}: {about.title}." + (f" Better: {about.advice}." if about.advice else "")
    region = {"startLine": call.line, "startColumn": call.column}
    return {
        "ruleId": call.rule,
        "ruleIndex": list(RULES).index(call.rule),
        "level": "warning" if about.careless else "none",
        "kind": "fail" if about.careless else "informational",
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(call.path)}, "region": region}}],
    }
