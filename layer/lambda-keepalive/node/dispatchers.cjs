'use strict';

/**
 * Finds the copies of undici, the one in Node and every one in the function's code, and says which of their agents may share
 * connections.
 *
 * Copies are found by the first dispatcher that they make (`preload`); those that were there before the layer by the global
 * dispatcher, or by their first connection (`undici:client:connected`). Classes are recognised by the descriptions of their
 * symbols, since bundlers rename the rest (undici 6, 7 and 8, and Node's own). Seam: `DispatcherBase.prototype.dispatch` of
 * each copy.
 */

const connections = require('./undici_connections.cjs');
const { currentSurroundings, refusedAddress, render } = require('./identity.cjs');
const { field, portOf } = connections;

/** Where every copy keeps its default agent (lib/global.js): version 8 has a newer name, and a wrapper at the old one. */
const GLOBALS = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) => Symbol.for(name));

/** @type {WeakSet<object>} */
const hooked = new WeakSet();
/** @type {WeakMap<object, Function | null>} The default factory of each copy's Agent, by its prototype. */
const factories = new WeakMap();
/** @type {(original: Function, base: object) => Function} Makes what takes the place of a copy's `dispatch`. */
let replacement;

/**
 * Take hold of the copy of undici that a dispatcher belongs to.
 * @param {any} dispatcher
 * @returns {boolean} whether it was not known
 */
function hook(dispatcher) {
  if (dispatcher === null || typeof dispatcher !== 'object') return false;
  let base = Object.getPrototypeOf(dispatcher);
  while (base !== null && !(own(base, 'dispatch') && own(base, 'close') && own(base, 'destroy'))) {
    base = Object.getPrototypeOf(base);
  }
  // The abstract Dispatcher below it has these methods, too, but they only throw.
  if (base === null || hooked.has(base) || !own(base, 'closed')) return false;
  hooked.add(base);
  base.dispatch = replacement(base.dispatch, base);
  return true;
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
 * The identity of the agent that a request is dispatched on, whose equals may share connections; undefined if it may not.
 * @param {any} agent
 * @param {object} base
 * @param {any} options of the request
 * @returns {string | undefined}
 */
function identify(agent, base, options) {
  if (Object.getPrototypeOf(Object.getPrototypeOf(agent)) !== base) return undefined;
  const factory = field(agent, 'factory');
  const settings = field(agent, 'options');
  if (!(field(agent, 'clients') instanceof Map) || typeof factory !== 'function' || settings === undefined) return undefined;
  if (agent.closed || agent.destroyed || agent.eventNames().length > 0) return undefined;
  if (factory !== defaultFactory(agent) || !isShareable(settings)) return undefined;
  const url = addressOf(options);
  if (url === undefined || refusedAddress(url.hostname, portOf(url)) !== null) return undefined;
  return `${render(agent.constructor)} ${render(settings)} ${currentSurroundings(url.protocol === 'https:')}`;
}

/** Where a request goes; undefined if undici will throw at it. @param {any} options */
function addressOf(options) {
  try {
    return new URL(String(options.origin));
  } catch {
    return undefined;
  }
}

/**
 * Limits of connections and of origins are for one agent's requests, and interceptors may keep state.
 * @param {any} settings
 */
function isShareable(settings) {
  const unlimited = settings.connections == null && (settings.maxOrigins ?? Infinity) === Infinity;
  return unlimited && settings.interceptors === undefined;
}

/** @param {any} agent */
function defaultFactory(agent) {
  const prototype = Object.getPrototypeOf(agent);
  if (!factories.has(prototype)) factories.set(prototype, field(new agent.constructor(), 'factory') ?? null);
  return factories.get(prototype);
}

/** @param {typeof replacement} made by whoever follows what is dispatched */
function install(made) {
  replacement = made;
  connections.install(hook);
  hookGlobals();
}

module.exports = { hook, identify, install };
