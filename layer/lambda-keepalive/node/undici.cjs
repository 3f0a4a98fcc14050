'use strict';

/**
 * Lets `fetch` and undici's `Agent` objects share connections, the copy in Node and every copy in the function's code.
 *
 * Seam: `DispatcherBase.prototype.dispatch` of each copy. What is dispatched on an `Agent` that has no connections of its
 * own yet goes to one of ours with the same options, which lives on. Copies are found by the global dispatcher, by the
 * `dispatcher` that a fetch is given, and else by their first connection (`undici:client:connected`); classes are
 * recognised by the descriptions of their symbols, since bundlers rename the rest (undici 6, 7 and 8, and Node's own).
 */

const config = require('./config.cjs').current;
const guard = require('./guard.cjs');
const connections = require('./undici_connections.cjs');
const redispatch = require('./redispatch.cjs');
const { refusedAddress, render } = require('./identity.cjs');
const { field, originOf, portOf } = connections;
const { settle } = require('./thaw.cjs');

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
          connections.giveUp(origin);
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

function install() {
  connections.install(hook);
  hookGlobals();
}

module.exports = { hook, hookGlobals, install };
