"""`urllib.request`, by `urlopen` or, where that takes no proxy, by an opener."""

from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener, urlopen

from tests.clients.callers import by_hand


def call(
    url,
    *,
    verify=True,
    ca=None,
    certificate=None,
    proxy=None,
    minimum_tls=None,
    headers=None,
    cookies=None,
    auth=None,
    timeout=10,
):
    request = Request(url, headers=by_hand.fields(headers, cookies, auth))
    context = None
    if not verify or ca or certificate or minimum_tls:
        context = by_hand.context(verify, ca, certificate, minimum_tls)
    if proxy:
        opener = build_opener(ProxyHandler({"https": proxy}), HTTPSHandler(context=context))
        response = opener.open(request, timeout=timeout)
    else:
        response = urlopen(request, timeout=timeout, context=context)
    with response:
        return response.read().decode()
