"""KEEPALIVE_STICKY_HOSTS for Node: load balancers find their target again; no other cookie is ever kept."""

from __future__ import annotations

import pytest

from tests.node.interpreter import NodeInterpreter
from tests.support.load_balancer import LoadBalancer
from tests.support.origin import Origin

STICKY = {"KEEPALIVE_STICKY_HOSTS": "*.example.com,127.0.0.*"}
# Each with the caller's own cookies, if there are any.
CALLERS = {
    "https": "(url, headers) => send(url, { agent: new https.Agent(), headers })",
    "https, an array": """(url, headers) => {
        return send(url, { headers: ['Host', new URL(url).host, ...Object.entries(headers).flat()] });
    }""",
    "https, POST": "(url, headers) => send(url, { method: 'POST', headers }, 'body')",
    "fetch": "async (url, headers) => (await fetch(url, { headers })).text()",
    "axios": "(url, headers) => require('axios').get(url, { headers })",
    "undici": """async (url, headers) => {
        const { request, Agent } = require('undici-7');
        return (await request(url, { headers, dispatcher: new Agent() })).body.text();
    }""",
}


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest) -> str:
    return f"const call = (url, headers = {{}}) => ({CALLERS[request.param]})(url, headers);\n"


def test_calls_land_on_the_same_target(run: NodeInterpreter, origin: Origin, caller: str) -> None:
    balancer = LoadBalancer(origin)
    code = caller + "for (let each = 0; each < 4; each += 1) await call(names.url);"
    run(code, url=origin.url + "/sticky", environ=STICKY)
    assert balancer.landed == ["one"] * 4
    assert balancer.cookies == ["", *["AWSALB=one; AWSALBCORS=one"] * 3]
    assert origin.accepted == 1


def test_without_the_setting_nothing_is_kept(run: NodeInterpreter, origin: Origin, caller: str) -> None:
    balancer = LoadBalancer(origin)
    run(caller + "for (let each = 0; each < 4; each += 1) await call(names.url);", url=origin.url + "/sticky")
    assert balancer.landed == ["one", "two"] * 2
    assert balancer.cookies == [""] * 4


def test_the_callers_cookies_win(run: NodeInterpreter, origin: Origin, caller: str) -> None:
    balancer = LoadBalancer(origin)
    code = """
        await call(names.url);
        await call(names.url, { cookie: 'a=1; AWSALB=two' });
        await call(names.url, { cookie: 'b=2' });
    """
    run(caller + code, url=origin.url + "/sticky", environ=STICKY)
    assert balancer.cookies == ["", "a=1; AWSALB=two; AWSALBCORS=one", "b=2; AWSALB=two; AWSALBCORS=two"]


def test_another_origin_gets_nothing(run: NodeInterpreter, origin: Origin, caller: str) -> None:
    """Not even one that differs by its port, or by a host that the setting does not name."""
    balancer = LoadBalancer(origin)
    with Origin() as other:
        elsewhere = LoadBalancer(other)
        code = """
            await call(names.url);
            await send(names.other);
            await call(names.url.replace('127.0.0.1', 'localhost'));
        """
        run(caller + code, url=origin.url + "/sticky", other=other.url + "/sticky", environ=STICKY)
        assert elsewhere.cookies == [""]
    assert balancer.cookies == ["", ""]


@pytest.mark.parametrize(
    ("attributes", "cookies"),
    [
        ("; Max-Age=0", ["", ""]),
        ("; Expires=Thu, 01 Jan 1970 00:00:00 GMT", ["", ""]),
        ("; Path=/other", ["", ""]),
        ("; Max-Age=soon", ["", ""]),
        ("; Expires=soon", ["", ""]),
        ("", ["", "AWSALB=one; AWSALBCORS=one"]),
        ("; Max-Age=60; Secure; SameSite=None", ["", "AWSALB=one; AWSALBCORS=one"]),
        ("; Expires=Thu, 01 Jan 2099 00:00:00 GMT", ["", "AWSALB=one; AWSALBCORS=one"]),
    ],
)
def test_what_lasts_is_kept(run: NodeInterpreter, origin: Origin, attributes: str, cookies: list[str]) -> None:
    balancer = LoadBalancer(origin, attributes)
    run("await send(names.url); await send(names.url);", url=origin.url + "/sticky", environ=STICKY)
    assert balancer.cookies == cookies
