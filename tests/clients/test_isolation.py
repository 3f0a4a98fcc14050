"""Whatever differs in trust, identity or way of connecting is never shared; whatever is equal is. The server counts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.certificates import Authority
from tests.support.origin import Origin

# A name and not an address: old urllib3 cannot check an address against a context of the caller's.
NAME = "localhost"

PREPARE = """
    import socket, ssl, warnings
    from http.client import HTTPConnection, HTTPSConnection
    from urllib.parse import urlsplit
    from urllib.request import HTTPSHandler, build_opener, urlopen

    import boto3, requests, urllib3, urllib3.util.ssl_match_hostname
    from botocore.config import Config

    warnings.simplefilter("ignore")
    files = {name: str(path) for name, path in files.items()}
    bundle = files["bundle"]
    host, port = urlsplit(url).hostname, urlsplit(url).port

    def by_http_client(address=None, **options):
        connection = HTTPSConnection(address or host, port, **options)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read() and "answered"
        finally:
            connection.close()

    def by_urllib3(address=None, **options):
        with urllib3.HTTPSConnectionPool(address or host, port, retries=False, **options) as pool:
            return pool.request("GET", "/").data and "answered"

    def by_manager(**options):
        with urllib3.PoolManager(retries=False, **options) as manager:
            return manager.request("GET", url).data and "answered"

    def by_requests(**options):
        return requests.get(url, **options).content and "answered"

    def by_urlopen(context=None):
        with urlopen(url, context=context) as response:
            return response.read() and "answered"

    def by_opener(context):
        with build_opener(HTTPSHandler(context=context)).open(url) as response:
            return response.read() and "answered"

    def by_boto(cert=None, **options):
        config = Config(client_cert=cert, retries={"max_attempts": 0})
        client = boto3.client("dynamodb", endpoint_url=url, config=config, **options)
        return client.get_item(TableName="items", Key={"id": {"S": "1"}}) and "answered"

    def context(change=None, **options):
        context = ssl.create_default_context(**options)
        if change is not None:
            change(context)
        return context

    def unverified():
        return context(lambda context: (setattr(context, "check_hostname", False),
                                        setattr(context, "verify_mode", ssl.CERT_NONE)))

    def outcome(call):
        try:
            return call()
        except Exception as error:
            while error.__context__ is not None:
                error = error.__context__
            # urllib3 has classes of its own for what it checks itself.
            refusals = ssl.SSLError, urllib3.exceptions.SSLError, urllib3.util.ssl_match_hostname.CertificateError
            return "refused" if isinstance(error, refusals) else repr(error)
