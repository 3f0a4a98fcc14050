from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lambda_keepalive import config, guard
from lambda_keepalive.config import CLIENTS, ELSEWHERE, SETTINGS, Config

# Name, a value that cannot be used, what is wrong with it.
BAD = [
    ("KEEPALIVE_ENABLED", "yes", "1, 0, true or false; using 1"),
    ("KEEPALIVE_MODE", "maybe", "on or observe or off; using on"),
    ("KEEPALIVE_CLIENTS", "requests,curl", "a list of "),
    ("KEEPALIVE_LOOPBACK", "2", "1, 0, true or false; using 0"),
    ("KEEPALIVE_IDLE_TIMEOUT", "5m", "a number of seconds; using 345"),
    ("KEEPALIVE_IDLE_TIMEOUT", "-1", "a number of seconds; using 345"),
    ("KEEPALIVE_IDLE_TIMEOUT", "nan", "a number of seconds; using 345"),
    ("KEEPALIVE_IDLE_TIMEOUT", "inf", "a number of seconds; using 345"),
    ("KEEPALIVE_MAX_LIFETIME", "", None),
    ("KEEPALIVE_MAX_LIFETIME", "ten", "a number of seconds; using 600"),
    ("KEEPALIVE_MAX_REQUESTS", "1.5", "a whole number; using 1000"),
    ("KEEPALIVE_MAX_REQUESTS", "-1", "a whole number; using 1000"),
    ("KEEPALIVE_MAX_IDLE_PER_HOST", "٣", "a whole number; using 10"),
    ("KEEPALIVE_MAX_IDLE", "1_0", "a whole number; using 100"),
    ("KEEPALIVE_MAX_IDLE", "9" * 5000, "a whole number; using 100"),
    ("KEEPALIVE_METRICS", "some", "core or all or log or datadog or off; using core"),
    ("KEEPALIVE_RUNTIME_DIR", "tmp", "an absolute path; using /tmp/lambda-keepalive"),
    ("KEEPALIVE_LOG_LEVEL", "verbose", "debug or info or warning or off; using warning"),
    ("KEEPALIVE_EXPLAIN", "please", "1, 0, true or false; using 0"),
]

GOOD = [
    ("KEEPALIVE_ENABLED", "0", False),
    ("KEEPALIVE_ENABLED", "TRUE", True),
    ("KEEPALIVE_ENABLED", " 1 ", True),
    ("KEEPALIVE_MODE", "OFF", "off"),
    ("KEEPALIVE_CLIENTS", "urllib3", frozenset({"urllib3"})),
    ("KEEPALIVE_CLIENTS", "boto3, http.client", frozenset({"botocore", "http.client"})),
    ("KEEPALIVE_CLIENTS", "-boto3", frozenset(CLIENTS) - {"botocore"}),
    ("KEEPALIVE_CLIENTS", "urllib3,-urllib3", frozenset()),
    ("KEEPALIVE_EXCLUDE_HOSTS", "*.Internal, db", ("*.internal", "db")),
    ("KEEPALIVE_IDLE_TIMEOUT", "0", 0.0),
    ("KEEPALIVE_IDLE_TIMEOUT", "12.5", 12.5),
    ("KEEPALIVE_MAX_IDLE", "0", 0),
    ("KEEPALIVE_METRICS", "ALL", "all"),
    ("KEEPALIVE_RUNTIME_DIR", "/tmp/elsewhere", "/tmp/elsewhere"),
]


@pytest.mark.parametrize(("name", "text", "complaint"), BAD, ids=lambda value: str(value)[:20])
def test_a_value_that_cannot_be_used_costs_one_line_and_the_default_is_used(
    name: str, text: str, complaint: str | None
) -> None:
    settings, defaults = Config({name: text}), Config({})
    field = name.removeprefix("KEEPALIVE_").lower()
    assert getattr(settings, field) == getattr(defaults, field)
    if complaint is None:
        assert settings.complaints == []
    else:
        (line,) = settings.complaints
        assert line.startswith(f"{name}={text!r} is not {complaint}")
        assert "\n" not in line


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_a_value_that_can_be_used_is_used(name: str, text: str, value: object) -> None:
    settings = Config({name: text})
    assert settings.complaints == []
    assert getattr(settings, name.removeprefix("KEEPALIVE_").lower()) == value


# What the kernel lets into an environment, bytes that are no text among it (PEP 383).
ANY_TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8") | st.sampled_from("\udc80\udcff"))
LIKELY_TEXT = st.from_regex(r"[-+.,0-9a-zA-Z/]{0,20}", fullmatch=True)
NAMES = st.sampled_from([setting.name for setting in SETTINGS]) | st.from_regex("KEEPALIVE_[A-Z_]{1,9}", fullmatch=True)


