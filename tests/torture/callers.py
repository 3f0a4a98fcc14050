"""Every client as the function uses it: an object that is kept, made for each call and closed, or left behind.

`ask(method, url)` returns the body as text and tries nothing twice; GET and POST only. Async clients have coroutine
functions of the same names. Each class imports its client when it is made.
"""

from __future__ import annotations

import http.client
import threading
import urllib.request
from typing import Any
from urllib.parse import urlsplit

# Long for a server on loopback, even on a busy machine: whoever runs into it has waited for nothing. Seconds.
TIMEOUT = 20.0


class Requests:
    """`requests.Session`; one that is made for a call is what `requests.get` makes."""

    def __init__(self) -> None:
        import requests

        self._session = requests.Session()

    def ask(self, method: str, url: str) -> str:
        return str(self._session.request(method, url, timeout=TIMEOUT).text)

    def close(self) -> None:
        self._session.close()


class Urllib3:
    """`urllib3.PoolManager`."""

    def __init__(self) -> None:
        import urllib3

        self._manager = urllib3.PoolManager(retries=False, timeout=TIMEOUT)

    def ask(self, method: str, url: str) -> str:
        return self._manager.request(method, url).data.decode()

    def close(self) -> None:
        self._manager.clear()


class HttpClient:
    """`http.client`, a connection for each server; it connects by itself again once it is closed."""

    def __init__(self) -> None:
        self._connections: dict[str, http.client.HTTPConnection] = {}
        self._lock = threading.Lock()

    def ask(self, method: str, url: str) -> str:
        parts = urlsplit(url)
        with self._lock:
            connection = self._connections.get(parts.netloc)
            if connection is None:
                secure = parts.scheme == "https"
                connection_class = http.client.HTTPSConnection if secure else http.client.HTTPConnection
                connection = self._connections[parts.netloc] = connection_class(parts.netloc, timeout=TIMEOUT)
            try:
                connection.request(method, parts.path)
                return connection.getresponse().read().decode()
            except BaseException:
                connection.close()
                raise

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()


class Urlopen:
    """`urllib.request.urlopen`, which has nothing to keep."""

    def ask(self, method: str, url: str) -> str:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=TIMEOUT) as response:
            return str(response.read().decode())

    def close(self) -> None:
        pass


class Httpx:
    """`httpx.Client`."""

    def __init__(self) -> None:
        import httpx

        self._client = httpx.Client(timeout=TIMEOUT)

    def ask(self, method: str, url: str) -> str:
        return self._client.request(method, url).text

    def close(self) -> None:
        self._client.close()


class Boto3:
    """Clients of S3, whose `get_object` is a GET, and of DynamoDB, whose `put_item` is a POST; neither tries again."""

    def __init__(self) -> None:
        import boto3
        from botocore.config import Config

        self._make = boto3.client
        self._options: dict[str, Any] = {
            "config": Config(
                retries={"max_attempts": 0},
                connect_timeout=TIMEOUT,
                read_timeout=TIMEOUT,
                s3={"addressing_style": "path"},
            )
        }
        self._clients: dict[tuple[str, str], Any] = {}
        # Clients may be used by several threads, but not made.
        self._lock = _boto3_makes

    def _client(self, service: str, endpoint: str) -> Any:
        with self._lock:
            if (service, endpoint) not in self._clients:
                client = self._make(service, endpoint_url=endpoint, **self._options)
                self._clients[service, endpoint] = client
            return self._clients[service, endpoint]

    def ask(self, method: str, url: str) -> str:
        endpoint, bucket, name = url.rsplit("/", 2)
        if method == "GET":
            answer = self._client("s3", endpoint).get_object(Bucket=bucket, Key=name)
            return str(answer["Body"].read().decode())
        self._client("dynamodb", endpoint).put_item(TableName=bucket, Item={"id": {"S": name}})
        return name

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


_boto3_makes = threading.Lock()


class HttpxAsync:
    """`httpx.AsyncClient`."""

    def __init__(self) -> None:
        import httpx

        self._client = httpx.AsyncClient(timeout=TIMEOUT)

    async def ask(self, method: str, url: str) -> str:
        return (await self._client.request(method, url)).text

    async def close(self) -> None:
        await self._client.aclose()


class Aiohttp:
    """`aiohttp.ClientSession`."""

    def __init__(self) -> None:
        import aiohttp

        # It remembers addresses for ten seconds otherwise, and that is not what is tried here.
        connector = aiohttp.TCPConnector(use_dns_cache=False)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(TIMEOUT))

    async def ask(self, method: str, url: str) -> str:
        async with self._session.request(method, url) as response:
            return await response.text()

    async def close(self) -> None:
        await self._session.close()


SYNC: dict[str, type[Any]] = {
    "requests": Requests,
    "urllib3": Urllib3,
    "http.client": HttpClient,
    "urlopen": Urlopen,
    "httpx": Httpx,
    "boto3": Boto3,
}
ASYNC: dict[str, type[Any]] = {"httpx-async": HttpxAsync, "aiohttp": Aiohttp}
CALLERS = {**SYNC, **ASYNC}