"""

# Pairs of calls that both succeed and differ in one thing. Each value is made anew for every call.
DIFFERENT = {
    "http.client: verified or not": ("by_http_client()", "by_http_client(context=unverified())"),
    "http.client: CAs in force and one more": (
        "by_http_client()",
        "by_http_client(context=context(lambda c: c.load_verify_locations(files['other'])))",
    ),
    "http.client: CA file by another name": (
        "by_http_client(context=context(cafile=bundle))",
        "by_http_client(context=context(cafile=files['copy']))",
    ),
    "http.client: host name checked or not": (
        "by_http_client(context=context())",
        "by_http_client(context=context(lambda c: setattr(c, 'check_hostname', False)))",
    ),
    "http.client: chain verified or nothing": (
        "by_http_client(context=context(lambda c: setattr(c, 'check_hostname', False)))",
        "by_http_client(context=unverified())",
    ),
    "http.client: lowest version": (
        "by_http_client(context=context())",
        "by_http_client(context=context(lambda c: setattr(c, 'minimum_version', ssl.TLSVersion.TLSv1_3)))",
    ),
    "http.client: highest version": (
        "by_http_client(context=context())",
        "by_http_client(context=context(lambda c: setattr(c, 'maximum_version', ssl.TLSVersion.TLSv1_2)))",
    ),
    "http.client: ciphers": (
        "by_http_client(context=context())",
        "by_http_client(context=context(lambda c: c.set_ciphers('ECDHE+AESGCM')))",
    ),
    "http.client: ALPN": (
        "by_http_client(context=context(lambda c: c.set_alpn_protocols(['http/1.1'])))",
        "by_http_client(context=context(lambda c: c.set_alpn_protocols(['http/1.1', 'x'])))",
    ),
    "http.client: options": (
        "by_http_client(context=context())",
        "by_http_client(context=context(lambda c: setattr(c, 'options', c.options | ssl.OP_NO_TICKET)))",
    ),
    "http.client: verify flags": (
        "by_http_client(context=context(lambda c: setattr(c, 'verify_flags', ssl.VERIFY_DEFAULT)))",
        "by_http_client(context=context(lambda c: setattr(c, 'verify_flags', ssl.VERIFY_X509_TRUSTED_FIRST)))",
    ),
    "http.client: client certificate or none": (
        "by_http_client(context=context())",
        "by_http_client(context=context(lambda c: c.load_cert_chain(files['ann'])))",
    ),
    "http.client: client certificates": (
        "by_http_client(context=context(lambda c: c.load_cert_chain(files['ann'])))",
        "by_http_client(context=context(lambda c: c.load_cert_chain(files['bob'])))",
    ),
    "http.client: host as dialled": ("by_http_client()", "by_http_client('127.0.0.1')"),
    "http.client: source address": ("by_http_client()", "by_http_client(source_address=('127.0.0.1', 0))"),
    "urlopen: verified or not": ("by_urlopen()", "by_urlopen(unverified())"),
    "urlopen: client certificate or none": (
        "by_opener(context())",
        "by_opener(context(lambda c: c.load_cert_chain(files['ann'])))",
    ),
    "urllib3: verified or not": ("by_manager()", "by_manager(cert_reqs='CERT_NONE')"),
    "urllib3: CA file": ("by_manager(ca_certs=bundle)", "by_manager(ca_certs=files['copy'])"),
    "urllib3: host name asserted": ("by_manager()", "by_manager(assert_hostname='127.0.0.1')"),
    "urllib3: host name not asserted": ("by_manager()", "by_manager(assert_hostname=False)"),
    "urllib3: fingerprint": ("by_manager()", "by_manager(assert_fingerprint=files['fingerprint'])"),
    "urllib3: server name": ("by_manager()", "by_manager(server_hostname='127.0.0.1')"),
    "urllib3: client certificates": (
        "by_manager(cert_file=files['ann'])",
        "by_manager(cert_file=files['bob'])",
    ),
    "urllib3: lowest version": (
        "by_manager(ssl_context=context())",
        "by_manager(ssl_context=context(lambda c: setattr(c, 'minimum_version', ssl.TLSVersion.TLSv1_3)))",
    ),
    "urllib3: source address": ("by_manager()", "by_manager(source_address=('127.0.0.1', 0))"),
    "urllib3: socket options": (
        "by_manager()",
        "by_manager(socket_options=[(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)])",
    ),
    "urllib3: host as dialled": ("by_urllib3()", "by_urllib3('127.0.0.1')"),
    "requests: verified or not": ("by_requests()", "by_requests(verify=False)"),
    "requests: CA file": ("by_requests(verify=bundle)", "by_requests(verify=files['copy'])"),
    "requests: client certificate or none": ("by_requests()", "by_requests(cert=files['ann'])"),
    "requests: client certificates": ("by_requests(cert=files['ann'])", "by_requests(cert=files['bob'])"),
    "boto3: verified or not": ("by_boto()", "by_boto(verify=False)"),
    "boto3: CA file": ("by_boto(verify=bundle)", "by_boto(verify=files['copy'])"),
    "boto3: client certificate or none": ("by_boto()", "by_boto(cert=files['ann'])"),
    "boto3: client certificates": ("by_boto(cert=files['ann'])", "by_boto(cert=files['bob'])"),
}

# Calls that a verified connection must never make succeed: their caller trusts somebody else.
MISTRUSTING = {
    "http.client": "by_http_client(context=ssl.create_default_context(cafile=files['other']))",
    "http.client with no CA at all": "by_http_client(context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))",
    "urlopen": "by_urlopen(ssl.create_default_context(cafile=files['other']))",
    "urllib3": "by_manager(ca_certs=files['other'])",
    "urllib3 with a context": "by_manager(ssl_context=ssl.create_default_context(cafile=files['other']))",
    "urllib3 with another host name": "by_manager(assert_hostname='elsewhere.test')",
    "urllib3 with another fingerprint": "by_manager(assert_fingerprint='AA' * 32)",
    "urllib3 with another server name": "by_manager(server_hostname='elsewhere.test')",
    "requests": "by_requests(verify=files['other'])",
    "boto3": "by_boto(verify=files['other'])",
}

# What opens a connection that the mistrusting call could wrongly take.
TRUSTING = {
    "http.client": "by_http_client()",
    "urlopen": "by_urlopen()",
    "urllib3": "by_manager()",
    "requests": "by_requests()",
    "boto3": "by_boto()",
}


@pytest.fixture(scope="session")
def files(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    directory = tmp_path_factory.mktemp("files")
    copy = directory / "copy.pem"
    shutil.copy(authority.bundle, copy)
    return {
        "bundle": str(authority.bundle),
        "copy": str(copy),
        "other": str(Authority(directory / "other").bundle),
        "ann": str(authority.issue("ann.test").path),
        "bob": str(authority.issue("bob.test").path),
    }


@pytest.fixture
def server(origin: Origin, files: dict[str, str]) -> Iterator[Origin]:
    """An origin whose certificate's fingerprint is among the files."""
    files["fingerprint"] = fingerprint(origin)
    return origin


