"""`urllib3`, a `PoolManager` for each call."""

import urllib3

from tests.clients.callers import by_hand


def call(
    url,
    *,
    verify=True,
    ca=None,
    certificate=None,
    server_name=None,
    fingerprint=None,
    proxy=None,
    source=None,
    minimum_tls=None,
    socket_options=None,
    headers=None,
    cookies=None,
    auth=None,
    timeout=10,
):
    options = {
        "cert_reqs": None if verify else "CERT_NONE",
        "ca_certs": ca,
        "cert_file": certificate,
        "server_hostname": server_name,
        "assert_fingerprint": fingerprint,
        "source_address": (source, 0) if source else None,
        "socket_options": socket_options,
        # urllib3 1.26 takes no version.
        "ssl_context": by_hand.context(minimum_tls=minimum_tls) if minimum_tls else None,
    }
    options = {name: value for name, value in options.items() if value is not None}
    manager = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
    response = manager.request(
        "GET", url, headers=by_hand.fields(headers, cookies, auth), timeout=timeout, retries=False, redirect=False
    )
    return response.data.decode()
