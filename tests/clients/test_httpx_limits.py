"""What a user of httpx says about keeping connections holds for his client, and binds nobody else."""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

GET = """
    import httpx, httpcore, time

    def get(**options):
        with httpx.Client(**options) as client:
            return client.get(url).text
"""

OFF = {
    "no idle time": "httpx.Limits(keepalive_expiry=0)",
    "no idle connections": "httpx.Limits(max_keepalive_connections=0)",
}


@pytest.mark.parametrize("off", OFF)
def test_a_client_that_keeps_nothing_gives_nothing_and_takes_nothing(
    run: Interpreter, origin: Origin, off: str
) -> None:
    code = f"result = [get(), get(limits={OFF[off]}), get(limits={OFF[off]}), get()]"
    assert run(GET, code, url=f"{origin.url}/bytes/1") == ["0"] * 4
    first, *refused, last = (request.connection_id for request in origin.requests)
    assert first == last
    assert len({first, *refused}) == 3


def test_a_proxy_client_that_keeps_nothing_gives_nothing(run: Interpreter, plain: Origin) -> None:
    code = """
        limits = httpx.Limits(max_keepalive_connections=0)
        result = [get(transport=httpx.HTTPTransport(proxy=httpx.Proxy(proxy), limits=limits)) for _ in range(3)]
    """
    assert run(GET, code, url="http://host.test/bytes/1", proxy=plain.url) == ["0"] * 3
    assert plain.accepted == 3


def test_an_idle_time_of_ones_own_ends_the_connections_of_those_who_say_the_same(
    run: Interpreter, origin: Origin
) -> None:
    code = """
        from lambda_keepalive import transport
        from lambda_keepalive.pool import connection

        def idle_for(seconds):
            monotonic, wall = connection.now()
            transport.pool._clock = lambda: (monotonic + seconds, wall + seconds)

        short, longer = httpx.Limits(keepalive_expiry=2), httpx.Limits(keepalive_expiry=60)
        result = [get(), get(limits=short), get(limits=short), get(limits=longer), get(limits=longer)]
        idle_for(30)
        result += [get(), get(limits=short), get(limits=longer)]
    """
    assert run(GET, code, url=f"{origin.url}/bytes/1") == ["0"] * 8
    default, short, again, longer, same, *later = (request.connection_id for request in origin.requests)
    assert (short, longer) == (again, same)
    assert len({default, short, longer}) == 3
    assert later[0] == default
    assert later[1] not in (default, short, longer)
    assert later[2] == longer


def test_httpxs_own_five_seconds_are_nobodys_wish(run: Interpreter, origin: Origin) -> None:
    code = """
        client = httpx.Client()
        result = [client.get(url).text]
        (connection,) = client._transport._pool.connections
        connection._connection._expire_at = 0.0  # as after five seconds
        result += [client.get(url).text, get()]
    """
    assert run(GET, code, url=f"{origin.url}/bytes/1") == ["0"] * 3
    assert origin.accepted == 1


def test_a_connection_is_idle_since_its_last_response_and_not_since_its_client_went(
    run: Interpreter, origin: Origin
) -> None:
    code = """
        from lambda_keepalive import transport
        from lambda_keepalive.pool import connection

        client = httpx.Client()
        result = [client.get(url).text]
        monotonic, wall = connection.now()
        transport.pool._clock = lambda: (monotonic + 346, wall + 346)  # NLB and NAT gateway have dropped it
        client.close()
        result.append(get())
    """
    assert run(GET, code, url=f"{origin.url}/bytes/1") == ["0"] * 2
    assert origin.accepted == 2


def test_the_most_connections_of_one_client_are_not_those_of_another(run: Interpreter, origin: Origin) -> None:
    code = """
        limits = httpx.Limits(max_connections=1)
        with httpx.Client(limits=limits) as one, httpx.Client(limits=limits, timeout=5) as other:
            with one.stream("GET", url) as first, other.stream("GET", url) as second:
                result = [second.read().decode(), first.read().decode()]
        result += [get(), get(limits=limits)]
    """
    assert run(GET, code, url=f"{origin.url}/bytes/1") == ["0"] * 4
    assert origin.accepted == 2


