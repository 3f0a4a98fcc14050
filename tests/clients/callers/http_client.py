"""`http.client`, a connection object for each call."""

from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

from tests.clients.callers import by_hand


def call(
    url,
    *,
    verify=True,
    ca=None,
    certificate=None,
    proxy=None,
    source=None,
    minimum_tls=None,
    headers=None,
    cookies=None,
    auth=None,
    timeout=10,
):
    parts = urlsplit(url)
    connection_class, options = HTTPConnection, {"timeout": timeout}
    if parts.scheme == "https":
        connection_class = HTTPSConnection
        if not verify or ca or certificate or minimum_tls:
            options["context"] = by_hand.context(verify, ca, certificate, minimum_tls)
    if source:
        options["source_address"] = (source, 0)
    connection = connection_class(urlsplit(proxy).netloc if proxy else parts.netloc, **options)
    try:
        if proxy:
            connection.set_tunnel(parts.hostname, parts.port)
        target = url.partition(parts.netloc)[2] or "/"
        connection.request("GET", target, headers=by_hand.fields(headers, cookies, auth))
        return connection.getresponse().read().decode()
    finally:
        connection.close()
