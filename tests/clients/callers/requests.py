"""`requests.get`; or a session with an adapter of its own, for settings that only urllib3 knows."""

import requests
from requests.adapters import HTTPAdapter

from tests.clients.callers import by_hand


class Adapter(HTTPAdapter):
    """Hands settings on to urllib3, as requests' documentation shows for the TLS version."""

    def __init__(self, **options):
        self._options = options
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        return super().init_poolmanager(*args, **kwargs, **self._options)


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
        "server_hostname": server_name,
        "assert_fingerprint": fingerprint,
        "source_address": (source, 0) if source else None,
        "socket_options": socket_options,
        "ssl_context": by_hand.context(minimum_tls=minimum_tls) if minimum_tls else None,
    }
    options = {name: value for name, value in options.items() if value is not None}
    session = requests.Session()
    if options:
        session.mount("https://", Adapter(**options))
    response = (session if options else requests).get(
        url,
        verify=(ca or True) if verify else False,
        cert=certificate,
        proxies={"https": proxy} if proxy else None,
        headers=headers,
        cookies=cookies,
        auth=auth,
        timeout=timeout,
        allow_redirects=False,
    )
    return response.text
