"""The Python clients that the audit knows, by the names that they are imported and called by."""

from __future__ import annotations

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "request")

# Functions that open a connection and throw it away.
CALLS = {
    **{f"requests.{name}": "requests" for name in METHODS},
    **{f"requests.api.{name}": "requests" for name in METHODS},
    **{f"httpx.{name}": "httpx" for name in (*METHODS, "stream")},
    "urllib.request.urlopen": "urllib.request",
    "urllib.request.urlretrieve": "urllib.request",
    "six.moves.urllib.request.urlopen": "urllib.request",
    # An opener sends `Connection: close` however long it lives (Lib/urllib/request.py, do_open).
    "urllib.request.build_opener().open": "urllib.request",
    "urllib.request.OpenerDirector().open": "urllib.request",
    "aiohttp.request": "aiohttp",
    "aiohttp.client.request": "aiohttp",
    "openai.chat.completions.create": "openai",
    "openai.embeddings.create": "openai",
}

# Functions that go through a client which their library keeps (urllib3/__init__.py, _DEFAULT_POOL).
KEPT_CALLS = {"urllib3.request": "urllib3"}

# Classes and factories whose result keeps connections for as long as it lives.
CLIENTS = {
    **dict.fromkeys(("requests.Session", "requests.session", "requests.sessions.Session"), "requests"),
    **dict.fromkeys(("requests.sessions.session", "requests_toolbelt.sessions.BaseUrlSession"), "requests"),
    **dict.fromkeys(("urllib3.PoolManager", "urllib3.ProxyManager", "urllib3.proxy_from_url"), "urllib3"),
    **dict.fromkeys(("urllib3.poolmanager.PoolManager", "urllib3.connection_from_url"), "urllib3"),
    **dict.fromkeys(("urllib3.HTTPConnectionPool", "urllib3.HTTPSConnectionPool"), "urllib3"),
    **dict.fromkeys(
        ("urllib3.connectionpool.HTTPConnectionPool", "urllib3.connectionpool.HTTPSConnectionPool"), "urllib3"
    ),
    **dict.fromkeys(("http.client.HTTPConnection", "http.client.HTTPSConnection"), "http.client"),
    **dict.fromkeys(("httpx.Client", "httpx.AsyncClient"), "httpx"),
    **dict.fromkeys(("httpcore.ConnectionPool", "httpcore.AsyncConnectionPool"), "httpx"),
    **dict.fromkeys(("aiohttp.ClientSession", "aiohttp.client.ClientSession"), "aiohttp"),
    **dict.fromkeys(("boto3.client", "boto3.resource"), "boto3"),
    **dict.fromkeys(("boto3.Session().client", "boto3.Session().resource"), "boto3"),
    **dict.fromkeys(("boto3.session.Session().client", "boto3.session.Session().resource"), "boto3"),
    **dict.fromkeys(
        ("botocore.session.get_session().create_client", "botocore.session.Session().create_client"), "botocore"
    ),
    **dict.fromkeys(("aioboto3.Session().client", "aioboto3.Session().resource"), "aioboto3"),
    **dict.fromkeys(
        ("aiobotocore.session.get_session().create_client", "aiobotocore.session.AioSession().create_client"),
        "aioboto3",
    ),
    "httplib2.Http": "httplib2",
    **dict.fromkeys(("openai.OpenAI", "openai.AsyncOpenAI", "openai.AzureOpenAI", "openai.AsyncAzureOpenAI"), "openai"),
    **dict.fromkeys(("anthropic.Anthropic", "anthropic.AsyncAnthropic"), "anthropic"),
    **dict.fromkeys(("opensearchpy.OpenSearch", "opensearchpy.AsyncOpenSearch"), "opensearch-py"),
    **dict.fromkeys(("elasticsearch.Elasticsearch", "elasticsearch.AsyncElasticsearch"), "elasticsearch"),
    **dict.fromkeys(("requests_oauthlib.OAuth1Session", "requests_oauthlib.OAuth2Session"), "requests"),
    **dict.fromkeys(("groq.Groq", "groq.AsyncGroq"), "groq"),
    **dict.fromkeys(("hvac.Client", "twilio.rest.Client"), "requests"),
    **dict.fromkeys(("github.Github", "gitlab.Gitlab", "jira.JIRA", "zeep.Client"), "requests"),
    **dict.fromkeys(("upstash_redis.Redis", "upstash_redis.asyncio.Redis"), "upstash-redis"),
    **dict.fromkeys(("googleapiclient.discovery.build", "apiclient.discovery.build"), "google-api-python-client"),
    **dict.fromkeys(("slack_sdk.WebClient", "slack_sdk.webhook.WebhookClient"), "urllib.request"),
}

TLS_CONTEXTS = {"ssl.create_default_context", "ssl.SSLContext", "ssl._create_unverified_context"}

# HTTP, but not through anything that the layer patches.
UNCOVERED = {
    **dict.fromkeys(("pycurl.Curl", "pycurl.CurlMulti"), "pycurl"),
    **dict.fromkeys(("grpc.secure_channel", "grpc.insecure_channel"), "grpc"),
    **dict.fromkeys(("grpc.aio.secure_channel", "grpc.aio.insecure_channel"), "grpc"),
    **dict.fromkeys(("websockets.connect", "websocket.create_connection"), "websocket"),
    **dict.fromkeys(("niquests.get", "niquests.post", "niquests.Session"), "niquests"),
    **dict.fromkeys(("curl_cffi.requests.get", "curl_cffi.requests.Session"), "curl_cffi"),
    **dict.fromkeys(("tornado.httpclient.AsyncHTTPClient", "tornado.httpclient.HTTPClient"), "tornado"),
}

# Who makes what he is given a class of, once or each time (dependency_injector/providers.pyx).
PROVIDERS = {
    **{
        f"dependency_injector.providers.{name}": "kept-client"
        for name in ("Singleton", "ThreadSafeSingleton", "Resource")
    },
    "dependency_injector.providers.Factory": "client-per-invocation",
}

CACHES = {"cache", "lru_cache", "cached", "cached_property", "singleton", "memoize", "alru_cache"}
"""Last names of decorators before a function that runs once."""
