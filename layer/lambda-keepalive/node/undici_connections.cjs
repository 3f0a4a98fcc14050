'use strict';

/**
 * What the layer knows of undici's connections, whoever opened them: counts them and their requests, and closes those that
 * have been idle too long or are not to be trusted any more. undici alone takes them and gives them back.
 *
 * Seam: the channels that every copy of undici writes to (`undici:client:*`, `undici:request:*`; undici 6, 7 and 8, and
 * Node's own).
 */

const { subscribe } = require('diagnostics_channel');
const guard = require('./guard.cjs');
const misses = require('./misses.cjs');
const redispatch = require('./redispatch.cjs');
const stats = require('./stats.cjs');
const { Instant } = require('./connection.cjs');
const { hungUp, limitOf } = require('./idle_limits.cjs');
const { nearlyFree, reviews } = require('./thaw.cjs');

/**
 * What is known of a connection: `client` is undici's own object for it, `idleSince` when it last became idle, `busy`
 * whether a request is on it, `seen` the bytes that had arrived before that, and `spoiled` that it failed in the middle
 * of a response.
 * @typedef {{
 *   socket: any, client: any, origin: string, opened: Instant, idleSince: Instant, requests: number, busy: boolean,
 *   seen: number, spoiled: boolean,
 * }} Facts
 */
/** @type {WeakMap<object, Facts>} */
const bySocket = new WeakMap();
/** @type {WeakMap<object, Facts>} */
const byRequest = new WeakMap();
/** @type {Set<Facts>} */
const open = new Set();
/** @type {Set<string>} Origins with a connection that undici leaves alone for a turn after each response (lib/dispatcher/client-h1.js). */
const resting = new Set();
/** @type {WeakMap<object, number[]>} When connects by a connector began. */
const began = new WeakMap();
/** @type {(client: any) => void} Is shown the client of each new connection. */
let show = () => {};
/** What is done about connections besides; mode `observe` puts functions of its own in their places. */
const policy = {
  /** One was opened. @param {Facts} facts @param {number} milliseconds */
  opened({ origin }, milliseconds) {
    misses.opened(origin, null, null, milliseconds);
  },
  /** A request is being written to one. @param {Facts} facts @param {any} request */
  sent(facts, request) {},
};

/** @type {Map<string, Set<symbol>>} Those of each copy of undici, by description; looking for one costs microseconds. */
const symbols = new Map();

/** @param {any} object @param {string} description of a symbol: bundlers leave these alone */
function field(object, description) {
  const known = symbols.get(description) ?? new Set();
  for (const symbol of known) if (Object.hasOwn(object, symbol)) return object[symbol];
  const symbol = Object.getOwnPropertySymbols(object).find((each) => each.description === description);
  if (symbol === undefined) return undefined;
  symbols.set(description, known.add(symbol));
  return object[symbol];
}

/** @param {{ protocol: string, port?: string | number }} address */
function portOf({ protocol, port }) {
  return port || (protocol === 'https:' ? 443 : 80);
}

/** @param {any} address a URL or what a connector is given */
function originOf(address) {
  return `${address.protocol}//${address.hostname}:${portOf(address)}`;
}

/** @param {any} message */
function beforeConnect({ connector }) {
  const times = began.get(connector);
  if (times === undefined) began.set(connector, [performance.now()]);
  else times.push(performance.now());
}

/** @param {any} message */
function connected({ connectParams, connector, socket }) {
  const parser = field(socket, 'parser') ?? field(socket, 'kParser');
  const client = parser?.client ?? field(socket, 'client');
  show(client);
  const origin = originOf(connectParams);
  const started = began.get(connector)?.shift() ?? performance.now();
  const opened = new Instant();
  /** @type {Facts} */
  const facts = { socket, client, origin, opened, idleSince: opened, requests: 0, busy: false, seen: 0, spoiled: false };
  bySocket.set(socket, facts);
  open.add(facts);
  socket.once('close', guard.shielded('undici', () => closed(facts)));
  policy.opened(facts, performance.now() - started);
}