def test_http_2_is_left_alone(run: Interpreter, origin: Origin) -> None:
    code = """
        import ssl

        def ask():
            with httpcore.ConnectionPool(ssl_context=ssl.create_default_context(), http2=True) as pool:
                return pool.request("GET", url).content.decode()
        result = [ask(), ask(), ask(), get(), get()]
    """
    explained = r"(lambda-keepalive: explain: opened .* not reused: http2\n){3}lambda.* not reused: first; idle .*\n"
    assert (
        run(GET, code, url=f"{origin.url}/bytes/1", environ={"KEEPALIVE_EXPLAIN": "1"}, stderr=explained) == ["0"] * 5
    )
    assert origin.accepted == 4


BACKENDS = {
    "a backend of one's own": """
        class Backend(SyncBackend):
            def connect_tcp(self, *args, **kwargs):
                return super().connect_tcp(*args, **kwargs)
        make = lambda: httpcore.ConnectionPool(network_backend=Backend())
    """,
    "a connection class of one's own": """
        class Connection(httpcore.HTTPConnection):
            def _connect(self, request):
                return super()._connect(request)
        class Pool(httpcore.ConnectionPool):
            def create_connection(self, origin):
                return Connection(origin)
        make = Pool
    """,
}


@pytest.mark.parametrize("backend", BACKENDS)
def test_who_connects_in_a_way_of_his_own_has_connections_of_his_own(
    run: Interpreter, plain: Origin, backend: str
) -> None:
    code = """
        def ask():
            with make() as pool:
                return pool.request("GET", url).content.decode()
        result = [get(), ask(), ask(), get()]
    """
    imports = "import httpcore\nfrom httpcore._backends.sync import SyncBackend"
    assert run(imports, BACKENDS[backend], GET, code, url=f"{plain.url}/bytes/1") == ["0"] * 4
    first, *own, last = (request.connection_id for request in plain.requests)
    assert first == last
    assert len({first, *own}) == 3


def test_a_mock_of_httpcore_never_meets_a_socket(run: Interpreter, plain: Origin) -> None:
    code = """
        answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\nmock"
        def ask():
            with httpcore.ConnectionPool(network_backend=httpcore.MockBackend([answer])) as pool:
                return pool.request("GET", url).content.decode()
        result = [get(), ask(), get(), ask(), get(transport=httpx.MockTransport(lambda request: httpx.Response(200)))]
    """
    assert run(GET, code, url=f"{plain.url}/bytes/1") == ["0", "mock", "0", "mock", ""]
    assert (plain.received, plain.accepted) == (2, 1)


def test_an_unknown_version_is_left_alone_with_one_line(run: Interpreter, plain: Origin) -> None:
    code = """
        import re, sys
        from importlib.machinery import PathFinder, SourceFileLoader

        class Newer(SourceFileLoader):
            def get_data(self, path):
                return re.sub(rb'__version__ = "[^"]*"', b'__version__ = "2.0"', super().get_data(path))
            def get_code(self, name):
                return self.source_to_code(self.get_data(self.path), self.path)

        class Finder:
            @staticmethod
            def find_spec(name, path=None, target=None):
                if name != "httpcore":
                    return None
                spec = PathFinder.find_spec(name, path, target)
                spec.loader = Newer(name, spec.origin)
                return spec

        sys.meta_path.insert(1, Finder)
        import httpx
        result = [httpx.get(url).text for _ in range(2)]
    """
    line = r"(lambda-keepalive: httpcore is left alone: httpcore 2\.0 is not 1\.0\n)+"
    assert run(code, url=f"{plain.url}/bytes/1", stderr=line) == ["0"] * 2
    assert plain.accepted == 2
