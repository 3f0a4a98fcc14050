"""`httpx.get`; or a client with a transport of its own, for settings that only transports know."""

import httpx

from tests.clients.callers import by_hand


def call(
    url,
    *,
    verify=True,
    ca=None,
    certificate=None,
    server_name=None,
    proxy=None,
    source=None,
    minimum_tls=None,
    socket_options=None,
    headers=None,
    cookies=None,
    auth=None,
    timeout=10,
):
    trust = trusting(verify, ca, certificate, minimum_tls)
    if not (server_name or proxy or source or socket_options):
        return httpx.get(url, verify=trust, headers=headers, cookies=cookies, auth=auth, timeout=timeout).text
    transport = httpx.HTTPTransport(verify=trust, **dialling(proxy, source, socket_options))
    with httpx.Client(transport=transport, cookies=cookies, auth=auth, timeout=timeout) as client:
        return client.get(url, headers=headers, extensions=asking(server_name)).text


def trusting(verify, ca, certificate, minimum_tls):
    """What httpx takes as `verify`."""
    if ca or certificate or minimum_tls:
        return by_hand.context(verify, ca, certificate, minimum_tls)
    return verify


def dialling(proxy, source, socket_options):
    """What httpx's transports, sync and async, take besides."""
    return {
        "proxy": httpx.Proxy(proxy) if proxy else None,
        "local_address": source,
        "socket_options": socket_options,
    }


def asking(server_name):
    """What a request takes besides (httpx, Extensions)."""
    return {"sni_hostname": server_name} if server_name else {}
