"""Every client as the function uses it: an object that is kept, made for each call and closed, or left behind.

`ask(method, url)` returns the body as text and tries nothing twice; GET and POST only. Async clients have coroutine
functions of the same names. Each class imports its client when it is made. The sync ones also have `begin(url)`, a
`Held` response of which only some bytes are read.
"""

from __future__ import annotations

import http.client
import threading
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

# Long for a server on loopback, even on a busy machine: whoever runs into it has waited for nothing. Seconds.
TIMEOUT = 20.0

# Bytes of a response that is read in part.
SOME = 5


class Held:
    """A response that is read in part: `rest` reads it to its end, `drop` lets go of it as it is."""

    def __init__(self, rest: Callable[[], object], drop: Callable[[], object]) -> None:
        self.rest = rest
        self.drop = drop


class Requests:
    """`requests.Session`; one that is made for a call is what `requests.get` makes."""

    def __init__(self) -> None:
        import requests

        self._session = requests.Session()

    def ask(self, method: str, url: str) -> str:
        return str(self._session.request(method, url, timeout=TIMEOUT).text)

    def begin(self, url: str) -> Held:
        response = self._session.get(url, timeout=TIMEOUT, stream=True)
        chunks = response.iter_content(SOME)
        next(chunks)
        return Held(lambda: list(chunks), response.close)

    def close(self) -> None:
        self._session.close()


class Urllib3:
    """`urllib3.PoolManager`."""

    def __init__(self) -> None:
        import urllib3

        self._manager = urllib3.PoolManager(retries=False, timeout=TIMEOUT)

    def ask(self, method: str, url: str) -> str:
        return self._manager.request(method, url).data.decode()

    def begin(self, url: str) -> Held:
        response = self._manager.request("GET", url, preload_content=False)
        response.read(SOME)

        def rest() -> None:
            response.read()
            response.release_conn()

        return Held(rest, response.close)

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

    def begin(self, url: str) -> Held:
        """On a connection of its own, which cannot carry anything else meanwhile."""
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        connection_class = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = connection_class(parts.netloc, timeout=TIMEOUT)
        connection.request("GET", parts.path)
        response = connection.getresponse()
        response.read(SOME)

        def rest() -> None:
            response.read()
            connection.close()

        def drop() -> None:
            response.close()
            connection.close()

        return Held(rest, drop)

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()


class Urlopen:
    """`urllib.request.urlopen`, which has nothing to keep."""

    def ask(self, method: str, url: str) -> str:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=TIMEOUT) as response:
            return str(response.read().decode())

    def begin(self, url: str) -> Held:
        response = urllib.request.urlopen(url, timeout=TIMEOUT)
        response.read(SOME)
        return Held(response.read, response.close)

    def close(self) -> None:
        pass


class Httpx:
    """`httpx.Client`."""

    def __init__(self) -> None:
        import httpx

        self._client = httpx.Client(timeout=TIMEOUT)

    def ask(self, method: str, url: str) -> str:
        return self._client.request(method, url).text

    def begin(self, url: str) -> Held:
        response = self._client.send(self._client.build_request("GET", url), stream=True)
        chunks = response.iter_raw(SOME)
        next(chunks)
        return Held(lambda: list(chunks), response.close)

    def close(self) -> None:
        self._client.close()


class Boto3:
    """Clients of S3, whose `get_object` is a GET and whose `create_multipart_upload` is a POST; they try nothing again.

    One service, since every service of AWS has a host name, and so connections, of its own.
    """

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
        self._clients: dict[str, Any] = {}
        # Clients may be used by several threads, but not made.
        self._lock = _boto3_makes

    def _client(self, endpoint: str) -> Any:
        with self._lock:
            if endpoint not in self._clients:
                self._clients[endpoint] = self._make("s3", endpoint_url=endpoint, **self._options)
            return self._clients[endpoint]

    def ask(self, method: str, url: str) -> str:
        endpoint, bucket, name = url.rsplit("/", 2)
        if method == "GET":
            answer = self._client(endpoint).get_object(Bucket=bucket, Key=name)
            return str(answer["Body"].read().decode())
        return str(self._client(endpoint).create_multipart_upload(Bucket=bucket, Key=name)["UploadId"])

    def begin(self, url: str) -> Held:
        endpoint, bucket, name = url.rsplit("/", 2)
        body = self._client(endpoint).get_object(Bucket=bucket, Key=name)["Body"]
        body.read(SOME)
        return Held(body.read, body.close)

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
