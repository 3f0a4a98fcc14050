"""Exchanges that their callers leave unfinished keep neither the process nor connections, as without the layer."""

from __future__ import annotations

from tests.node.interpreter import NodeInterpreter
from tests.support.origin import Exchange, Origin

# What would never come to its end ends with 3, in the place of a test that hangs.
LIMIT = "setTimeout(() => process.exit(3), 5000).unref();\n"
GET = """
    const get = (path) => new Promise((resolve, reject) => {
      http.get(names.url + path, { agent: new http.Agent() }, resolve).on('error', reject);
    });
    const read = async (response) => (await response.toArray()).join('');
"""


def test_a_response_that_nobody_reads_does_not_keep_the_process(run: NodeInterpreter, plain: Origin) -> None:
    """With `callbackWaitsForEmptyEventLoop` it would be the function's time-out."""
    assert run(LIMIT + GET + "return (await get('/bytes/10')).statusCode;", url=plain.url) == 200


def test_responses_that_nobody_reads_do_not_pile_up(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        for (let each = 0; each < 30; each += 1) await get('/bytes/10');
        return act('open');
    """
    assert run(LIMIT + GET + code, url=plain.url, acts={"open": lambda: plain.open}) <= 3


def test_a_response_can_be_read_late(run: NodeInterpreter, plain: Origin) -> None:
    """After others have come, and after the layer has looked around."""
    code = """
        const responses = [];
        for (let each = 0; each < 4; each += 1) responses.push(await get(`/bytes/${each}`));
        const cut = await get('/chunked/3000');
        await sleep(150);
        await read(await get('/bytes/1'));
        const texts = [];
        for (const response of [...responses, cut]) texts.push((await read(response)).length);
        return texts;
    """
    assert run(LIMIT + GET + code, url=plain.url) == [0, 1, 2, 3, 3000]


def test_a_response_that_is_read_later_keeps_its_connection_for_others(run: NodeInterpreter, plain: Origin) -> None:
    code = """
        for (let each = 0; each < 4; each += 1) {
          const response = await get('/slow/20');
          await Promise.resolve();
          await read(response);
        }
    """
    run(LIMIT + GET + code, url=plain.url)
    assert (plain.received, plain.accepted) == (4, 1)


def test_reading_keeps_the_process_until_the_end(run: NodeInterpreter, plain: Origin) -> None:
    """The head comes long before the body, and whoever awaits it has no listener yet."""

    def in_two_parts(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        exchange.pause(0.1)
        exchange.send(b"late")

    plain.route("/parts", in_two_parts)
    code = """
        process.stdin.unref?.();
        const response = await get('/parts');
        await Promise.resolve();
        return read(response);
    """
    assert run(GET + code, url=plain.url) == "late"


def test_a_request_that_is_never_ended_does_not_keep_the_process(run: NodeInterpreter, plain: Origin) -> None:
    """The server has answered already, and the caller has lost interest."""
    plain.route("/refused", lambda exchange: exchange.respond(413, b"enough"), before_body=True)
    code = """
        const upload = http.request(names.url + '/refused', { agent: new http.Agent(), method: 'POST' });
        upload.write('more to come');
        return new Promise((resolve, reject) => {
          upload.on('response', async (response) => resolve(await read(response))).on('error', reject);
        });
    """
    assert run(LIMIT + GET + code, url=plain.url) == "enough"


def test_a_request_that_expects_to_go_on_shares_its_connection(run: NodeInterpreter, plain: Origin) -> None:
    """Its head is written before anybody can change it."""
    code = """
        const texts = [];
        for (let each = 0; each < 3; each += 1) {
          const headers = { Expect: '100-continue', 'Content-Length': 4 };
          const upload = http.request(names.url + '/echo', { agent: new http.Agent(), method: 'POST', headers });
          upload.on('continue', () => upload.end('body')).flushHeaders();
          const response = await new Promise((resolve) => upload.on('response', resolve));
          texts.push(JSON.parse(await read(response)).body);
        }
        return texts;
    """
    assert run(GET + code, url=plain.url) == ["body"] * 3
    assert (plain.received, plain.accepted) == (3, 1)