@given(st.dictionaries(NAMES, ANY_TEXT | LIKELY_TEXT))
def test_any_environment_gives_settings_and_at_most_a_line_for_each_name(environ: dict[str, str]) -> None:
    settings, defaults = Config(environ), Config({})
    named = [line.split("=")[0].split()[0] for line in settings.complaints]
    assert len(set(named)) == len(named)
    assert all("\n" not in line for line in settings.complaints)
    for setting in SETTINGS:
        text = environ.get(setting.name, "").strip()
        expected = setting.parse(text) if text and setting.name not in named else getattr(defaults, setting.field)
        assert getattr(settings, setting.field) == expected


def test_every_default_is_a_value_of_its_setting_and_has_a_reason() -> None:
    settings = Config({setting.name: setting.default for setting in SETTINGS})
    assert settings.complaints == []
    assert vars(settings) == vars(Config({}))
    assert all(setting.reason for setting in SETTINGS)


def test_a_setting_that_does_not_exist_is_named() -> None:
    (line,) = Config({"KEEPALIVE_IDLE_TIMOUT": "5"}).complaints
    assert line == "KEEPALIVE_IDLE_TIMOUT is not a setting; it is ignored"


def test_settings_of_wrapper_and_extension_are_not_complained_about() -> None:
    assert Config(dict.fromkeys(ELSEWHERE, "anything")).complaints == []


@pytest.mark.parametrize(
    ("environ", "active"),
    [({}, True), ({"KEEPALIVE_ENABLED": "0"}, False), ({"KEEPALIVE_MODE": "off"}, False)],
)
def test_either_switch_turns_all_off(environ: dict[str, str], active: bool) -> None:
    assert Config(environ).active is active


def test_loading_says_what_is_wrong_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(config, "_current", None)
    monkeypatch.setattr(guard, "_level", guard._level)
    monkeypatch.setenv("KEEPALIVE_MAX_IDLE", "many")
    assert config.current() is config.current()
    assert capsys.readouterr().err == "lambda-keepalive: KEEPALIVE_MAX_IDLE='many' is not a whole number; using 100\n"


def test_trust_environment_is_that_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/one")
    assert config.trust_environment()[0] == b"/one"
    monkeypatch.setenv("SSL_CERT_FILE", "/two")
    assert config.trust_environment()[0] == b"/two"
    monkeypatch.delenv("SSL_CERT_FILE")
    assert config.trust_environment()[0] is None


def test_an_environment_that_somebody_replaced_by_a_dict_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"SSL_CERT_FILE": "/dict", "Https_Proxy": "x", "UNSET": None})
    assert config.trust_environment() == (b"/dict", None)
    assert config.may_have_proxies()


@pytest.mark.parametrize(("name", "found"), [("no_proxy", True), ("HTTP_PROXY", True), ("PROXY", False), ("x", False)])
def test_proxies_are_suspected_by_name(monkeypatch: pytest.MonkeyPatch, name: str, found: bool) -> None:
    monkeypatch.setattr("os.environ", {name: "value"})
    assert config.may_have_proxies() is found


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("https://a, http://b:8080/x,", (("", "https://a"), ("", "http://b:8080/x"))),
        ("boto3+https://a,again", (("botocore", "https://a"), ("again", ""))),
    ],
)
def test_targets_of_preconnect_may_name_a_client(text: str, targets: object) -> None:
    settings = Config({"KEEPALIVE_PRECONNECT": text})
    assert settings.preconnect == targets
    assert settings.complaints == []


@pytest.mark.parametrize(
    "text", ["api.example.com", "https://", "x,ftp://b", "curl+https://a", "aiohttp+https://a", "+", "again+"]
)
def test_a_target_that_cannot_be_dialled_costs_one_line(text: str) -> None:
    settings = Config({"KEEPALIVE_PRECONNECT": text})
    assert settings.preconnect == ()
    (line,) = settings.complaints
    assert line.startswith(f"KEEPALIVE_PRECONNECT={text!r} is not https://host")
    assert line.endswith("; using nothing")


def test_a_target_that_cannot_be_dialled_costs_the_others_nothing() -> None:
    settings = Config({"KEEPALIVE_PRECONNECT": "https://a, ftp://b, again, c"})
    assert settings.preconnect == (("", "https://a"), ("again", ""))
    (line,) = settings.complaints
    assert line.startswith("KEEPALIVE_PRECONNECT='ftp://b,c' is not https://host")
    assert line.endswith("; using the rest")