def fingerprint(origin: Origin) -> str:
    import hashlib
    import ssl

    pem = ssl.get_server_certificate((origin.host, origin.port))
    origin.reset()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


@pytest.mark.parametrize("difference", DIFFERENT)
def test_what_differs_is_not_shared_and_what_is_equal_is(
    run: Interpreter, server: Origin, files: dict[str, str], difference: str
) -> None:
    first, second = DIFFERENT[difference]
    loop = f"result = [outcome(call) for call in [lambda: {first}, lambda: {second}] * 3]"
    assert run(PREPARE, loop, url=server.url_for(NAME), files=files) == ["answered"] * 6
    assert (server.received, server.accepted) == (6, 2)


@pytest.mark.parametrize("call", MISTRUSTING)
def test_whoever_trusts_somebody_else_is_refused_beside_any_open_connection(
    run: Interpreter, server: Origin, files: dict[str, str], call: str
) -> None:
    loop = f"""
        trusting = [{", ".join("lambda: " + text for text in TRUSTING.values())}]
        result = [[outcome(first), outcome(lambda: {MISTRUSTING[call]}), outcome(first)] for first in trusting]
    """
    assert run(PREPARE, loop, url=server.url_for(NAME), files=files) == [["answered", "refused", "answered"]] * len(
        TRUSTING
    )


@pytest.mark.parametrize("client", ["http.client", "urllib3", "requests", "boto3"])
def test_a_ca_file_that_is_rewritten_in_place_is_read_again(
    run: Interpreter, server: Origin, files: dict[str, str], tmp_path: Path, client: str
) -> None:
    calls = {
        "http.client": "by_http_client(context=context(cafile=changing))",
        "urllib3": "by_manager(ca_certs=changing)",
        "requests": "by_requests(verify=changing)",
        "boto3": "by_boto(verify=changing)",
    }
    changing = tmp_path / "changing.pem"
    loop = f"""
        def write(name):
            with open(files[name], "rb") as source, open(changing, "wb") as target:
                target.write(source.read())

        result = []
        for name in ("bundle", "bundle", "other", "other", "bundle"):
            write(name)
            result.append(outcome(lambda: {calls[client]}))
    """
    answers = run(PREPARE, loop, url=server.url_for(NAME), files=files, changing=str(changing))
    assert answers == ["answered", "answered", "refused", "refused", "answered"]


@pytest.mark.parametrize("client", ["http.client", "urlopen", "urllib3"])
def test_trust_of_the_environment_is_that_of_the_moment(
    run: Interpreter, server: Origin, files: dict[str, str], client: str
) -> None:
    loop = f"""
        import os
        result = []
        for name in ("bundle", "other", "bundle"):
            os.environ["SSL_CERT_FILE"] = files[name]
            result.append(outcome(lambda: {TRUSTING[client]}))
    """
    with_layer = run(PREPARE, loop, url=server.url_for(NAME), files=files)
    assert with_layer[:1] == ["answered"]
    if client != "urlopen":  # whose global opener keeps the context of the first call on some versions
        assert with_layer == ["answered", "refused", "answered"]
    assert with_layer == run(PREPARE, loop, layer=False, url=server.url_for(NAME), files=files)


