'use strict';

/**
 * Node's own `http.Agent`, as it is without us: its methods, and whether an agent still is Node's in all that matters.
 */

const http = require('http');

/** @typedef {any} Agent an http.Agent with the undocumented parts that the layer needs */

/** @type {any} */
const prototype = http.Agent.prototype;
/** Node's own methods, also those of `https.Agent`, by name. */
const native = {
  addRequest: prototype.addRequest,
  createConnection: prototype.createConnection,
  createSocket: prototype.createSocket,
  destroy: prototype.destroy,
  emit: prototype.emit,
  getName: prototype.getName,
  keepSocketAlive: prototype.keepSocketAlive,
  removeSocket: prototype.removeSocket,
  reuseSocket: prototype.reuseSocket,
};
/** @type {Record<string, Set<Function>>} The implementations of each method that are Node's or ours. */
const known = Object.fromEntries(Object.entries(native).map(([name, method]) => [name, new Set([method])]));

/**
 * Whether the agent is Node's own in everything that makes or keeps sockets; proxies' agents and the like are left
 * alone, also those that Node makes for `NODE_USE_ENV_PROXY` (option `proxyEnv`).
 * @param {Agent} agent
 */
function takesPart(agent) {
  return known.addRequest.has(agent.addRequest) && known.createSocket.has(agent.createSocket) &&
    known.createConnection.has(agent.createConnection) && known.getName.has(agent.getName) &&
    known.keepSocketAlive.has(agent.keepSocketAlive) && known.removeSocket.has(agent.removeSocket) &&
    known.reuseSocket.has(agent.reuseSocket) && known.emit.has(agent.emit) &&
    agent.options?.proxyEnv === undefined;
}

/**
 * Put our method in place of Node's.
 * @param {any} owner a prototype
 * @param {string} name
 * @param {Function} method
 */
function replace(owner, name, method) {
  known[name].add(owner[name]).add(method);
  owner[name] = method;
}

/** @param {Agent} agent @param {any} options */
function originOf(agent, options) {
  const host = agent.options.host ?? options.host ?? 'localhost';
  return `${agent.protocol}//${host}:${agent.options.port ?? options.port ?? options.socketPath ?? ''}`;
}

/** @type {any} Loading it before it is used would cost the start, and asking for it costs 2 us each time. */
let secure = null;

/** The module `https`. */
function https() {
  return (secure ??= require('https'));
}

/** @param {Agent} agent */
function isGlobal(agent) {
  return agent === http.globalAgent || (agent.protocol === 'https:' && agent === https().globalAgent);
}

module.exports = { https, isGlobal, known, native, originOf, replace, takesPart };
