'use strict';

/**
 * Lets `fetch` and undici's `Agent` objects share connections, the copy in Node and every copy in the function's code.
 *
 * Seam: `DispatcherBase.prototype.dispatch` of each copy. What is dispatched on an `Agent` that has no connections of its
 * own yet goes to one of ours with the same options, which lives on. Copies are found by the global dispatcher, by the
 * `dispatcher` that a fetch is given, and else by their first connection (`undici:client:connected`); classes are
 * recognised by the descriptions of their symbols, since bundlers rename the rest (undici 6, 7 and 8, and Node's own).
 */

const { subscribe } = require('diagnostics_channel');
const config = require('./config.cjs').current;
const guard = require('./guard.cjs');
const misses = require('./misses.cjs');
const redispatch = require('./redispatch.cjs');
const stats = require('./stats.cjs');
const { Instant } = require('./connection.cjs');
const { refusedAddress, render } = require('./identity.cjs');
const { nearlyFree, reviews, settle } = require('./thaw.cjs');

/** Where every copy keeps its default agent (lib/global.js): version 8 has a newer name, and a wrapper at the old one. */
const GLOBALS = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) => Symbol.for(name));
const IDLE_MS = config.idleTimeout * 1000;
// More than any program has agents for a purpose; those with a function of their own per call must not pile up.
const MAX_SHARED = 50;

/** @type {WeakSet<object>} */
const hooked = new WeakSet();
/** @type {WeakMap<object, Function | null>} The default factory of each copy's Agent, by its prototype. */
const factories = new WeakMap();
/** @type {Map<string, any>} Our agents by class and options. */
const shared = new Map();
/** @type {WeakSet<object>} */
const ours = new WeakSet();

/** @param {any} object @param {string} description */
function field(object, description) {
  const symbol = Object.getOwnPropertySymbols(object).find((each) => each.description === description);
  return symbol === undefined ? undefined : object[symbol];
}

/**
 * Take hold of the copy of undici that a dispatcher belongs to.
 * @param {any} dispatcher
 */
function hook(dispatcher) {
  if (dispatcher === null || typeof dispatcher !== 'object') return;
  let base = Object.getPrototypeOf(dispatcher);
  while (base !== null && !(own(base, 'dispatch') && own(base, 'close') && own(base, 'destroy'))) {
    base = Object.getPrototypeOf(base);
  }
  // The abstract Dispatcher below it has these methods, too, but they only throw.
  if (base === null || hooked.has(base) || !own(base, 'closed')) return;
  hooked.add(base);
  const original = base.dispatch;
  base.dispatch = function dispatch(/** @type {any} */ options, /** @type {any} */ handler) {
    let go = () => original.call(this, options, handler);
    let later = false;
    try {
      const agent = routed(this, base, options);
      if (agent !== undefined) {
        const origin = originOf(new URL(String(options.origin)));
        const dispatchTo = (/** @type {any} */ chosen) => () => original.call(agent, options, chosen);
        const again = (/** @type {any} */ chosen) => {
          giveUp(origin);
          if (!settle(origin, dispatchTo(chosen))) dispatchTo(chosen)();
        };
        go = dispatchTo(redispatch.watched(options, handler, again));
        later = settle(origin, go);
      }
    } catch (error) {
      guard.fault('dispatch', error);
    }
    return later || go();
  };
}

/** @param {object} object @param {string} name */
function own(object, name) {
  return Object.prototype.hasOwnProperty.call(object, name);
}

/** Take hold of the copies that have a global dispatcher; asking for it as they do would call us again. */
function hookGlobals() {
  for (const name of GLOBALS) hook(Object.getOwnPropertyDescriptor(globalThis, name)?.value);
}

/**
 * Our agent for what is dispatched on this one; undefined if it is to go its own way.
 * @param {any} agent
 * @param {object} base
 * @param {any} options
 */
function routed(agent, base, options) {
  if (ours.has(agent) || Object.getPrototypeOf(Object.getPrototypeOf(agent)) !== base) return undefined;
  const clients = field(agent, 'clients');
  const factory = field(agent, 'factory');
  const settings = field(agent, 'options');
  if (!(clients instanceof Map) || typeof factory !== 'function' || settings === undefined) return undefined;
  if (clients.size > 0 || agent.closed || agent.destroyed || agent.eventNames().length > 0) return undefined;
  if (factory !== defaultFactory(agent) || !isShareable(settings)) return undefined;
  const url = new URL(String(options.origin));
  if (refusedAddress(url.hostname, portOf(url)) !== null) return undefined;
  const key = `${render(agent.constructor)} ${render(settings)}`;
  let lasting = shared.get(key);
  if (lasting === undefined) {
    if (shared.size >= MAX_SHARED) return undefined;
    lasting = new agent.constructor({ ...settings, ...lifetimes(settings) });
    ours.add(lasting);
    shared.set(key, lasting);
  }
  return lasting;
}

