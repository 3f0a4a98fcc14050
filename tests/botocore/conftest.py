"""Takes the origin and the fresh interpreters from the clients' tests; what recycles the clients answers for itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.conftest import authority, origin, run, tree
from tests.clients.interpreter import Interpreter

__all__ = ["authority", "origin", "run", "tree"]

# The first client of a session is not watched, and what the second one leaves behind, the third one gets.
SNIPPET = """
import boto3, botocore, botocore.session, gc, os, sys
from botocore.config import Config

def warm(service="sqs", **arguments):
    for _ in range(2):
        boto3.client(service, **arguments)

def verdicts():
    from lambda_keepalive import botocore_clients
    return dict(botocore_clients.verdicts)
"""


class Botocore:
    """Runs a snippet with `warm` and `verdicts` at hand."""

    def __init__(self, run: Interpreter) -> None:
        self._run = run

    def __call__(self, *code: str, **options: object) -> object:
        return self._run(SNIPPET, *code, **options)  # type: ignore[arg-type]


@pytest.fixture
def boto(run: Interpreter) -> Botocore:
    return Botocore(run)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A directory for AWS_DATA_PATH with a service of its own."""
    directory = tmp_path / "models" / "ours" / "2020-01-01"
    directory.mkdir(parents=True)
    (directory / "service-2.json").write_text(MODEL)
    return tmp_path / "models"


MODEL = """{
  "metadata": {"apiVersion": "2020-01-01", "endpointPrefix": "ours", "protocol": "json", "jsonVersion": "1.0",
               "serviceFullName": "Ours", "serviceId": "Ours", "signatureVersion": "v4", "targetPrefix": "Ours"},
  "operations": {"DoThis": {"name": "DoThis", "http": {"method": "POST", "requestUri": "/"}}},
  "shapes": {}
}"""
