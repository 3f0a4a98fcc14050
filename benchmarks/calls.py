"""The calls that `benchmarks.clients` times, run in a process of their own: `python calls.py CLIENT WRITTEN`.

WRITTEN is `careless` (everything made anew for each call) or `expert` (made once, as the library's documentation
advises). For each number N on standard input it makes N calls and prints the CPU and wall time of one, in
microseconds, as JSON. TARGET_URL names the HTTPS origin; the CA variables of each library must name its bundle.
"""

import atexit
import http.client
import json
import os
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

URL = os.environ.get("TARGET_URL", "") + "/"
ADDRESS = urllib.parse.urlsplit(URL).netloc

# Enough for lazy imports, caches and the specializing interpreter (PEP 659) to settle.
WARM_UP_CALLS = 50


def requests_call(expert: bool) -> Callable[[], object]:
    import requests

    if expert:
        session = requests.Session()
        return lambda: session.get(URL).content
    return lambda: requests.get(URL).content


def urllib3_call(expert: bool) -> Callable[[], object]:
    import urllib3

    if expert:
        pools = urllib3.PoolManager()
        return lambda: pools.request("GET", URL).data
    return lambda: urllib3.PoolManager().request("GET", URL).data


def http_client_call(expert: bool) -> Callable[[], object]:
    def once(connection: http.client.HTTPSConnection) -> bytes:
        connection.request("GET", "/")
        return connection.getresponse().read()

    if expert:
        kept = http.client.HTTPSConnection(ADDRESS)
        return lambda: once(kept)

    def careless() -> bytes:
        connection = http.client.HTTPSConnection(ADDRESS)
        body = once(connection)
        connection.close()
        return body

    return careless


def urlopen_call(expert: bool) -> Callable[[], object]:
    # urllib.request offers no way to keep a connection: the expert takes http.client.
    return http_client_call(True) if expert else lambda: urllib.request.urlopen(URL).read()


def httpx_call(expert: bool) -> Callable[[], object]:
    import httpx

    if expert:
        client = httpx.Client()
        return lambda: client.get(URL).content
    return lambda: httpx.get(URL).content


def httpx_async_call(expert: bool) -> Callable[[], object]:
    import asyncio

    import httpx

    if expert:
        loop = asyncio.new_event_loop()
        client = httpx.AsyncClient()
        return lambda: loop.run_until_complete(client.get(URL)).content

    async def careless() -> bytes:
        async with httpx.AsyncClient() as client:
            return (await client.get(URL)).content

    return lambda: asyncio.run(careless())


def aiohttp_call(expert: bool) -> Callable[[], object]:
    import asyncio

    import aiohttp

    async def once(session: aiohttp.ClientSession) -> bytes:
        async with session.get(URL) as response:
            return await response.read()

    if expert:

        async def make() -> aiohttp.ClientSession:
            return aiohttp.ClientSession()

        loop = asyncio.new_event_loop()
        session = loop.run_until_complete(make())
        atexit.register(lambda: loop.run_until_complete(session.close()))  # or aiohttp complains at the end
        return lambda: loop.run_until_complete(once(session))

    async def careless() -> bytes:
        async with aiohttp.ClientSession() as session:
            return await once(session)

    return lambda: asyncio.run(careless())


def boto3_call(expert: bool) -> Callable[[], object]:
    import boto3

    def make() -> Any:
        return boto3.client("dynamodb", endpoint_url=URL[:-1])

    if expert:
        kept = make()
        return lambda: kept.get_item(TableName="table", Key={"id": {"S": "1"}})
    return lambda: make().get_item(TableName="table", Key={"id": {"S": "1"}})


def boto3_session_call(expert: bool) -> Callable[[], object]:
    import boto3

    def make() -> Any:
        return boto3.Session().client("sqs", endpoint_url=URL[:-1])

    if expert:
        kept = make()
        return lambda: kept.send_message(QueueUrl=URL + "queue", MessageBody="text")
    return lambda: make().send_message(QueueUrl=URL + "queue", MessageBody="text")


CLIENTS = {
    "requests": requests_call,
    "urllib3": urllib3_call,
    "http.client": http_client_call,
    "urlopen": urlopen_call,
    "httpx": httpx_call,
    "httpx-async": httpx_async_call,
    "aiohttp": aiohttp_call,
    "boto3": boto3_call,
    "boto3-session": boto3_session_call,
}


def main() -> None:
    client, written = sys.argv[1:]
    call = CLIENTS[client](written == "expert")
    for _ in range(WARM_UP_CALLS):
        call()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        count = int(line)
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(count):
            call()
        print(
            json.dumps([(time.process_time() - cpu) / count * 1e6, (time.perf_counter() - wall) / count * 1e6]),
            flush=True,
        )


if __name__ == "__main__":
    main()
