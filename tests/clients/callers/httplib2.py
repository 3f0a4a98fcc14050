"""`httplib2`, an `Http` for each call."""

import httplib2

from tests.clients.callers import by_hand


def call(
    url,
    *,
    verify=True,
    ca=None,
    certificate=None,
    minimum_tls=None,
    headers=None,
    cookies=None,
    auth=None,
    timeout=10,
):
    http = httplib2.Http(
        timeout=timeout,
        ca_certs=ca,
        disable_ssl_certificate_validation=not verify,
        tls_minimum_version=minimum_tls,
    )
    if certificate:
        http.add_certificate(certificate, certificate, "")
    http.follow_redirects = False
    _, content = http.request(url, headers=by_hand.fields(headers, cookies, auth))
    return content.decode()