def test_a_context_that_one_user_changes_is_not_anybody_elses(
    run: Interpreter, server: Origin, files: dict[str, str]
) -> None:
    code = """
        def careless(connection):
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()

        result = []
        for _ in range(3):
            mine = HTTPSConnection(host, port)
            mine._context.check_hostname = False
            mine._context.verify_mode = ssl.CERT_NONE
            careless(mine)
            other = HTTPSConnection(host, port)
            careless(other)
            result.append([other._context.check_hostname, other._context.verify_mode == ssl.CERT_REQUIRED])
            result.append(mine._context is not other._context)
    """
    assert run(PREPARE, code, url=server.url_for(NAME), files=files) == [[True, True], True] * 3
    assert server.accepted == 2


def test_a_context_changed_after_its_connection_was_kept_takes_no_connection_of_before(
    run: Interpreter, server: Origin, files: dict[str, str]
) -> None:
    code = """
        shared = context()
        by_http_client(context=shared)
        by_http_client(context=shared)
        shared.set_ciphers("ECDHE+AESGCM")
        by_http_client(context=shared)
        by_http_client(context=shared)
    """
    run(PREPARE, code, url=server.url_for(NAME), files=files)
    assert server.accepted == 2


@pytest.mark.parametrize(
    "replaced",
    [
        "socket.create_connection = lambda *a, original=socket.create_connection, **k: original(*a, **k)",
        "socket.getaddrinfo = lambda *a, original=socket.getaddrinfo, **k: original(*a, **k)",
        "urllib3.util.connection.create_connection = "
        "lambda *a, original=urllib3.util.connection.create_connection, **k: original(*a, **k)",
    ],
    ids=["socket.create_connection", "socket.getaddrinfo", "urllib3's create_connection"],
)
def test_functions_that_somebody_replaced_make_connections_of_their_own(
    run: Interpreter, server: Origin, files: dict[str, str], replaced: str
) -> None:
    code = f"""
        call = by_manager if "urllib3" in {replaced!r} else by_http_client
        call()
        call()
        {replaced}
        call()
        call()
    """
    run(PREPARE, code, url=server.url_for(NAME), files=files)
    assert server.accepted == 2


def test_opaque_contexts_are_shared_with_themselves_alone(
    run: Interpreter, server: Origin, files: dict[str, str]
) -> None:
    code = """
        class Own(ssl.SSLContext):
            pass

        def own():
            context = Own(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(bundle)
            return context

        first, second = own(), own()
        result = [by_http_client(context=context) for context in (first, second) * 3]
    """
    assert run(PREPARE, code, url=server.url_for(NAME), files=files) == ["answered"] * 6
    assert server.accepted == 2


def test_client_certificates_reach_the_server_that_demands_them(
    run: Interpreter, authority: Authority, files: dict[str, str]
) -> None:
    code = """
        result = []
        for name in ("ann", "bob") * 2:
            result.append(outcome(lambda: by_requests(cert=files[name])))
            result.append(outcome(lambda: by_http_client(context=context(lambda c: c.load_cert_chain(files[name])))))
    """
    with Origin(tls=authority, client_authority=authority) as demanding:
        assert run(PREPARE, code, url=demanding.url_for(NAME), files=files) == ["answered"] * 8
        assert demanding.accepted == 4
        refused = run(PREPARE, "result = outcome(by_http_client)", url=demanding.url_for(NAME), files=files)
        assert refused != "answered"


def test_a_client_certificate_that_is_rewritten_in_place_is_shown_anew(
    run: Interpreter, authority: Authority, files: dict[str, str], tmp_path: Path
) -> None:
    changing = tmp_path / "changing.pem"
    code = """
        import shutil
        for name in ("ann", "bob"):
            shutil.copy(files[name], changing)
            for _ in range(3):
                by_requests(cert=changing)
    """
    with Origin(tls=authority, client_authority=authority) as demanding:
        run(PREPARE, code, url=demanding.url_for(NAME), files=files, changing=str(changing))
        assert demanding.accepted == 2


def test_equal_contexts_made_in_different_order_of_no_consequence_share(
    run: Interpreter, server: Origin, files: dict[str, str]
) -> None:
    code = """
        for _ in range(3):
            by_http_client()
            by_http_client(context=ssl.create_default_context())
            by_urlopen()
            by_opener(ssl.create_default_context())
    """
    run(PREPARE, code, url=server.url_for(NAME), files=files)
    assert server.accepted <= 2  # http.client names its protocol by ALPN in its own contexts alone
