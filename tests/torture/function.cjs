'use strict';

/**
 * The function process in Node: `node tests/torture/function.cjs CLIENT`. As function.py, it reads one invocation per
 * line from standard input, makes its requests, and answers with one line. The layer, if it is preloaded, sees the edges
 * of an invocation as those of AWS's runtime client: in the functions of its addon.
 */

const { subscribe } = require('node:diagnostics_channel');
const { writeSync } = require('node:fs');
const { join } = require('node:path');
const readline = require('node:readline');

const callers = require('./callers.cjs');

const STANDARD_OUTPUT = 1;
const ANSWERED = 'answered';
// Worse than any error: somebody else's.
const WRONG = 'wrong answer';

const layer = Symbol.for('lambda-keepalive') in globalThis ? join(__dirname, '../../layer/lambda-keepalive/node') : null;

/** Seconds by which the monotonic and the wall clock are off. */
const jumped = [0, 0];
for (const [at, clock] of [performance, Date].entries()) {
  const { now } = clock;
  clock.now = () => now.call(clock) + jumped[at] * 1000;
}

/** All sockets that requests went by and that are open. */
const sockets = new Set();
function remember(socket) {
  if (sockets.has(socket)) return;
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}
// Told when a request has been written.
subscribe('http.client.request.start', ({ request }) => remember(request.socket));
subscribe('undici:client:connected', ({ socket }) => remember(socket));

const Caller = callers[process.argv[2]];
let kept = null;

async function call([method, url, use]) {
  try {
    if (use === 'kept') {
      kept ??= new Caller();
      return outcome(url, await kept.ask(method, url));
    }
    const client = new Caller();
    try {
      return outcome(url, await client.ask(method, url));
    } finally {
      if (use === 'closed') await client.close();
    }
  } catch (error) {
    const cause = error.cause ?? error;
    return cause.code ?? cause.name;
  }
}

/** Whether the body is the one of this request. */
function outcome(url, body) {
  return body === url.split('/').at(-1) ? ANSWERED : WRONG;
}

/** Lose every connection, as if the function had just started. */
async function forget() {
  await kept?.close();
  kept = null;
  for (const socket of sockets) socket.destroy();
  await new Promise(setImmediate);
}

async function answer({ calls, together, clocks, afresh }) {
  for (const [at, seconds] of clocks.entries()) jumped[at] += seconds;
  const outcomes = [];
  if (together) outcomes.push(...(await Promise.all(calls.map(call))));
  else for (const each of calls) outcomes.push(await call(each));
  const counted = layer === null ? {} : count();
  if (afresh.length > 0) await forget();
  for (const each of afresh) outcomes.push(await call(each));
  return { outcomes, ...counted };
}

/** What the layer counted in this invocation. It looks around with the first request, so that nothing is "at thaw". */
function count() {
  const { running } = require(join(layer, 'stats.cjs'));
  return { all: Object.fromEntries(running.discarded), replayed: running.replayed };
}

async function main() {
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const addon = {
    async next() {
      const { value } = await lines.next();
      return { headers: { 'lambda-runtime-aws-request-id': 'id' }, order: JSON.parse(value) };
    },
    done: (_, response) => writeSync(STANDARD_OUTPUT, `${JSON.stringify(response)}\n`),
    error: () => {},
  };
  if (layer !== null) require(join(layer, 'runtime.cjs')).watch(addon);
  for (;;) {
    const { order } = await addon.next();
    addon.done('id', await answer(order));
  }
}

void main();
