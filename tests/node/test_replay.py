"""What undici gives up because of a connection that died unused is sent once more; what never left, whatever it is."""

from __future__ import annotations

import pytest

from tests.node.interpreter import NodeInterpreter
from tests.support.origin import Origin

UNDICI = """
    const undici = require(names.undici);
    const call = async (method, body, path = '') => {
      const answer = await undici.request(names.url + path, { method, body, dispatcher: new undici.Agent() });
      return answer.body.text();
    };
    await call('GET');
    await sleep(10);
"""
VERSIONS = ["undici-6", "undici-7", "undici-8"]


def skip_if_too_new(undici: str, run: NodeInterpreter) -> None:
    if undici == "undici-8" and run.version == "20":
        pytest.skip("undici 8 needs Node 22")


@pytest.mark.parametrize("undici", VERSIONS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_was_not_written_yet_is_no_loss(run: NodeInterpreter, plain: Origin, undici: str, method: str) -> None:
    """undici lets a turn pass before it writes to an idle connection; a reset in that turn fails what waits for it."""
    skip_if_too_new(undici, run)
    code = """
        const answer = call(names.method, names.method === 'POST' ? 'once' : undefined);
        actAtOnce('reset');
        await answer;
    """
    run(UNDICI + code, url=plain.url, undici=undici, method=method, acts={"reset": plain.reset_idle})
    assert (plain.received, plain.accepted) == (2, 2)


@pytest.mark.parametrize("undici", VERSIONS)
def test_a_connection_that_cannot_be_opened_is_not_tried_again(
    run: NodeInterpreter, plain: Origin, undici: str
) -> None:
    """Nothing was written then either, but it is no kept connection that failed."""
    skip_if_too_new(undici, run)
    code = """
        actAtOnce('reset');
        const net = require('node:net');
        let connects = 0;
        const server = net.createServer((socket) => {
          connects += 1;
          socket.resetAndDestroy();
        });
        await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
        const url = `https://127.0.0.1:${server.address().port}`;
        const failed = await undici.request(url, { dispatcher: new undici.Agent() }).catch((error) => error);
        server.close();
        return [failed.code, connects];
    """
    assert run(UNDICI + code, url=plain.url, undici=undici, acts={"reset": plain.reset_idle}) == ["ECONNRESET", 1]


@pytest.mark.parametrize("undici", VERSIONS)
def test_after_a_second_try_no_other_connection_from_that_time_is_used(
    run: NodeInterpreter, plain: Origin, undici: str
) -> None:
    """Connections that were idle together died together, and the next call may be one that is not sent twice."""
    skip_if_too_new(undici, run)
    code = """
        await Promise.all([call('GET'), call('GET')]);
        await sleep(10);
        await act('ambush');
        const slow = call('GET', undefined, '/slow/200');
        await act('arrived');
        await Promise.all([slow, call('POST', 'once')]);
    """
    acts = {"ambush": plain.ambush_idle, "arrived": lambda: plain.wait_for(lambda: plain.received == 4)}
    run(UNDICI + code, url=plain.url, undici=undici, acts=acts)
    assert plain.received == 5
