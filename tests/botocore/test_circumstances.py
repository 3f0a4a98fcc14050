"""Parts are used again only for the same request under the same circumstances; each that differs has a case here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.botocore.conftest import Botocore
from tests.support.origin import Origin

# What differs from the client that left its parts, by the arguments that the next one is made with.
ARGUMENTS = {
    "region": {"region_name": "eu-west-1"},
    "endpoint": {"endpoint_url": "https://elsewhere.example"},
    "TLS": {"use_ssl": False},
    "verification": {"verify": False},
    "credentials": {"aws_access_key_id": "other", "aws_secret_access_key": "other"},
}


@pytest.mark.parametrize("difference", ARGUMENTS)
def test_other_arguments_get_another_client(boto: Botocore, difference: str) -> None:
    code = """
        warm()
        one = boto3.client("sqs", **arguments)
        credentials = one._request_signer._credentials
        result = [verdicts().get("recycled"), one.meta.region_name, one.meta.endpoint_url, credentials.access_key]
    """
    arguments = ARGUMENTS[difference]
    result = boto(code, arguments=arguments)
    assert result == [None, *boto("def verdicts(): return {}", code, arguments=arguments, layer=False)[1:]]


@pytest.mark.parametrize(
    "config", ["read_timeout=7", "retries={'max_attempts': 1}", "signature_version=botocore.UNSIGNED"]
)
def test_another_config_gets_another_client(boto: Botocore, config: str) -> None:
    code = """
        warm(config=Config(read_timeout=8))
        boto3.client("sqs", config=eval(f"Config({config})"))
        again = boto3.client("sqs", config=Config(read_timeout=8))
        result = [verdicts()["recycled"], again.meta.config.read_timeout]
    """
    assert boto(code, config=config) == [1, 8]


def test_equal_configs_get_the_same_parts(boto: Botocore) -> None:
    code = """
        for _ in range(5):
            boto3.client("sqs", config=Config(read_timeout=8, proxies={"http": "http://proxy.example"}))
        result = verdicts()
    """
    assert boto(code) == {"recycled": 3}


# What happens between two clients, and an expression for what it must have changed in the second.
BETWEEN = {
    "region in the environment": ("os.environ['AWS_DEFAULT_REGION'] = 'eu-west-1'", "one.meta.region_name"),
    "endpoint in the environment": ("os.environ['AWS_ENDPOINT_URL'] = 'http://e.example'", "one.meta.endpoint_url"),
    "retry mode": ("os.environ['AWS_RETRY_MODE'] = 'adaptive'", "one.meta.config.retries['mode']"),
    "CA bundle": ("os.environ['AWS_CA_BUNDLE'] = '/dev/null'", "one._endpoint.http_session._verify"),
    "a proxy": (
        "os.environ['HTTPS_PROXY'] = 'http://p.example'",
        "one._endpoint.http_session._proxy_config._proxies.get('https')",
    ),
    "home": ("os.environ['HOME'] = '/nowhere'", "os.environ['HOME']"),
    "another default session": (
        "boto3.setup_default_session(region_name='eu-west-1', aws_access_key_id='o', aws_secret_access_key='o')",
        "one._request_signer._credentials.access_key",
    ),
    "no default session": (
        "boto3.DEFAULT_SESSION = None; os.environ['AWS_ACCESS_KEY_ID'] = 'rotated'",
        "one._request_signer._credentials.access_key",
    ),
    "credentials of the session": (
        "boto3.DEFAULT_SESSION._session.set_credentials('set', 'set')",
        "one._request_signer._credentials.access_key",
    ),
    "a variable of the session": (
        "boto3.DEFAULT_SESSION._session.set_config_variable('region', 'eu-west-1')",
        "one.meta.region_name",
    ),
    "a setting of the store": (
        "boto3.DEFAULT_SESSION._session.get_component('config_store').set_config_variable('region', 'eu-west-1')",
        "one.meta.region_name",
    ),
    "a default config": (
        "boto3.DEFAULT_SESSION._session.set_default_client_config(Config(read_timeout=3))",
        "one.meta.config.read_timeout",
    ),
    "the user agent": (
        "boto3.DEFAULT_SESSION._session.user_agent_extra = 'mine'",
        "'mine' in one.meta.config.user_agent",
    ),
    "a handler of the session": (
        "handler = lambda **_: None; boto3.DEFAULT_SESSION.events.register('before-send.sqs', handler)",
        "handler in one.meta.events._emitter._handlers.prefix_search('before-send.sqs.X')",
    ),
}


@pytest.mark.parametrize("change", BETWEEN)
def test_what_changes_between_two_clients_is_heeded(boto: Botocore, change: str) -> None:
    code = """
        warm(); warm()
        exec(change)
        one = boto3.client("sqs")
        result = [eval(seen), verdicts()["recycled"]]
    """
    change, seen = BETWEEN[change]
    with_layer = boto(code, change=change, seen=seen, layer=True)
    assert with_layer == boto("def verdicts(): return {'recycled': 2}", code, change=change, seen=seen, layer=False)


def test_the_trace_id_of_an_invocation_changes_nothing(boto: Botocore) -> None:
    code = """
        warm()
        os.environ["_X_AMZN_TRACE_ID"] = "Root=1-2-3"
        boto3.client("sqs")
        result = verdicts()
    """
    assert boto(code) == {"recycled": 1}


def test_a_rewritten_ca_bundle_is_read_again(boto: Botocore, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("")
    code = """
        warm(verify=bundle)
        with open(bundle, "a") as file:
            file.write("# more\\n")
        boto3.client("sqs", verify=bundle)
        result = verdicts()
    """
    assert boto(code, bundle=str(bundle)) == {}


# What is never recycled, by the rule.
NEVER = {
    "foreign-handler": "boto3.DEFAULT_SESSION.events.register('before-send', lambda **kwargs: None)",
    "client-certificate": "arguments['config'] = Config(client_cert='/dev/null')",
    "no-credentials": "arguments['config'] = Config(signature_version=botocore.UNSIGNED)",
    "foreign-argument": "arguments['config'] = type('Mine', (Config,), {})()",
}


@pytest.mark.parametrize("rule", NEVER)
def test_doubtful_clients_are_not_recycled(boto: Botocore, rule: str) -> None:
    code = """
        arguments = {}
        boto3.client("sqs")
        exec(doubt)
        for _ in range(3):
            boto3.client("sqs", **arguments)
        result = verdicts()
    """
    assert boto(code, doubt=NEVER[rule]) == {rule: 3}


def test_replaced_code_makes_the_clients_itself(boto: Botocore) -> None:
    code = """
        from botocore.client import BaseClient
        warm()
        made, original = [], BaseClient.__init__
        def counting(self, *args, **kwargs):
            made.append(1)
            original(self, *args, **kwargs)
        BaseClient.__init__ = counting
        for _ in range(3):
            boto3.client("sqs")
        result = len(made)
    """
    assert boto(code) == 3


def test_a_mock_that_hooks_into_new_sessions_sees_every_call(boto: Botocore, origin: Origin) -> None:
    """moto adds a handler of before-send to botocore's table of built-in handlers."""
    code = """
        from botocore.awsrequest import AWSResponse
        from botocore.handlers import BUILTIN_HANDLERS

        class Raw:
            def stream(self, *args, **kwargs):
                yield b'{"RandomPassword": "mocked"}'

        active, seen = True, []
        def stub(event_name, request, **kwargs):
            seen.append(event_name)
            return AWSResponse(request.url, 200, {}, Raw()) if active else None

        BUILTIN_HANDLERS.append(("before-send", stub))
        result = []
        for active in (True, True, False, False, True):
            answer = boto3.client("secretsmanager", endpoint_url=url).get_random_password()
            result.append(answer.get("RandomPassword") == "mocked")
        result.append(len(seen))
    """
    assert boto(code, url=origin.url) == [True, True, False, False, True, 5]
    assert origin.received == 2


def test_a_stubbed_client_leaves_nothing(boto: Botocore, origin: Origin) -> None:
    code = """
        from botocore.stub import Stubber
        warm("secretsmanager", endpoint_url=url)
        for _ in range(2):
            one = boto3.client("secretsmanager", endpoint_url=url)
            with Stubber(one) as stubber:
                stubber.add_response("get_random_password", {"RandomPassword": "stubbed"})
                assert one.get_random_password().get("RandomPassword") == "stubbed"
            del one, stubber
        result = boto3.client("secretsmanager", endpoint_url=url).get_random_password().get("RandomPassword")
    """
    assert boto(code, url=origin.url) != "stubbed"
    assert origin.received == 1
