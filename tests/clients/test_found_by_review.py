"""Ways in which a call or a trust decision could have leaked into another one, each found by attacking the layer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.certificates import Authority
from tests.support.origin import Exchange, Origin

GET = """
    from http.client import HTTPConnection, HTTPSConnection
    from urllib.parse import urlsplit

    def connect(url, **options):
        parts = urlsplit(url)
        connection_class = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return connection_class(parts.hostname, parts.port, timeout=10, **options)

    def get(url, **options):
        connection = connect(url, **options)
        try:
            connection.request("GET", urlsplit(url).path or "/")
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()
"""


def test_a_factory_replaced_before_the_handshake_lends_its_trust_to_nobody(
    run: Interpreter, origin: Origin, tmp_path: Path
) -> None:
    stranger = str(Authority(tmp_path).bundle)
    result = run(
        GET,
        """
        import os, ssl
        os.environ["SSL_CERT_FILE"] = stranger
        factory = ssl._create_default_https_context
        outcomes = []
        for _ in range(3):
            connection = connect(url)
            ssl._create_default_https_context = ssl._create_unverified_context
            try:
                connection.request("GET", "/")
                outcomes.append(connection.getresponse().read() and "answered")
            except ssl.SSLCertVerificationError:
                outcomes.append("refused")
            finally:
                connection.close()
                ssl._create_default_https_context = factory
        result = outcomes
        """,
        url=origin.url,
        stranger=stranger,
    )
    assert result == ["refused"] * 3


def test_trust_that_changed_before_the_handshake_is_not_taken_for_the_old_one(
    run: Interpreter, origin: Origin, tmp_path: Path
) -> None:
    stranger = str(Authority(tmp_path).bundle)
    result = run(
        GET,
        """
        import os, ssl
        good = os.environ["SSL_CERT_FILE"]
        os.environ["SSL_CERT_FILE"] = stranger
        connect(url)
        connection = connect(url)  # verifies by the stranger
        os.environ["SSL_CERT_FILE"] = good
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except ssl.SSLCertVerificationError:
            pass
        connection.close()
        os.environ["SSL_CERT_FILE"] = stranger
        try:
            get(url)
            result = "answered"
        except ssl.SSLCertVerificationError:
            result = "refused"
        """,
        url=origin.url,
        stranger=stranger,
    )
    assert result == "refused"


def test_a_ca_file_rewritten_with_its_size_and_time_kept_is_another(
    run: Interpreter, origin: Origin, tmp_path: Path
) -> None:
    result = run(
        GET,
        """
        import os, shutil, ssl
        good = open(os.environ["SSL_CERT_FILE"]).read()
        os.environ["SSL_CERT_FILE"] = path
        with open(path, "w") as file:
            file.write(good)
        get(url)
        status = os.stat(path)
        with open(path, "r+") as file:
            file.write(good.replace("BEGIN CERTIFICATE", "begin certificate"))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        try:
            result = get(url)
        except OSError as error:
            result = type(error).__name__
        """,
        url=origin.url,
        path=str(tmp_path / "bundle"),
    )
    assert result == "SSLCertVerificationError"


@pytest.mark.parametrize(
    "change",
    [
        "urllib3.util.connection.HAS_IPV6 = not urllib3.util.connection.HAS_IPV6",
        "urllib3.util.connection.allowed_gai_family = lambda: 2",
        "urllib3.connection.ssl_wrap_socket = functools.partial(urllib3.connection.ssl_wrap_socket)",
        "urllib3.connection.HTTPConnection._new_conn = mine",
    ],
)
def test_urllib3_told_to_connect_otherwise_does(run: Interpreter, origin: Origin, change: str) -> None:
    result = run(
        """
        import functools, urllib3
        original = urllib3.connection.HTTPConnection._new_conn

        def mine(self):
            return original(self)

        def get():
            with urllib3.PoolManager() as manager:
                return manager.request("GET", url).status

        get()
        """,
        change,
        "result = get()",
        url=origin.url,
    )
    assert result == 200
    assert origin.accepted == 2


def test_a_socket_whose_tls_its_user_ended_is_given_to_nobody(run: Interpreter, origin: Origin) -> None:
    result = run(
        GET,
        """
        connection = connect(url)
        connection.request("GET", "/")
        connection.getresponse().read()
        connection.sock._sslobj = None  # what SSLSocket.unwrap leaves
        connection.close()
        result = get(url)
        """,
        url=origin.url,
    )
    assert result == 200
    assert origin.accepted == 2


def test_a_socket_borrowed_from_a_connection_stays_its_users(run: Interpreter, plain: Origin) -> None:
    result = run(
        GET,
        """
        import gc
        def open_socket():
            connection = connect(url)
            connection.connect()
            return connection.sock

        get(url)
        for _ in range(2):
            own = open_socket()
            gc.collect()
            own.sendall(b"GET /slow/100 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            get(url)
            assert b"at last" in own.recv(1000)
            own.close()
        result = True
        """,
        url=plain.url,
    )
    assert result


@pytest.mark.parametrize("declared", [3, 7])
@pytest.mark.parametrize("client", ["http.client", "urllib3", "urlopen"])
def test_a_body_of_another_length_than_declared_ends_the_connection(
    run: Interpreter, plain: Origin, client: str, declared: int
) -> None:
    def answer_early(exchange: Exchange) -> None:
        exchange.respond(200, b"enough")

    plain.route("/early", answer_early, before_body=declared > 5)
    fields = {"Content-Length": str(declared)}
    call = {
        "http.client": """
            connection = connect(url)
            connection.request("POST", "/early", b"12345", fields)
            connection.getresponse().read()
            connection.close()
        """,
        "urllib3": """
            import urllib3
            def get(url):
                with urllib3.PoolManager() as manager:
                    return manager.request("GET", url).status

            with urllib3.PoolManager() as manager:
                manager.request("POST", url + "/early", body=b"12345", headers=fields, retries=False)
        """,
        "urlopen": """
            from urllib.request import Request, urlopen
            urlopen(Request(url + "/early", b"12345", fields)).read()
        """,
    }
    assert run(GET, call[client], "result = get(url)", url=plain.url, fields=fields) == 200
    assert plain.accepted == 2


def test_a_second_connection_field_counts(run: Interpreter, plain: Origin) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.respond(200, b"bye", [("Connection", "X-Hop"), ("Connection", "close")])

    plain.route("/two", answer)
    assert run(GET, "get(url + '/two'); result = get(url)", url=plain.url) == 200
    assert plain.accepted == 2


def test_no_content_with_a_framing_is_no_clean_end(run: Interpreter, plain: Origin) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n")

    plain.route("/none", answer)
    code = """
        connection = connect(url)
        connection.request("GET", "/none")
        connection.getresponse()
        connection.close()
        result = get(url)
    """
    assert run(GET, code, url=plain.url) == 200
    assert plain.accepted == 2


def test_the_environment_may_change_while_proxies_are_looked_up(run: Interpreter) -> None:
    result = run(
        """
        import os, sys, threading
        from urllib.request import getproxies
        sys.setswitchinterval(1e-6)
        done = threading.Event()

        def change():
            while not done.is_set():
                for number in range(50):
                    os.environ[f"VARIABLE_{number}"] = ""
                for number in range(50):
                    del os.environ[f"VARIABLE_{number}"]

        thread = threading.Thread(target=change)
        thread.start()
        try:
            for _ in range(5000):
                getproxies()
        finally:
            done.set()
            thread.join()
        result = True
        """
    )
    assert result


def test_a_signal_handler_may_call_while_a_pool_is_locked(run: Interpreter, plain: Origin) -> None:
    result = run(
        GET,
        """
        import urllib3
        manager = urllib3.PoolManager()
        manager.request("GET", url)
        pool = manager.connection_from_url(url)
        with pool.pool.mutex:  # a signal arrives in here
            connection = connect(url)
            connection.request("GET", "/")
            result = connection.getresponse().status
        """,
        url=plain.url,
    )
    assert result == 200


def test_a_signal_handler_that_raises_leaves_the_pool_usable(run: Interpreter, plain: Origin) -> None:
    result = run(
        GET,
        """
        import threading

        get(url)
        from lambda_keepalive.transport import pool

        class Alarm(BaseException):
            pass

        def interrupt(frame, event, argument):
            global left
            ours = "lambda_keepalive.pool.idle", "lambda_keepalive.lock"
            if event == "c_return" and frame.f_globals["__name__"] in ours:
                left -= 1
                if left == 0:
                    raise Alarm

        for number in range(1, 20):
            left = number
            sys.setprofile(interrupt)
            try:
                get(url)
            except Alarm:
                pass
            sys.setprofile(None)

        thread = threading.Thread(target=get, args=[url], daemon=True)
        thread.start()
        thread.join(10)
        result = [thread.is_alive(), len(pool._inbox)]
        """,
        url=plain.url,
    )
    assert result == [False, 0]


def test_an_import_within_an_import_finds_all_finders(run: Interpreter) -> None:
    result = run(
        """
        from lambda_keepalive import hooks

        class Curious:
            def find_spec(self, name, path=None, target=None):
                if name == "this":
                    import colorsys

        hooks._hooks.clear()
        hooks.after_import("colorsys", lambda module: None)
        sys.meta_path.insert(-1, Curious())
        sys.modules.pop("this", None)
        import contextlib, io
        with contextlib.redirect_stdout(io.StringIO()):
            import this
        result = True
        """
    )
    assert result


def test_contexts_that_nobody_holds_are_not_kept(run: Interpreter, origin: Origin) -> None:
    held = run(
        GET,
        """
        import gc, ssl, weakref
        contexts = weakref.WeakSet()
        for _ in range(30):
            context = ssl.create_default_context()
            context.label = "mine"  # an attribute of its own makes it opaque
            contexts.add(context)
            get(url, context=context)
        del context
        gc.collect()
        result = len(contexts)
        """,
        url=origin.url,
    )
    # Those of idle connections, KEEPALIVE_MAX_IDLE_PER_HOST, and the last one, which the next call would look at.
    assert held <= 11


def test_classes_made_for_one_call_are_not_kept(run: Interpreter, plain: Origin) -> None:
    held = run(
        GET,
        """
        import gc, weakref
        classes = weakref.WeakSet()
        for _ in range(300):
            mine = type("Mine", (HTTPConnection,), {})
            classes.add(mine)
            connection = mine(urlsplit(url).netloc)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
        del mine, connection
        gc.collect()
        result = len(classes)
        """,
        url=plain.url,
    )
    assert held <= 100


def test_the_first_call_makes_one_context(run: Interpreter, origin: Origin) -> None:
    made = run(
        GET,
        """
        import ssl
        made = 0
        factory = ssl.SSLContext.set_default_verify_paths

        def counting(self):
            global made
            made += 1
            return factory(self)

        ssl.SSLContext.set_default_verify_paths = counting
        get(url)
        get(url)
        result = made
        """,
        url=origin.url,
    )
    assert made == 1


def test_a_wrapper_path_with_two_slashes_leaves_no_trace(run: Interpreter, tree: Path) -> None:
    doubled = f"{tree}//lambda-keepalive/python"
    result = run(
        "import os; result = [os.environ.get('PYTHONPATH'), 'lambda_keepalive' in sys.modules]",
        layer=False,
        environ={"PYTHONPATH": doubled},
    )
    assert result == [None, True]


def test_a_connection_whose_socket_somebody_can_still_read_is_given_to_nobody(run: Interpreter, plain: Origin) -> None:
    run(
        GET,
        """
        connection = connect(url)
        connection.connect()
        kept = connection.sock.makefile("rb")
        connection.request("GET", "/")
        connection.getresponse().read()
        connection.close()
        get(url)
        kept.close()
        """,
        url=plain.url,
    )
    assert plain.accepted == 2
