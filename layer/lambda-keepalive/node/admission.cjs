'use strict';

/** Which requests of an agent take part in sharing, and for how long an agent that is destroyed stays out of it. */

const config = require('./config.cjs').current;
const opening = require('./opening.cjs');
const runtime = require('./runtime.cjs');
const { https, known, replace, takesPart } = require('./native.cjs');
const { refusedAddress } = require('./identity.cjs');
const { NOT_OURS, troubled } = require('./requests.cjs');

/** @typedef {import('./native.cjs').Agent} Agent */

let httpsPatched = false;
/** On an agent, the invocation in which it was first seen; a WeakMap costs a call of a new agent 1 us more. */
const BIRTH = Symbol('keepalive.birth');

/**
 * Whether the connection of a request may be shared, as far as its agent and its address go. The rule against it is noted on
 * the request.
 * @param {Agent} agent
 * @param {any} request
 * @param {any} options
 */
function admits(agent, request, options) {
  if (agent.protocol === 'https:' && !httpsPatched) patchHttps();
  if (options === null || typeof options !== 'object') return false;
  const refusal = refused(agent, options);
  if (refusal === 'runtime-api') {
    // By whatever agent: for a response stream the runtime's client makes one with a `createConnection` of its own.
    request[NOT_OURS] = refusal;
    runtime.follow(request);
    return false;
  }
  if (!takesPart(agent)) return false;
  if (refusal !== null) {
    request[NOT_OURS] = refusal;
    return false;
  }
  agent[BIRTH] ??= runtime.generation();
  return true;
}

/** @param {Agent} agent @param {any} options */
function refused(agent, options) {
  if (options.socketPath !== undefined && !config.loopback) return 'loopback';
  const own = agent.options ?? {}; // Not every agent is Node's.
  return refusedAddress(own.host ?? options.host ?? 'localhost', own.port ?? options.port);
}

/** The methods that `https.Agent` has of its own. */
function patchHttps() {
  httpsPatched = true;
  const secure = https().Agent.prototype;
  for (const name of ['getName', 'keepSocketAlive']) known[name].add(secure[name]);
  replace(secure, 'createConnection', opening.connecting(secure.createConnection));
}

/**
 * Whether an agent that is destroyed leaves its sockets to others: one that was made in the same invocation and met no
 * error. An older one is destroyed as asked: that is how programs react to trouble.
 * @param {Agent} agent
 */
function leavesSockets(agent) {
  return agent[BIRTH] === runtime.generation() && !troubled.has(agent);
}

module.exports = { admits, leavesSockets };
