"""The ways to make one careless call, under one signature, for snippets that say what every client must do.

`fetch(url, method="GET", body=None, headers=None, timeout=10)` returns [status, body as text], or the name of what it
raised. Redirects are not followed and nothing is tried again, so that one call is one request.
"""

from textwrap import dedent

HTTP_CLIENT = """
    from http.client import HTTPConnection, HTTPSConnection
    from urllib.parse import urlsplit

    def call(url, method, body, headers, timeout):
        parts = urlsplit(url)
        connection_class = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = connection_class(parts.netloc, timeout=timeout)
        try:
            connection.request(method, parts.path + (parts.query and "?" + parts.query), body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
"""

URLOPEN = """
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, Request, build_opener, install_opener, urlopen

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *arguments):
            return None

    install_opener(build_opener(Stay))

    def call(url, method, body, headers, timeout):
        try:
            with urlopen(Request(url, body, headers or {}, method=method), timeout=timeout) as response:
                return response.status, response.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()
"""

URLLIB3 = """
    import urllib3

    def call(url, method, body, headers, timeout):
        with urllib3.PoolManager() as manager:
            response = manager.request(
                method, url, body=body, headers=headers, timeout=timeout, retries=False, redirect=False
            )
            return response.status, response.data
"""

REQUESTS = """
    import requests

    def call(url, method, body, headers, timeout):
        response = requests.request(
            method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
        )
        return response.status_code, response.content
"""

HTTPX = """
    import httpx

    def call(url, method, body, headers, timeout):
        response = httpx.request(method, url, content=body, headers=headers, timeout=timeout)
        return response.status_code, response.content
"""

FETCH = """
    def fetch(url, method="GET", body=None, headers=None, timeout=10):
        try:
            status, content = call(url, method, body, headers, timeout)
        except Exception as error:
            return type(error).__name__
        return [status, content.decode("latin-1")]
"""

CLIENTS = {
    name: dedent(client) + dedent(FETCH)
    for name, client in {
        "http.client": HTTP_CLIENT,
        "urlopen": URLOPEN,
        "urllib3": URLLIB3,
        "requests": REQUESTS,
        "httpx": HTTPX,
    }.items()
}
