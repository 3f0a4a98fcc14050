"""The JavaScript clients that the audit knows, by the modules that they come from.

What each does with connections was read in the packages: Node's global agents keep them since Node 19 and drop what
is idle for 5 s (lib/_http_agent.js), undici after 4 s (lib/dispatcher/client.js, keepAliveTimeout).
"""

from __future__ import annotations

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "request", "del")

# Modules that are called through Node's global agent, or undici's global dispatcher.
GLOBAL_AGENT = {
    "axios": "axios",
    "got": "got",
    "superagent": "superagent",
    "ky": "fetch",
    "request": "request",
    "request-promise": "request",
    "request-promise-native": "request",
    "undici": "undici",
}

# Modules that ask the server to close, or make a connection for each call.
CLOSING = {
    "node-fetch": "node-fetch",
    "cross-fetch": "node-fetch",
    "isomorphic-fetch": "node-fetch",
    "needle": "needle",
}

# Methods that make a client on the same global agent.
FACTORIES = {"axios.create", "got.extend", "ky.create", "ky.extend", "superagent.agent"}

UNDICI_CALLS = {"undici.fetch", "undici.request", "undici.stream", "undici.pipeline"}

AGENTS = {
    "http.Agent": "http",
    "https.Agent": "https",
    "agentkeepalive": "agentkeepalive",
    "agentkeepalive.HttpsAgent": "agentkeepalive",
    "agentkeepalive.HttpAgent": "agentkeepalive",
}

# Options that hand an agent to a call: it is judged where it is made.
AGENT_OPTIONS = {"agent", "httpAgent", "httpsAgent", "dispatcher"}

DISPATCHERS = {f"undici.{name}": "undici" for name in ("Agent", "Client", "Pool", "BalancedPool", "ProxyAgent")}

# SDKs that call the global fetch.
FETCH_CLIENTS = {
    "openai": "openai",
    "openai.OpenAI": "openai",
    "@anthropic-ai/sdk": "anthropic",
    "@anthropic-ai/sdk.Anthropic": "anthropic",
    "@upstash/redis.Redis": "upstash-redis",
    "@supabase/supabase-js.createClient": "supabase",
}

UNCOVERED = {
    "http2.connect": "http2",
    "ws": "websocket",
    "ws.WebSocket": "websocket",
    "WebSocket": "websocket",
    "@grpc/grpc-js.Client": "grpc",
    "net.connect": "net",
    "net.createConnection": "net",
    "tls.connect": "tls",
}

CLOSERS = {"destroy", "close"}


def aws_client(meaning: str) -> str | None:
    """Which AWS SDK a constructor belongs to: "aws-sdk v2", "aws-sdk v3", or None."""
    module, _, name = meaning.rpartition(".")
    if module.startswith("@aws-sdk/client-"):
        is_command = name.endswith(("Command", "CommandInput", "Exception")) or not name[:1].isupper()
        return None if is_command else "aws-sdk v3"
    if meaning.startswith("aws-sdk/clients/"):
        return "aws-sdk v2"
    if meaning.startswith(("aws-sdk.", "aws-xray-sdk.captureAWS().")):
        configuration = name in ("Credentials", "Endpoint", "Config", "ChainableTemporaryCredentials", "Service")
        return None if configuration or not name[:1].isupper() else "aws-sdk v2"
    return None
