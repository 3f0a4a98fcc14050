"""Invocations of a Python function that puts items into DynamoDB, as `benchmarks.dynamodb` times them.

    python -m benchmarks.puts WAY PUTS URL

`per-invocation` makes a boto3 client for each invocation, `per-put` for each put; `kept` is an expert's way.
"""

import sys
from collections.abc import Callable
from typing import Any

import boto3

from benchmarks.answer import answer

ITEM = {"id": {"S": "1"}, "text": {"S": "text"}}


def handler(way: str, puts: int, url: str) -> Callable[[], None]:
    """What is called for an invocation."""

    def make() -> Any:
        return boto3.client("dynamodb", endpoint_url=url)

    kept = make() if way == "kept" else None

    def invoke() -> None:
        client = kept or (make() if way == "per-invocation" else None)
        for _ in range(puts):
            (client or make()).put_item(TableName="items", Item=ITEM)

    return invoke


def main() -> None:
    """Be an invocation whenever told to."""
    way, puts, url = sys.argv[1:]
    answer(handler(way, int(puts), url))


if __name__ == "__main__":
    main()