/**
 * Limits of connections and of origins are for one agent's requests, and interceptors may keep state.
 * @param {any} settings
 */
function isShareable(settings) {
  const unlimited = settings.connections == null && (settings.maxOrigins ?? Infinity) === Infinity;
  return unlimited && settings.interceptors === undefined;
}

/** @param {any} settings what the caller has chosen stays as it is */
function lifetimes(settings) {
  return {
    keepAliveTimeout: settings.keepAliveTimeout ?? IDLE_MS,
    keepAliveMaxTimeout: settings.keepAliveMaxTimeout ?? IDLE_MS,
    clientTtl: settings.clientTtl ?? config.maxLifetime * 1000,
  };
}

/** @param {any} agent */
function defaultFactory(agent) {
  const prototype = Object.getPrototypeOf(agent);
  if (!factories.has(prototype)) factories.set(prototype, field(new agent.constructor(), 'factory') ?? null);
  return factories.get(prototype);
}

/**
 * What is known of a connection of undici's: `since` when it is idle, null while a request is on it.
 * @typedef {{ socket: any, origin: string, requests: number, since: Instant | null }} Facts
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

/** @param {any} message */
function beforeConnect({ connector }) {
  const times = began.get(connector);
  if (times === undefined) began.set(connector, [performance.now()]);
  else times.push(performance.now());
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
function connected({ connectParams, connector, socket }) {
  hookOwner(socket);
  const origin = originOf(connectParams);
  const started = began.get(connector)?.shift() ?? performance.now();
  /** @type {Facts} */
  const facts = { socket, origin, requests: 0, since: new Instant() };
  bySocket.set(socket, facts);
  open.add(facts);
  socket.once('close', guard.shielded('undici', () => {
    open.delete(facts);
    if (facts.since !== null && facts.requests > 0) {
      const idle = facts.since.elapsed(new Instant());
      stats.discarded(origin, idle >= IDLE_MS ? 'idle' : 'stale');
    }
  }));
  misses.opened(origin, null, null, performance.now() - started);
}

/** A copy that nothing else has shown. @param {any} socket */
function hookOwner(socket) {
  const parser = field(socket, 'parser') ?? field(socket, 'kParser');
  hook(parser?.client ?? field(socket, 'client'));
}

/** @param {any} message */
function connectError({ connectParams, connector, error }) {
  redispatch.refused(error);
  began.get(connector)?.shift();
  stats.connectError(originOf(connectParams));
}

/** @param {any} message */
function sendHeaders({ request, socket }) {
  const facts = bySocket.get(socket);
  if (facts === undefined) return;
  redispatch.sent(facts.requests > 0);
  stats.request(facts.origin, facts.requests > 0);
  facts.requests += 1;
  facts.since = null;
  byRequest.set(request, facts);
}

/** @param {any} message */
function ended({ request }) {
  const facts = byRequest.get(request);
  if (facts === undefined) return;
  facts.since = new Instant();
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
  for (const facts of open) if (facts.since !== null && facts.origin === origin) facts.socket.destroy();
}

/** Close what has been idle too long: undici's own timers count turns of the loop, not time. */
function review() {
  const now = new Instant();
  for (const facts of open) {
    if (facts.since === null) continue;
    const idle = facts.since.elapsed(now);
    if (idle < 0 || idle >= IDLE_MS) facts.socket.destroy();
  }
}

function install() {
  subscribe('undici:client:beforeConnect', guard.shielded('undici', beforeConnect));
  subscribe('undici:client:connected', guard.shielded('undici', connected));
  subscribe('undici:client:connectError', guard.shielded('undici', connectError));
  subscribe('undici:client:sendHeaders', guard.shielded('undici', sendHeaders));
  subscribe('undici:request:trailers', guard.shielded('undici', ended));
  subscribe('undici:request:error', guard.shielded('undici', ended));
  reviews.push(review);
  nearlyFree.push((origin) => resting.has(origin) || isOneClosing(origin));
  stats.idleCounts.push(() => [...open].filter((facts) => facts.since !== null && facts.requests > 0).length);
  hookGlobals();
}

module.exports = { hook, hookGlobals, install };