/** @param {any} message */
function connectError({ connectParams, connector, error }) {
  redispatch.refused(error);
  began.get(connector)?.shift();
  stats.connectError(originOf(connectParams));
}

/** @param {Facts} facts */
function closed(facts) {
  open.delete(facts);
  if (facts.requests === 0 || facts.busy || facts.spoiled) return;
  const now = new Instant();
  const stale = facts.idleSince.elapsed(now) < limitOfIdle(facts, now);
  stats.discarded(facts.origin, stale ? 'stale' : 'idle');
  if (stale && redispatch.isHangUp(facts.socket.errored)) hungUp(facts, now);
}

/** @param {any} message */
function sendHeaders({ request, socket }) {
  const facts = bySocket.get(socket);
  if (facts === undefined) return;
  redispatch.sent(facts.requests > 0);
  policy.sent(facts, request);
  stats.request(facts.origin, facts.requests > 0);
  facts.requests += 1;
  facts.busy = true;
  facts.seen = socket.bytesRead;
  byRequest.set(request, facts);
}

/** @param {any} message */
function answered({ request }) {
  const facts = byRequest.get(request);
  if (facts === undefined) return;
  facts.idleSince = new Instant();
  rest(facts);
}

/** What died before it answered was dead while it was idle. @param {any} message */
function failed({ request }) {
  const facts = byRequest.get(request);
  if (facts === undefined) return;
  facts.spoiled = facts.socket.bytesRead !== facts.seen;
  rest(facts);
}

/** @param {Facts} facts */
function rest(facts) {
  facts.busy = false;
  resting.add(facts.origin);
  setImmediate(() => resting.delete(facts.origin)).unref();
}

/**
 * Whether a connection to the origin is being closed. When that is done undici lets go of its pool, and whatever has been
 * sent by way of that pool in between would lose its connection with the response (lib/dispatcher/agent.js).
 * @param {string} origin
 */
function isOneClosing(origin) {
  for (const facts of open) if (facts.socket.destroyed && facts.origin === origin) return true;
  return false;
}

/**
 * Close what is idle: one died, and the others are from the same time. The next request may be one that is not sent twice.
 * @param {string} origin
 */
function giveUp(origin) {
  for (const facts of open) if (!facts.busy && facts.origin === origin) facts.socket.destroy();
}

/** Close what has been idle too long: undici's own timers count turns of the loop, not time. */
function review() {
  const now = new Instant();
  for (const facts of open) {
    if (facts.busy) continue;
    const idle = facts.idleSince.elapsed(now);
    if (idle < 0 || idle >= limitOfIdle(facts, now)) facts.socket.destroy();
  }
}

/**
 * Milliseconds: the origin's, and what undici has made of its settings and of the server's word.
 * @param {Facts} facts
 * @param {Instant} now
 */
function limitOfIdle({ client, origin }, now) {
  return Math.min(limitOf(origin, now, null), field(client ?? {}, 'keep alive timeout') ?? Infinity);
}

/** @param {(client: any) => void} shown is called with undici's client for each new connection, before its first request */
function install(shown) {
  show = shown;
  subscribe('undici:client:beforeConnect', guard.shielded('undici', beforeConnect));
  subscribe('undici:client:connected', guard.shielded('undici', connected));
  subscribe('undici:client:connectError', guard.shielded('undici', connectError));
  subscribe('undici:client:sendHeaders', guard.shielded('undici', sendHeaders));
  subscribe('undici:request:trailers', guard.shielded('undici', answered));
  subscribe('undici:request:error', guard.shielded('undici', failed));
  reviews.push(review);
  nearlyFree.push((origin) => resting.has(origin) || isOneClosing(origin));
  stats.idleCounts.push(() => [...open].filter(({ busy, requests }) => !busy && requests > 0).length);
}

module.exports = { field, giveUp, install, originOf, policy, portOf };
