'use strict';

/**
 * Lets `fetch` and undici's `Agent` objects share connections, the copy in Node and every copy in the function's code.
 *
 * What is dispatched on an `Agent` that has no connections of its own yet goes to one of ours with the same options, which
 * lives on.
 */

const config = require('./config.cjs').current;
const guard = require('./guard.cjs');
const connections = require('./undici_connections.cjs');
const dispatchers = require('./dispatchers.cjs');
const redispatch = require('./redispatch.cjs');
const { field, originOf } = connections;
const { isDue, settle } = require('./thaw.cjs');
const { requestsOf } = require('./undici_agents.cjs');

const IDLE_MS = config.idleTimeout * 1000;
// More than any program has agents for a purpose; those with a function of their own per call must not pile up.
const MAX_SHARED = 50;

/** @type {Map<string, any>} Our agents by class and options. */
const shared = new Map();
/** @type {WeakSet<object>} */
const ours = new WeakSet();

/**
 * @param {Function} original
 * @param {object} base
 */
function routing(original, base) {
  /** @this {any} @param {any} options @param {any} handler */
  return function dispatch(options, handler) {
    let go = () => original.call(this, options, handler);
    let later = false;
    try {
      // A handler that cannot be told of errors is one that undici throws at, at once.
      const agent = redispatch.hearsErrors(handler) ? routed(this, base, options) : undefined;
      if (agent !== undefined) {
        const origin = originOf(new URL(String(options.origin)));
        const dispatchTo = (/** @type {any} */ chosen) => () => original.call(agent, options, chosen);
        const again = (/** @type {any} */ chosen) => {
          connections.giveUp(origin);
          if (isDue(origin)) settle(origin, dispatchTo(chosen));
          else dispatchTo(chosen)();
        };
        go = dispatchTo(redispatch.watched(options, handler, again, requestsOf(this)));
        if (isDue(origin)) {
          settle(origin, go);
          later = true;
        }
      }
    } catch (error) {
      guard.fault('dispatch', error);
    }
    return later || go();
  };
}

/**
 * Our agent for what is dispatched on this one; undefined if it is to go its own way.
 * @param {any} agent
 * @param {object} base
 * @param {any} options
 */
function routed(agent, base, options) {
  if (ours.has(agent) || field(agent, 'clients')?.size !== 0) return undefined;
  const key = dispatchers.identify(agent, base, options);
  if (key === undefined) return undefined;
  let lasting = shared.get(key);
  if (lasting === undefined) {
    if (shared.size >= MAX_SHARED) return undefined;
    const settings = field(agent, 'options');
    lasting = new agent.constructor({ ...settings, ...lifetimes(settings) });
    ours.add(lasting);
    shared.set(key, lasting);
  }
  return lasting;
}

/** @param {any} settings what the caller has chosen stays as it is */
function lifetimes(settings) {
  return {
    keepAliveTimeout: settings.keepAliveTimeout ?? IDLE_MS,
    keepAliveMaxTimeout: settings.keepAliveMaxTimeout ?? IDLE_MS,
    clientTtl: settings.clientTtl ?? config.maxLifetime * 1000,
  };
}

function install() {
  dispatchers.install(routing);
}

module.exports = { install };
