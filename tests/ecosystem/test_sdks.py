"""What stands on the clients, made anew for each call, opens one connection: 12 calls in 4 invocations."""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.clients.test_reuse import CALLS, INVOCATIONS, LOOP, LOOP_WITHOUT_LAYER
from tests.support.origin import Origin

# Each defines `call(url, n)`, which returns "hello" if all went well.
SDKS = {
    "openai": """
        import openai

        def call(url, n):
            client = openai.OpenAI(api_key=f"key-{n}", base_url=url)
            answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}])
            return answer.choices[0].message.content
    """,
    "openai, closed": """
        import openai

        def call(url, n):
            with openai.OpenAI(api_key=f"key-{n}", base_url=url) as client:
                answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}])
                return answer.choices[0].message.content
    """,
    "anthropic": """
        import anthropic

        def call(url, n):
            client = anthropic.Anthropic(api_key=f"key-{n}", base_url=url)
            message = {"role": "user", "content": "?"}
            return client.messages.create(model="m", max_tokens=9, messages=[message]).content[0].text
    """,
    "google-api-python-client": """
        from google.oauth2.credentials import Credentials
        from googleapiclient.discovery import build

        def call(url, n):
            drive = build(
                "drive", "v3", credentials=Credentials(f"token-{n}"), client_options={"api_endpoint": url},
                static_discovery=True, cache_discovery=False,
            )
            return drive.files().list().execute()["files"][0]["name"]
    """,
    "google-api-python-client, closed": """
        from google.oauth2.credentials import Credentials
        from googleapiclient.discovery import build

        def call(url, n):
            with build(
                "drive", "v3", credentials=Credentials(f"token-{n}"), client_options={"api_endpoint": url},
                static_discovery=True, cache_discovery=False,
            ) as drive:
                return drive.files().list().execute()["files"][0]["name"]
    """,
    "google-auth's requests transport": """
        from google.auth.transport.requests import AuthorizedSession
        from google.oauth2.credentials import Credentials

        def call(url, n):
            session = AuthorizedSession(Credentials(f"token-{n}"))
            return session.get(url + "/files").json()["files"][0]["name"]
    """,
    "opensearch-py over urllib3": """
        from opensearchpy import OpenSearch

        def call(url, n):
            return OpenSearch([url]).get(index="index", id="1")["_source"]["greeting"]
    """,
    "opensearch-py over requests": """
        from opensearchpy import OpenSearch, RequestsHttpConnection

        def call(url, n):
            client = OpenSearch([url], connection_class=RequestsHttpConnection)
            return client.get(index="index", id="1")["_source"]["greeting"]
    """,
    "upstash-redis": """
        from upstash_redis import Redis

        def call(url, n):
            return Redis(url=url + "/redis", token=f"token-{n}", rest_encoding=None).get("key")
    """,
}

EXPECTED = [["hello"] * CALLS] * INVOCATIONS
# The SDKs warn about what is none of ours: old Pythons, open sockets that they leave behind.
QUIET = "import warnings; warnings.simplefilter('ignore')\n"


@pytest.mark.parametrize("sdk", SDKS)
def test_an_sdk_made_for_each_call_opens_one_connection(run: Interpreter, service: Origin, sdk: str) -> None:
    answers = run(QUIET, SDKS[sdk], LOOP, url=service.url, invocations=INVOCATIONS, calls=CALLS)
    assert answers == EXPECTED
    assert (service.accepted, service.handshakes) == (1, 1)


@pytest.mark.parametrize("sdk", SDKS)
def test_without_the_layer_it_opens_one_for_each_call(run: Interpreter, service: Origin, sdk: str) -> None:
    code = QUIET, SDKS[sdk], LOOP_WITHOUT_LAYER
    assert run(*code, layer=False, url=service.url, invocations=INVOCATIONS, calls=CALLS) == EXPECTED
    assert service.accepted >= INVOCATIONS * CALLS


@pytest.mark.parametrize(
    "sdk",
    ["openai", "anthropic", "google-api-python-client", "google-auth's requests transport", "upstash-redis"],
)
def test_each_call_brings_its_own_credentials(run: Interpreter, service: Origin, sdk: str) -> None:
    run(QUIET, SDKS[sdk], LOOP, url=service.url, invocations=INVOCATIONS, calls=CALLS)
    for n, request in enumerate(service.requests):
        credentials = request.header("Authorization") + request.header("X-Api-Key")
        assert credentials.endswith(f"-{n}")
