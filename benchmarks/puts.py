"""Invocations of a Python function that puts items into DynamoDB, as `benchmarks.dynamodb` times them.

    python -m benchmarks.puts WAY PUTS URL

`per-invocation` makes a boto3 client for each invocation, `per-put` for each put; `kept` is an expert's way.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import boto3

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
    """Make as many invocations as each line of standard input says."""
    way, puts, url = sys.argv[1:]
    invoke = handler(way, int(puts), url)
    for line in sys.stdin:
        count = int(line)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            invoke()
        times = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps([each / count * 1e6 for each in times]), flush=True)


if __name__ == "__main__":
    main()
