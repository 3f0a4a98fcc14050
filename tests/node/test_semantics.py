"""What a program may rely on stays as Node has it: limits, time-outs, events, destroy(), the end of the process."""

from __future__ import annotations

import pytest

from tests.node.interpreter import NodeInterpreter
from tests.support.origin import Origin


def test_each_agent_keeps_its_limit_of_sockets(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        const agent = new http.Agent({ maxSockets: 2 });
        let most = 0;
        const calls = Array.from({ length: 6 }, () => send(names.url + '/slow/20', { agent }));
        const watch = setInterval(() => (most = Math.max(most, Object.values(agent.sockets).flat().length)), 2);
        await Promise.all(calls);
        clearInterval(watch);
        return most;
    """
    assert run(code, url=plain.url) == 2
    assert (plain.received, plain.accepted) == (6, 2)


def test_a_limit_over_all_origins_counts_sockets_of_others(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        await send(names.url, { agent: new http.Agent() });
        const agent = new http.Agent({ maxTotalSockets: 1 });
        await Promise.all([send(names.url, { agent }), send(names.other, { agent })]);
        await send(names.url, { agent: new http.Agent() });
        return agent.totalSocketCount;
    """
    with Origin() as other:
        total = run(code, url=plain.url, other=other.url)
        assert other.accepted == 1
    assert total <= 1
    assert plain.received == 3


def test_calls_at_the_same_time_have_a_connection_each(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        const call = () => send(names.url + '/slow/30', { agent: new http.Agent() });
        for (let round = 0; round < 3; round += 1) await Promise.all([call(), call(), call(), call()]);
    """
    run(code, url=plain.url)
    assert (plain.received, plain.accepted) == (12, 4)


TIMEOUTS = {
    "of the agent": "http.get(url, { agent: new http.Agent({ timeout: 50 }) })",
    "of the request": "http.get(url, { agent: new http.Agent(), timeout: 50 })",
    "set on the request": "http.get(url, { agent: new http.Agent() }).setTimeout(50)",
    "set on the socket": "http.get(url, { agent: new http.Agent() }).on('socket', (socket) => socket.setTimeout(50))",
    "of an abort signal": "http.get(url, { agent: new http.Agent(), signal: AbortSignal.timeout(50) })",
}


@pytest.mark.parametrize("kind", TIMEOUTS)
def test_time_outs_hold_on_a_reused_connection(run: NodeInterpreter, plain: Origin, kind: str) -> None:
    code = f"""
        await send(names.url, {{ agent: new http.Agent() }});
        const url = names.url + '/slow/60000';
        return new Promise((resolve) => {{
          const request = {TIMEOUTS[kind]};
          const late = () => {{ request.destroy(new Error('late')); }};
          request.on('timeout', late).on('socket', (socket) => socket.on('timeout', late));
          request.on('error', ({{ name, message }}) => {{
            resolve([name === 'AbortError' ? 'late' : message, request.reusedSocket]);
          }});
        }});
    """
    assert run(code, url=plain.url) == ["late", True]
    assert (plain.received, plain.accepted) == (2, 1)


def test_the_time_out_of_one_call_is_not_that_of_the_next(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        await send(names.url, { agent: new http.Agent({ timeout: 50 }), timeout: 40 });
        const slow = await send(names.url + '/slow/200', { agent: new http.Agent() });
        return [slow.text, slow.reused];
    """
    assert run(code, url=plain.url) == ["at last", True]


def test_an_abort_closes_its_connection_only(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        const call = () => send(names.url, { agent: new http.Agent() });
        await Promise.all([call(), call()]);
        const stop = new AbortController();
        const slow = send(names.url + '/slow/60000', { agent: new http.Agent(), signal: stop.signal });
        await act('arrived');
        stop.abort();
        const error = await slow.catch(({ name }) => name);
        await call();
        return error;
    """
    assert (
        run(code, acts={"arrived": lambda: plain.wait_for(lambda: plain.received == 3)}, url=plain.url) == "AbortError"
    )
    assert (plain.received, plain.accepted) == (4, 2)


def test_events_of_a_request_come_once(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        const told = [];
        for (let each = 0; each < 2; each += 1) {
          const events = [];
          await new Promise((resolve) => {
            const request = http.request(names.url, { agent: new http.Agent(), method: 'POST' });
            for (const name of ['socket', 'finish', 'response', 'close', 'error', 'timeout']) {
              request.on(name, () => events.push(name));
            }
            request.on('response', (response) => response.resume()).on('close', resolve);
            request.end('body');
          });
          told.push(events);
        }
        return told;
    """
    assert run(code, url=plain.url) == [["socket", "finish", "response", "close"]] * 2
    assert plain.accepted == 1


def test_listeners_do_not_pile_up_on_a_connection(run: NodeInterpreter, origin: Origin) -> None:
    code = """
        const counts = [];
        for (let each = 0; each < 30; each += 1) {
          await new Promise((resolve) => {
            https.get(names.url, { agent: new https.Agent() }, (response) => response.resume().on('end', resolve))
              .on('socket', (socket) => {
                counts.push(socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0));
              });
          });
        }
        return [counts[1], counts.at(-1)];
    """
    second, last = run(code, url=origin.url)
    assert last == second
    assert origin.accepted == 1


def test_a_request_gets_its_socket_with_the_listeners_that_node_has_put_there(
    run: NodeInterpreter, origin: Origin
) -> None:
    code = """
        const agent = new https.Agent({ keepAlive: true });
        const found = [];
        for (let each = 0; each < 2; each += 1) {
          await new Promise((resolve, reject) => {
            const request = https.get(names.url, { agent }, (response) => response.resume().on('end', resolve));
            request.on('socket', (socket) => {
              found.push(['error', 'data', 'drain', 'end', 'timeout'].map((event) => socket.listenerCount(event)));
            });
            request.on('error', reject);
          });
          await sleep(10);
        }
        return found;
    """
    assert run(code, url=origin.url) == run(code, url=origin.url, layer=False)


def test_what_follows_belongs_to_the_call_that_waits(run: NodeInterpreter, origin: Origin) -> None:
    """AsyncLocalStorage, by which tracing and loggers know their request."""
    code = """
        const { AsyncLocalStorage } = require('node:async_hooks');
        const storage = new AsyncLocalStorage();
        const seen = [];
        const call = (name) => storage.run(name, () => new Promise((resolve) => {
          const agent = new https.Agent();
          https.get(names.url, { agent }, (response) => {
            seen.push(storage.getStore());
            response.on('data', () => seen.push(storage.getStore())).on('end', resolve);
          }).on('socket', () => seen.push(storage.getStore()));
        }));
        await call('first');
        await call('second');
        return seen;
    """
    assert run(code, url=origin.url) == ["first"] * 3 + ["second"] * 3
    assert origin.accepted == 1


def test_idle_connections_do_not_keep_the_process(run: NodeInterpreter, origin: Origin) -> None:
    code = """
        await send(names.url, { agent: new https.Agent() });
        await (await fetch(names.url)).text();
        await act('seen');
    """
    seen = []
    run(code, acts={"seen": lambda: seen.append(origin.open)}, url=origin.url)
    assert seen == [2]


def test_no_more_are_kept_than_the_settings_allow(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        const call = () => send(names.url + '/slow/50', { agent: new http.Agent({ keepAlive: true }) });
        await Promise.all([call(), call(), call(), call()]);
        await act('closed');
    """
    acts = {"closed": lambda: plain.wait_for(lambda: plain.open == 2)}
    run(code, acts=acts, url=plain.url, environ={"KEEPALIVE_MAX_IDLE_PER_HOST": "2"})


@pytest.mark.parametrize(
    ("environ", "accepted"),
    [({"KEEPALIVE_MAX_REQUESTS": "2"}, 3), ({"KEEPALIVE_MAX_LIFETIME": "0"}, 6), ({"KEEPALIVE_IDLE_TIMEOUT": "0"}, 6)],
    ids=str,
)
def test_limits_of_a_connection(run: NodeInterpreter, plain: Origin, environ: dict[str, str], accepted: int) -> None:
    code = "for (let each = 0; each < 6; each += 1) await send(names.url, { agent: new http.Agent() });"
    run(code, url=plain.url, environ=environ)
    assert (plain.received, plain.accepted) == (6, accepted)


def test_idle_connections_end_at_their_limits_though_nobody_calls(run: NodeInterpreter, plain: Origin) -> None:
    """One after the other, and those that come later, too."""
    code = """
        const call = (path) => send(names.url + path, { agent: new http.Agent() });
        for (let each = 0; each < 2; each += 1) {
          await Promise.all([call('/slow/10'), call('/slow/60')]);
          await act('closed');
        }
    """
    acts = {"closed": lambda: plain.wait_for(lambda: plain.open == 0)}
    run(code, acts=acts, url=plain.url, environ={"KEEPALIVE_IDLE_TIMEOUT": "0.1"})
    assert plain.accepted == 4


def test_a_timer_of_an_agent_that_keeps_nothing_ends_no_idle_connection(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        const agent = new http.Agent({ timeout: 30 });
        await send(names.url, { agent });
        await sleep(100);
        await send(names.url, { agent });
    """
    run(code, url=plain.url)
    assert plain.accepted == 1


def test_worker_threads_and_child_processes_have_their_own(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        const { Worker } = require('node:worker_threads');
        const { execFileSync } = require('node:child_process');
        const source = `
          const http = require('node:http');
          const call = () => new Promise((resolve) => {
            http.get('${names.url}', { agent: new http.Agent() }, (response) => response.resume().on('end', resolve));
          });
          call().then(call).then(call);
        `;
        await new Promise((resolve) => new Worker(source, { eval: true }).on('exit', resolve));
        await new Promise((resolve) => {
          require('node:child_process').execFile(process.execPath, ['-e', source], resolve);
        });
    """
    run(code, url=plain.url)
    assert (plain.received, plain.accepted) == (6, 2)


def test_options_that_cannot_be_used_are_an_error_of_the_request(run: NodeInterpreter, origin: Origin) -> None:
    """Also of the first one, which waits for a turn: thrown then, it would end the program."""
    code = """
        const codes = [];
        for (let each = 0; each < 2; each += 1) {
          const call = send(names.url, { agent: new https.Agent(), localAddress: 'nowhere' });
          codes.push(await call.catch((error) => error.code));
        }
        return codes;
    """
    assert run(code, url=origin.url) == ["ERR_INVALID_IP_ADDRESS"] * 2


@pytest.mark.parametrize("undici", ["undici-6", "undici-7", "undici-8"])
def test_what_undici_throws_at_once_is_thrown_at_once(run: NodeInterpreter, plain: Origin, undici: str) -> None:
    if undici == "undici-8" and run.version == "20":
        pytest.skip("undici 8 needs Node 22")
    code = """
        const { Agent } = require(names.undici);
        const agent = new Agent();
        const handler = { onError() {}, onResponseError() {} };
        const thrown = [];
        const request = { origin: names.url, path: '/', method: 'GET' };
        const wrong = [['ASD'], ['ASD', handler], [{}, handler], [{ origin: '' }, handler], [request, {}]];
        for (const args of wrong) {
          try {
            agent.dispatch(...args);
            thrown.push(null);
          } catch (error) {
            thrown.push(error.code);
          }
        }
        return thrown;
    """
    assert run(code, undici=undici, url=plain.url) == run(code, undici=undici, url=plain.url, layer=False)
