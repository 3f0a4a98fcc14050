"""Checks a deployed function's configuration, read through the Lambda and CloudWatch Logs APIs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keepalive_command.doctor.findings import Finding
from keepalive_command.doctor.settings import RUNTIMES, WRAPPER, check_settings

Configuration = dict[str, Any]

# Wrappers that people have already, and what to do about them.
OTHER_WRAPPERS = {
    "/opt/otel-instrument": "OpenTelemetry's",
    "/opt/otel-handler": "OpenTelemetry's",
    "/opt/datadog_wrapper": "Datadog's",
    "/opt/newrelic_lambda_wrapper": "New Relic's",
    "/opt/lumigo_wrapper": "Lumigo's",
    "/opt/bootstrap": "the Lambda Web Adapter's",
}

MOST_LAYERS = 5


def check(function: Configuration, layers: list[Configuration], log_class: str | None) -> list[Finding]:
    """All findings on a function.

    Args:
        function: what GetFunctionConfiguration returns.
        layers: what GetLayerVersionByArn returned for each layer that could be asked for.
        log_class: class of its log group, None if unknown.
    """
    environment: dict[str, str] = function.get("Environment", {}).get("Variables", {})
    in_vpc = bool(function.get("VpcConfig", {}).get("SubnetIds"))
    if function.get("PackageType") == "Image":
        text = "a container image: layers cannot be attached, so that only the variables can be judged here"
        cure = "copy the layer into the image: samples/attach/container-image"
        return [Finding("package", "note", text, cure), *check_settings(environment, in_vpc=in_vpc)]
    return [
        *_layers(function, layers),
        *_runtime(function),
        *_wrapper(function, environment),
        *_interpreter_variables(environment),
        *check_settings(environment, in_vpc=in_vpc),
        *_preconnect(function, environment),
        *_network(in_vpc, environment),
        *_logs(function, environment, log_class),
        *_state(function),
    ]


def _layers(function: Configuration, layers: list[Configuration]) -> list[Finding]:
    arns = [layer["Arn"] for layer in function.get("Layers", [])]
    ours = [arn for arn in arns if "lambda-keepalive" in arn.split(":")[-2]]
    if not ours:
        room = (
            "" if len(arns) < MOST_LAYERS else f"; the function has {MOST_LAYERS} layers already, the most there can be"
        )
        return [
            Finding("layer", "error", f"no layer called lambda-keepalive is attached{room}", "attach it, README.md")
        ]
    if len(ours) > 1:
        return [Finding("layer", "error", f"the layer is attached {len(ours)} times", "remove all but one")]
    findings = [Finding("layer", "fine", ours[0])]
    architecture = function.get("Architectures", ["x86_64"])[0]
    for layer in layers:
        supported = layer.get("CompatibleArchitectures")
        if layer.get("LayerVersionArn") == ours[0] and supported and architecture not in supported:
            text = f"the function runs on {architecture}, the layer is built for {', '.join(supported)} only"
            findings.append(Finding("architecture", "error", text, f"the layer for {architecture}"))
    other = {"x86_64": "arm64", "arm64": "x86_64"}[architecture]
    if other in ours[0].split(":")[-2] and len(findings) == 1:
        text = f"the function runs on {architecture}, the layer is called {ours[0].split(':')[-2]}"
        findings.append(Finding("architecture", "error", text, f"the layer for {architecture}"))
    return findings


def _runtime(function: Configuration) -> list[Finding]:
    runtime = function.get("Runtime", "")
    if runtime in RUNTIMES:
        return [Finding("runtime", "fine", runtime)]
    if runtime.startswith(("python", "nodejs")):
        return [Finding("runtime", "error", f"{runtime} is not supported", f"one of {', '.join(RUNTIMES)}")]
    text = f"{runtime or 'no runtime'}: the layer knows Python and Node.js only"
    return [Finding("runtime", "error", text, "remove the layer")]


def _wrapper(function: Configuration, environment: dict[str, str]) -> list[Finding]:
    wrapper = environment.get("AWS_LAMBDA_EXEC_WRAPPER", "")
    following = environment.get("KEEPALIVE_NEXT_WRAPPER", "")
    if wrapper == WRAPPER:
        if following == WRAPPER:
            text = "KEEPALIVE_NEXT_WRAPPER names the layer's own wrapper: it would start itself"
            return [Finding("wrapper", "error", text, "remove KEEPALIVE_NEXT_WRAPPER")]
        chained = f", then {following}" if following else ""
        return [Finding("wrapper", "fine", f"AWS_LAMBDA_EXEC_WRAPPER={wrapper}{chained}")]
    python = function.get("Runtime", "").startswith("python")
    if not wrapper:
        if python:
            text = "AWS_LAMBDA_EXEC_WRAPPER is not set: the layer starts from its .pth file, a little later"
            return [Finding("wrapper", "note", text, f"AWS_LAMBDA_EXEC_WRAPPER={WRAPPER}")]
        text = "AWS_LAMBDA_EXEC_WRAPPER is not set: nothing starts the layer"
        return [Finding("wrapper", "error", text, f"AWS_LAMBDA_EXEC_WRAPPER={WRAPPER}")]
    if "lambda-keepalive" in wrapper:
        text = f"AWS_LAMBDA_EXEC_WRAPPER={wrapper} does not exist: the function will not start"
        return [Finding("wrapper", "error", text, f"AWS_LAMBDA_EXEC_WRAPPER={WRAPPER}")]
    whose = OTHER_WRAPPERS.get(wrapper, "another")
    text = f"AWS_LAMBDA_EXEC_WRAPPER={wrapper} is {whose} wrapper, and Lambda runs only one"
    cure = f"AWS_LAMBDA_EXEC_WRAPPER={WRAPPER} and KEEPALIVE_NEXT_WRAPPER={wrapper}"
    return [Finding("wrapper", "note" if python else "error", text, cure)]


def _interpreter_variables(environment: dict[str, str]) -> list[Finding]:
    findings = []
    python_path = environment.get("PYTHONPATH", "")
    if "lambda-keepalive" in python_path:
        text = f"PYTHONPATH={python_path} names the layer's own directory: it is the wrapper's business"
        findings.append(Finding("pythonpath", "warning", text, "take it out"))
    elif python_path:
        text = f"PYTHONPATH={python_path} is kept; a sitecustomize.py in it still runs, after the layer's"
        findings.append(Finding("pythonpath", "note", text))
    options = environment.get("NODE_OPTIONS", "")
    if "lambda-keepalive" in options:
        text = f"NODE_OPTIONS={options} names the layer's preload: the wrapper adds it, or it is loaded twice"
        findings.append(Finding("node-options", "warning", text, "take it out"))
    elif options:
        findings.append(Finding("node-options", "note", f"NODE_OPTIONS={options} is kept; the wrapper appends to it"))
    if environment.get("AWS_NODEJS_CONNECTION_REUSE_ENABLED") == "0":
        text = "AWS_NODEJS_CONNECTION_REUSE_ENABLED=0: version 2 of the AWS SDK asks for connections that close"
        findings.append(Finding("node-options", "warning", text, "remove it"))
    return findings


def _preconnect(function: Configuration, environment: dict[str, str]) -> list[Finding]:
    if not environment.get("KEEPALIVE_PRECONNECT") or not function.get("Runtime", "").startswith("nodejs"):
        return []
    return [Finding("preconnect", "warning", "KEEPALIVE_PRECONNECT does nothing in a Node.js function", "remove it")]


def _network(in_vpc: bool, environment: dict[str, str]) -> list[Finding]:
    if not in_vpc:
        return []
    shown = environment.get("KEEPALIVE_IDLE_TIMEOUT", "345, the default")
    text = f"in a VPC: NAT gateways and network load balancers drop idle connections after 350 s; idle limit {shown}"
    return [Finding("vpc", "note", text)]


def _logs(function: Configuration, environment: dict[str, str], log_class: str | None) -> list[Finding]:
    metrics = environment.get("KEEPALIVE_METRICS", "core").strip().lower() or "core"
    findings = []
    if metrics == "off":
        findings.append(Finding("metrics", "note", "KEEPALIVE_METRICS=off: no lines, nothing for `report`"))
    logging = function.get("LoggingConfig", {})
    if logging.get("LogFormat") == "JSON":
        text = "JSON log format: the layer's metric lines are JSON already; its few messages of text are no JSON lines"
        findings.append(Finding("log-format", "note", text))
    if log_class == "INFREQUENT_ACCESS" and metrics in ("core", "all"):
        text = "the log group is of the class Infrequent Access, in which CloudWatch makes no metrics of log lines"
        findings.append(Finding("log-class", "error", text, "a standard log group, or KEEPALIVE_METRICS=log"))
    return findings


def _state(function: Configuration) -> list[Finding]:
    findings = []
    if function.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions":
        findings.append(Finding("snapstart", "note", "SnapStart: connections are closed before the snapshot"))
    if function.get("LastUpdateStatus") == "Failed":
        reason = function.get("LastUpdateStatusReason", "no reason given")
        findings.append(Finding("update", "error", f"the last update failed: {reason}", "deploy again"))
    return findings


def layers_of(function: Configuration, ask: Callable[[str], Configuration | None]) -> list[Configuration]:
    """What can be learnt about the layers called lambda-keepalive; `ask` returns None where it may not."""
    arns = [layer["Arn"] for layer in function.get("Layers", [])]
    answers = (ask(arn) for arn in arns if "lambda-keepalive" in arn.split(":")[-2])
    return [answer for answer in answers if answer is not None]
