"""Answers for AWS's JSON protocols, true enough for botocore's own parsers.

The operation is named by `X-Amz-Target` as `<service>_<version>.<operation>`. Signatures are not checked.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable

from tests.support.origin.exchange import Exchange

# Real request ids are unique; nothing here depends on that.
REQUEST_ID = "4f1f52d6-0000-4000-8000-000000000000"

UNKNOWN_OPERATION: dict[str, object] = {"__type": "com.amazon.coral.service#UnknownOperationException"}


def _get_item(arguments: dict[str, object]) -> dict[str, object]:
    return {"Item": arguments["Key"]}


def _put_item(arguments: dict[str, object]) -> dict[str, object]:
    return {}


def _send_message(arguments: dict[str, object]) -> dict[str, object]:
    digest = hashlib.md5(str(arguments["MessageBody"]).encode(), usedforsecurity=False).hexdigest()
    return {"MessageId": REQUEST_ID, "MD5OfMessageBody": digest}


def _get_random_password(arguments: dict[str, object]) -> dict[str, object]:
    return {"RandomPassword": "correct horse battery staple"}


OPERATIONS: dict[str, Callable[[dict[str, object]], dict[str, object]]] = {
    "DynamoDB_20120810.GetItem": _get_item,
    "DynamoDB_20120810.PutItem": _put_item,
    "AmazonSQS.SendMessage": _send_message,
    "secretsmanager.GetRandomPassword": _get_random_password,
}


def answer(exchange: Exchange) -> None:
    """Answer the operation that the request names, or refuse it as AWS does."""
    operation = OPERATIONS.get(exchange.request.header("X-Amz-Target"))
    if operation is None:
        status, value = 400, UNKNOWN_OPERATION
    else:
        status, value = 200, operation(json.loads(exchange.request.body))
    body = json.dumps(value).encode()
    fields = [
        ("Content-Type", exchange.request.header("Content-Type", "application/x-amz-json-1.0")),
        ("x-amzn-RequestId", REQUEST_ID),
        ("x-amz-crc32", str(zlib.crc32(body))),  # botocore compares it for DynamoDB
    ]
    exchange.respond(status, body, fields)
