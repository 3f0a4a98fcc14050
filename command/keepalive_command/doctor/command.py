"""`lambda-keepalive doctor`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from keepalive_command import aws
from keepalive_command.doctor import built, deployed
from keepalive_command.doctor.findings import Finding
from keepalive_command.errors import CommandError, Exit
from keepalive_command.terminal import Terminal

NAME = "doctor"
SUMMARY = "check a built layer, or how a deployed function has it attached"
DESCRIPTION = """\
Check a built layer (a directory like build/x86_64, or its zip), or the configuration of a deployed function: wrapper,
architecture, runtime, other wrappers and layers, PYTHONPATH and NODE_OPTIONS, settings, log format, idle limits of the
network. Nothing is changed. Exit code 1 if there is an error.

  lambda-keepalive doctor build/x86_64
  lambda-keepalive doctor dist/lambda-keepalive-arm64.zip --json
  lambda-keepalive doctor --function my-function --region eu-central-1

--function needs the permission lambda:GetFunctionConfiguration, and sees more with lambda:GetLayerVersion and
logs:DescribeLogGroups."""

_STYLES = {"fine": "green", "note": "cyan", "warning": "yellow", "error": "bold red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its part of the command line."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("path", nargs="?", type=Path, help="built layer, a directory or a zip")
    what.add_argument("--function", metavar="NAME", help="deployed function: name or ARN, with :alias or :version")
    parser.add_argument("--json", action="store_true", help="print JSON")
    aws.add_arguments(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Check and print."""
    if arguments.function is not None:
        name, findings = arguments.function, _deployed(arguments)
    else:
        files = built.read(arguments.path)
        if not files:
            raise CommandError(f"{arguments.path} is empty", "make build, then build/x86_64 or dist/*.zip")
        name, findings = str(arguments.path), built.check(files, arguments.path)
    errors = sum(finding.level == "error" for finding in findings)
    if arguments.json:
        document = {"checked": name, "errors": errors, "findings": [asdict(finding) for finding in findings]}
        terminal.write(json.dumps(document, indent=2) + "\n")
    else:
        _print(name, findings, terminal)
    return Exit.FOUND if errors else Exit.FINE


def _deployed(arguments: argparse.Namespace) -> list[Finding]:
    account = {"region": arguments.region, "profile": arguments.profile, "endpoint_url": arguments.endpoint_url}
    functions = aws.client("lambda", **account)
    with aws.refused(f"the function {arguments.function}"):
        function = functions.get_function_configuration(FunctionName=arguments.function)

    unseen: list[Finding] = []

    def ask(arn: str) -> dict[str, Any] | None:
        try:
            with aws.refused(arn):
                answer: dict[str, Any] = functions.get_layer_version_by_arn(Arn=arn)
        except CommandError as error:
            unseen.append(Finding("layer", "note", f"the layer could not be asked for: {error}"))
            return None
        return answer

    layers = deployed.layers_of(function, ask)
    group = function.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function['FunctionName']}"
    log_class = None
    try:
        with aws.refused(group):
            found = aws.client("logs", **account).describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        log_class = next((each.get("logGroupClass") for each in found if each["logGroupName"] == group), None)
    except CommandError as error:
        unseen.append(Finding("log-class", "note", f"the log group could not be looked up: {error}"))
    return deployed.check(function, layers, log_class) + unseen


def _print(name: str, findings: list[Finding], terminal: Terminal) -> None:
    terminal.print(name, style="bold")
    for finding in findings:
        terminal.print(f"  {finding.level:8} {finding.check}: {finding.text}", style=_STYLES[finding.level])
        if finding.cure:
            terminal.print(f"           do: {finding.cure}")
    counts = {level: sum(each.level == level for each in findings) for level in ("error", "warning")}
    terminal.print(f"{counts['error']} errors, {counts['warning']} warnings", style="bold")
