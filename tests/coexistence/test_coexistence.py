"""Beside the real packages of Powertools, OpenTelemetry and Datadog, whoever comes first: connections are reused, and
the others still see every call.

In an environment of its own (`nox --session coexistence`): ddtrace would take part in every other test.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

CALLS = 4

CALLERS = {
    "requests": """
        import requests

        def call(url):
            return requests.get(url + "/bytes/10").text
    """,
    "urllib3": """
        import urllib3

        def call(url):
            return urllib3.PoolManager().request("GET", url + "/bytes/10").data.decode()
    """,
    "urlopen": """
        from urllib.request import urlopen

        def call(url):
            with urlopen(url + "/bytes/10") as response:
                return response.read().decode()
    """,
    "httpx": """
        import httpx

        def call(url):
            return httpx.get(url + "/bytes/10").text
    """,
    "boto3": """
        import boto3

        def call(url):
            client = boto3.client("dynamodb", endpoint_url=url)
            assert client.get_item(TableName="t", Key={"id": {"S": "1"}})["ResponseMetadata"]["HTTPStatusCode"] == 200
            return "0123456789"
    """,
}

# Each defines `seen()`: how many calls the other one has seen.
OPENTELEMETRY = """
    from opentelemetry import trace
    from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
    from opentelemetry.instrumentation.requests import RequestsInstrumentor
    from opentelemetry.instrumentation.urllib import URLLibInstrumentor
    from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    INSTRUMENTORS = {
        "boto3": BotocoreInstrumentor, "httpx": HTTPXClientInstrumentor, "requests": RequestsInstrumentor,
        "urlopen": URLLibInstrumentor, "urllib3": URLLib3Instrumentor,
    }
    INSTRUMENTORS[caller]().instrument()

    def seen():
        return len(exporter.get_finished_spans())
"""

DATADOG = """
    import ddtrace
    from ddtrace.trace import TraceFilter, tracer

    spans = []

    class Keep(TraceFilter):
        def process_trace(self, trace):
            spans.extend(trace)  # and nothing is sent to an agent
            return None

    tracer.configure(trace_processors=[Keep()])
    integration = {"boto3": "botocore", "urlopen": "httplib"}.get(caller, caller)
    ddtrace.patch(**{integration: True})

    def seen():
        return len(spans)
"""

POWERTOOLS = """
    from aws_lambda_powertools import Logger, Metrics, Tracer
    from aws_xray_sdk.core import patch, xray_recorder

    # What its Tracer does on Lambda.
    xray_recorder.configure(context_missing="IGNORE_ERROR", sampling=False)
    patch(("botocore", "requests", "httplib", "httpx"))
    logger, tracer = Logger(), Tracer()
    metrics = Metrics(namespace="Test")
    counted = 0

    @tracer.capture_method
    def traced():
        global counted
        counted += 1

    def seen():
        return counted
"""

NEIGHBOURS = {"opentelemetry": OPENTELEMETRY, "datadog": DATADOG, "powertools": POWERTOOLS}
ENVIRON = {
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "DD_TRACE_ENABLED": "true",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "test",
}

LATE_START = """
    import sys
    sys.path.insert(0, layer_path)
    from lambda_keepalive import boot
    boot.start()
"""

RUN = """
    result = {"answers": [], "seen": 0}
    for _ in range(calls):
        if "traced" in globals():
            traced()
        result["answers"].append(call(url))
    result["seen"] = seen()
"""


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("order", ["the layer first", "the layer last", "the layer after the client"])
@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_connections_are_reused_and_the_neighbour_sees_every_call(
    run: Interpreter, tree: Path, origin: Origin, neighbour: str, order: str, caller: str
) -> None:
    pieces = {
        "the layer first": (NEIGHBOURS[neighbour], CALLERS[caller]),
        "the layer last": (NEIGHBOURS[neighbour], LATE_START, CALLERS[caller]),
        "the layer after the client": (CALLERS[caller], NEIGHBOURS[neighbour], LATE_START),
    }[order]
    result: dict[str, Any] = run(
        *pieces,
        RUN,
        layer=order == "the layer first",
        environ=ENVIRON,
        url=origin.url,
        caller=caller,
        calls=CALLS,
        layer_path=str(tree / "lambda-keepalive/python"),
    )
    assert result["answers"] == ["0123456789"] * CALLS
    assert result["seen"] >= CALLS
    assert (origin.accepted, origin.received) == (1, CALLS)
