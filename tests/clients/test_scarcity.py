"""Out of descriptors, out of memory: the call ends as it would without the layer, and the next one works."""

from __future__ import annotations

import pytest

from tests.clients.async_clients import ASYNC_CLIENTS
from tests.clients.careless import CLIENTS
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

# Within `no_descriptors()` no file can be opened and no socket made.
NO_DESCRIPTORS = """
    import contextlib, os, resource

    @contextlib.contextmanager
    def no_descriptors():
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
        taken = []
        try:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(os.dup(0))
            yield
        finally:
            for descriptor in taken:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
"""


# httpx opens its CA bundle for each client.
@pytest.mark.parametrize("client", [client for client in CLIENTS if client != "httpx"])
def test_without_descriptors_what_is_idle_still_serves(run: Interpreter, origin: Origin, client: str) -> None:
    code = """
        result = [fetch(url)[0]]
        with no_descriptors():
            result += [fetch(url)[0] for _ in range(5)]
        result.append(fetch(url)[0])
    """
    assert run(CLIENTS[client], NO_DESCRIPTORS, code, url=origin.url) == [200] * 7
    assert origin.accepted == 1


@pytest.mark.parametrize("layer", [True, False])
@pytest.mark.parametrize("client", CLIENTS)
def test_without_descriptors_and_connections_the_error_is_the_librarys_own(
    run: Interpreter, plain: Origin, client: str, layer: bool
) -> None:
    code = """
        fetch(url)
        if attached:
            from lambda_keepalive import transport
            transport.pool.clear("idle")
        with no_descriptors():
            failed = [fetch(url) for _ in range(3)]
        result = [failed, fetch(url)[0]]
    """
    failed, after = run(CLIENTS[client], NO_DESCRIPTORS, code, url=plain.url, layer=layer, attached=layer)
    expected = {
        "http.client": "OSError",
        "urlopen": "URLError",
        "urllib3": "NewConnectionError",
        "requests": "ConnectionError",
        "httpx": "OSError",  # of its CA bundle
    }
    assert failed == [expected[client]] * 3
    assert after == 200


@pytest.mark.parametrize("client", ASYNC_CLIENTS)
def test_an_async_connection_that_cannot_leave_its_loop_ends_there(
    run: Interpreter, origin: Origin, client: str
) -> None:
    """To leave a loop the socket is duplicated."""
    code = """
        async def main():
            async with new() as client:
                answer = await fetch(client, url + "/bytes/3")
                with no_descriptors():
                    await client.close() if hasattr(client, "close") else await client.aclose()
            return answer

        result = [asyncio.run(main()), careless(url + "/bytes/3")]
    """
    assert run(ASYNC_CLIENTS[client], NO_DESCRIPTORS, code, url=origin.url) == [[200, "012"]] * 2
    assert origin.accepted == 2


def test_without_descriptors_the_record_is_lost_and_the_thaw_check_works(
    run: Interpreter, origin: Origin, tmp_path: object
) -> None:
    pytest.importorskip("awslambdaric")
    code = """
        import os, awslambdaric.lambda_runtime_client
        from lambda_keepalive import lifecycle, transport
        os.mkfifo(os.path.join(directory, "records"))
        reader = os.open(os.path.join(directory, "records"), os.O_RDONLY | os.O_NONBLOCK)
        fetch(url)
        for connections in transport.pool._idle.values():
            for connection in connections:
                connection.poll = None  # as of a connection that was never looked at
        with no_descriptors():
            lifecycle.starting("one")
            idle = transport.pool.idle_count()
            lifecycle.ending()
        lifecycle.starting("two")
        fetch(url)
        lifecycle.ending()
        result = [idle, os.read(reader, 65536).decode().count(" end id=")]
    """
    environ = {"KEEPALIVE_RUNTIME_DIR": str(tmp_path)}
    said = ".*is missing, so there are no metrics.*|"
    assert run(
        CLIENTS["requests"], NO_DESCRIPTORS, code, url=origin.url, directory=str(tmp_path), environ=environ, stderr=said
    ) == [1, 1]
    assert origin.accepted == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_when_memory_runs_out_in_the_middle_of_calls_later_ones_work(
    run: Interpreter, origin: Origin, client: str
) -> None:
    """Whatever fails fails with the library's own error or a MemoryError, and nothing stays locked or half done."""
    code = """
        import resource
        fetch(url)
        pages = int(open("/proc/self/statm").read().split()[0])
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        answers = []
        for room in range(0, 2_000_000, 100_000):
            resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + room, hard))
            ballast = []
            try:
                while True:
                    ballast.append(bytes(50_000))
            except MemoryError:
                pass
            try:
                while True:
                    ballast.append(bytes(500))
            except MemoryError:
                pass
            try:
                fetch(url)
            except MemoryError:
                pass
            ballast.clear()
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
            answers.append(fetch(url))
        result = [answer[0] for answer in answers]
    """
    assert run(CLIENTS[client], code, url=origin.url, stderr="(lambda-keepalive: fault in .*)?") == [200] * 20
