"""`destroy()` and `close()` of agents end their requests or wait for them, and leave good connections to others."""

from __future__ import annotations

import pytest

from tests.node.interpreter import NodeInterpreter
from tests.node.test_replay import VERSIONS, skip_if_too_new
from tests.support.origin import Exchange, Origin
from tests.support.origin.wire import head_of_response

UNDICI = """
    const { Agent, request } = require(names.undici);
    const told = [];
    const call = async (dispatcher, path) => {
      try {
        told.push(await (await request(names.url + path, { dispatcher })).body.text());
      } catch (error) {
        told.push(error.code ?? error.message);
      }
    };
    await call(new Agent(), '/bytes/1');
"""


def test_an_agent_destroyed_after_an_error_closes_its_connections(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        const agent = new http.Agent({ keepAlive: true });
        await Promise.all([send(names.url + '/slow/10', { agent }), send(names.url + '/slow/10', { agent })]);
        await send(names.url + '/drop', { agent }).catch(() => undefined);
        agent.destroy();
        await act('closed');
    """
    run(code, acts={"closed": lambda: plain.wait_for(lambda: plain.open == 0)}, url=plain.url)


def test_destroy_closes_the_connection_of_a_call_under_way(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        const agent = new http.Agent({ keepAlive: true });
        const slow = send(names.url + '/slow/60000', { agent });
        await act('arrived');
        agent.destroy();
        return slow.catch((error) => error.code);
    """
    assert (
        run(code, acts={"arrived": lambda: plain.wait_for(lambda: plain.received == 1)}, url=plain.url) == "ECONNRESET"
    )


def test_destroy_ends_a_call_that_has_just_been_made(run: NodeInterpreter, plain: Origin) -> None:
    """The first call of all waits for a turn of the event loop, and is on no socket of the agent yet."""
    code = """
        const agent = new http.Agent({ keepAlive: true });
        const call = send(names.url, { agent });
        agent.destroy();
        return call.catch((error) => error.code);
    """
    assert run(code, url=plain.url) == run(code, url=plain.url, layer=False) == "ECONNRESET"
    assert plain.received == 0


def test_the_time_out_of_an_agent_is_told_on_idle_sockets(run: NodeInterpreter, plain: Origin) -> None:
    """By the socket's own timer, before ours can end it without a word."""
    code = """
        for (let each = 0; each < 5; each += 1) {
          const agent = new http.Agent({ keepAlive: true, timeout: 20 });
          const told = new Promise((resolve) => agent.once('free', (socket) => socket.once('timeout', resolve)));
          await send(names.url, { agent });
          await Promise.race([told, sleep(5000).then(() => { throw new Error('not told'); })]);
        }
        setTimeout(() => process.exit(), 0);
        return 'told';
    """
    assert run(code, url=plain.url) == "told"


@pytest.mark.parametrize("undici", VERSIONS)
def test_an_agent_of_undici_closes_when_its_requests_are_over(run: NodeInterpreter, plain: Origin, undici: str) -> None:
    """`await agent.close()` at the end of a handler: what was asked is done, and the next one finds the connection."""
    skip_if_too_new(undici, run)
    code = """
        for (let each = 0; each < 2; each += 1) {
          const agent = new Agent();
          const slow = call(agent, '/slow/50');
          await agent.close();
          told.push(['closed', agent.closed, agent.destroyed]);
          await slow;
          await call(agent, '/');
        }
        return told;
    """
    turn = ["at last", ["closed", True, True], "UND_ERR_DESTROYED"]
    assert run(UNDICI + code, url=plain.url, undici=undici, layer=False) == ["0", *turn, *turn]
    plain.reset()
    assert run(UNDICI + code, url=plain.url, undici=undici) == ["0", *turn, *turn]
    assert (plain.received, plain.accepted) == (3, 1)


@pytest.mark.parametrize("undici", VERSIONS)
@pytest.mark.parametrize("moment", ["at once", "in the answer", "with an error", "in the body"])
def test_an_agent_of_undici_that_is_destroyed_ends_its_requests(
    run: NodeInterpreter, plain: Origin, undici: str, moment: str
) -> None:
    """And no others, though these go by the same connections."""
    skip_if_too_new(undici, run)
    code = """
        const other = call(new Agent(), '/slow/100');
        const agent = new Agent();
        const slow = call(agent, names.path);
        if (names.moment !== 'at once') await act('arrived');
        if (names.moment === 'in the body') await sleep(50);
        await agent.destroy(names.moment === 'with an error' ? new Error('mine') : null);
        await slow;
        await other;
        return told.sort();
    """
    names = {"undici": undici, "moment": moment, "path": "/stuck" if moment == "in the body" else "/slow/60000"}

    def stuck(exchange: Exchange) -> None:
        exchange.send(head_of_response(200, [("Content-Length", "100")]) + b"only this")
        exchange.pause(60)

    plain.route("/stuck", stuck)
    received = 0

    def arrived() -> None:
        plain.wait_for(lambda: plain.received == received + 3)

    told = sorted(["0", "at last", "mine" if moment == "with an error" else "UND_ERR_DESTROYED"])
    assert run(UNDICI + code, url=plain.url, acts={"arrived": arrived}, **names) == told
    received = plain.received
    assert run(UNDICI + code, url=plain.url, acts={"arrived": arrived}, layer=False, **names) == told
