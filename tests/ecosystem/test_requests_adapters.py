"""Sessions with adapters of their own: what an adapter sets is part of the identity, and equal ones share."""

from __future__ import annotations

import hashlib
import ssl

import pytest

from tests.clients.interpreter import Interpreter
from tests.clients.test_reuse import CALLS, INVOCATIONS, LOOP
from tests.support.origin import Origin

CALL = """
    import requests, socket
    from requests.adapters import HTTPAdapter
    from requests_toolbelt.adapters.fingerprint import FingerprintAdapter
    from requests_toolbelt.adapters.host_header_ssl import HostHeaderSSLAdapter
    from requests_toolbelt.adapters.socket_options import SocketOptionsAdapter, TCPKeepAliveAdapter
    from requests_toolbelt.adapters.source import SourceAddressAdapter
    from requests_toolbelt.adapters.ssl import SSLAdapter
    from urllib3 import Retry

    def ask(make, url, **options):
        with requests.Session() as session:
            session.mount("https://", make())
            return session.get(url, **options).text
"""

ADAPTERS = {
    "HTTPAdapter with Retry": "HTTPAdapter(max_retries=Retry(3, status_forcelist=[503]))",
    "SourceAddressAdapter": "SourceAddressAdapter('127.0.0.2')",
    "SocketOptionsAdapter": "SocketOptionsAdapter(socket_options=[(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)])",
    "TCPKeepAliveAdapter": "TCPKeepAliveAdapter(idle=120, interval=10)",
    "HostHeaderSSLAdapter": "HostHeaderSSLAdapter()",
    "FingerprintAdapter": "FingerprintAdapter(fingerprint)",
}


@pytest.fixture
def fingerprint(origin: Origin) -> str:
    pem = ssl.get_server_certificate((origin.host, origin.port))
    origin.reset()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_session_with_an_adapter_per_call_opens_one_connection(
    run: Interpreter, origin: Origin, fingerprint: str, adapter: str
) -> None:
    call = f"def call(url, n): return ask(lambda: {ADAPTERS[adapter]}, url + '/bytes/1')"
    names = {"fingerprint": fingerprint, "invocations": INVOCATIONS, "calls": CALLS}
    assert run(CALL, call, LOOP, url=origin.url, **names) == [["0"] * CALLS] * INVOCATIONS
    assert origin.accepted == 1


def test_each_adapter_has_a_connection_of_its_own(run: Interpreter, origin: Origin, fingerprint: str) -> None:
    # Retry decides about trying again, nothing about the connection.
    different = [ADAPTERS[name] for name in ADAPTERS if name not in ("HostHeaderSSLAdapter",)]
    code = f"""
        makes = [{", ".join("lambda: " + adapter for adapter in different)}] * 3
        result = [ask(make, url + "/bytes/1") for make in makes]
        result += [ask(HTTPAdapter, url + "/bytes/1")]
    """
    assert run(CALL, code, url=origin.url, fingerprint=fingerprint) == ["0"] * (3 * len(different) + 1)
    assert origin.accepted == len(different)


def test_the_host_field_that_names_the_certificate_is_part_of_the_identity(run: Interpreter, origin: Origin) -> None:
    code = """
        def outcome(host):
            try:
                return ask(HostHeaderSSLAdapter, url + "/bytes/1", headers={"Host": host})
            except requests.exceptions.SSLError:
                return "refused"

        result = [outcome(host) for host in ("localhost", "127.0.0.1", "elsewhere.test") * 2]
    """
    assert run(CALL, code, url=origin.url) == ["0", "0", "refused"] * 2
    assert origin.received == 4


def test_a_wrong_fingerprint_is_refused_beside_an_open_connection(
    run: Interpreter, origin: Origin, fingerprint: str
) -> None:
    code = """
        def outcome(fingerprint):
            try:
                return ask(lambda: FingerprintAdapter(fingerprint), url + "/bytes/1")
            except requests.exceptions.SSLError:
                return "refused"

        result = [ask(HTTPAdapter, url + "/bytes/1"), outcome(fingerprint), outcome("aa" * 32), outcome(fingerprint)]
    """
    assert run(CALL, code, url=origin.url, fingerprint=fingerprint) == ["0", "0", "refused", "0"]
    assert origin.received == 3
