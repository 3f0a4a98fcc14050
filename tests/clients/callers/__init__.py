"""Every client, sync and async, behind one signature: `call(url, **settings)` makes one careless call.

Careless: whatever the client needs, a session, a pool or a TLS context, is made for the call and left behind.
`call` returns the body as text, follows no redirect and tries nothing twice. The modules of async clients have
`fetch` besides, a coroutine function with the same parameters; their `call` runs it in an event loop of its own.

Each module names as parameters what its client can express, of

| setting | value |
| --- | --- |
| verify | False: trust whoever answers |
| ca | path of the only CAs to trust |
| certificate | path of the client's own certificate and key |
| server_name | for SNI and for the check of the server's certificate, in place of the URL's host |
| fingerprint | the server certificate's SHA-256 in hexadecimal digits |
| proxy | URL |
| source | the address to dial from |
| minimum_tls | name of an `ssl.TLSVersion` |
| socket_options | what `setsockopt` takes, a list for each |
| headers, cookies | dictionaries |
| auth | user and password |
| timeout | seconds |

and `CANNOT` holds the rest, with the reason. Fields of HTTP can be set with every client, so cookies and credentials
are written as such where the client has nothing better.
"""

CALLERS = (
    "http_client",
    "urlopen",
    "urllib3",
    "requests",
    "boto3",
    "httplib2",
    "httpx",
    "httpx_async",
    "aiohttp",
)
ASYNC = ("httpx_async", "aiohttp")

CANNOT: "dict[tuple[str, str], str]" = {
    ("http_client", "server_name"): "it is the host of the URL",
    ("http_client", "fingerprint"): "has no such check",
    ("http_client", "socket_options"): "they can be set on the open socket alone, which nobody does",
    ("urlopen", "server_name"): "it is the host of the URL",
    ("urlopen", "fingerprint"): "has no such check",
    ("urlopen", "source"): "takes a handler with a connection class of its own, which is left alone",
    ("urlopen", "socket_options"): "takes a handler with a connection class of its own, which is left alone",
    ("boto3", "server_name"): "it is the host of the endpoint",
    ("boto3", "fingerprint"): "has no such check",
    ("boto3", "source"): "botocore makes its pools without",
    ("boto3", "minimum_tls"): "botocore makes its TLS context itself",
    ("boto3", "cookies"): "AWS has none",
    ("httplib2", "server_name"): "it is the host of the URL",
    ("httplib2", "fingerprint"): "has no such check",
    ("httplib2", "proxy"): "PySocks connects it, by a class of sockets that is left alone",
    ("httplib2", "source"): "its connection class takes none",
    ("httplib2", "socket_options"): "its connection class takes none",
    ("httpx", "fingerprint"): "has no such check",
    ("httpx_async", "fingerprint"): "has no such check",
    ("aiohttp", "socket_options"): "takes a factory of sockets, which is a function and stands for itself",
}
