'use strict';

/**
 * Lets `http.Agent` and `https.Agent` objects share their idle sockets, however short they live.
 *
 * An agent still makes, counts, limits and parks its sockets by Node's own code. Three things are new: one that was told
 * to close its sockets parks them as well; one that has none asks the others before it opens one; and `destroy()` by an
 * agent that was made in the same invocation leaves its idle sockets to the others. Seams (lib/_http_agent.js and
 * lib/https.js of Node 20, 22 and 24): `addRequest`, `createSocket`, `createConnection`, `emit('free')`, `reuseSocket`,
 * `destroy`.
 */

const http = require('http');
const guard = require('./guard.cjs');
const idle = require('./idle.cjs');
const opening = require('./opening.cjs');
const parking = require('./parking.cjs');
const { admits, leavesSockets } = require('./admission.cjs');
const { keepOpen } = require('./keep_open.cjs');
const { native, originOf, replace, takesPart } = require('./native.cjs');
const { OPTIONS } = require('./requests.cjs');
const { isDue, isEnding, settle } = require('./thaw.cjs');

/** @typedef {import('./native.cjs').Agent} Agent */

/** @type {Map<() => void, Agent>} What has requests go on that wait for a turn. */
const waiting = new Map();

/**
 * @this {Agent}
 * @param {any} request
 * @param {any} options
 */
function addRequest(request, options) {
  try {
    if (admits(this, request, options)) {
      request[OPTIONS] = options;
      keepOpen(request, options);
      const origin = originOf(this, options);
      if (isDue(origin)) {
        settle(origin, adding(this, arguments));
        return undefined;
      }
    }
  } catch (error) {
    guard.fault('addRequest', error);
  }
  return native.addRequest.apply(this, arguments);
}

/**
 * The call that was put off.
 * @param {Agent} agent
 * @param {IArguments} args
 */
function adding(agent, args) {
  const go = () => {
    if (!waiting.delete(go)) return;
    try {
      native.addRequest.apply(agent, args);
    } catch (error) {
      args[0].onSocket(null, error); // Nobody is there to catch it; options that cannot be used, for instance.
    }
  };
  waiting.set(go, agent);
  return go;
}

/**
 * The end of many handlers. An agent that leaves its sockets to others keeps those on which a request is.
 * @this {Agent}
 */
function destroy() {
  const { freeSockets, sockets } = this;
  let spare = false;
  try {
    if (takesPart(this)) {
      for (const [go, agent] of waiting) if (agent === this) go(); // So that they are ended, too.
      spare = leavesSockets(this);
      if (spare) Object.assign(this, { freeSockets: Object.create(null), sockets: inUse(sockets) });
      else idle.review((connection) => (connection.owner === this ? 'destroyed' : null));
    }
  } catch (error) {
    guard.fault('destroy', error);
  }
  try {
    return native.destroy.call(this);
  } finally {
    if (spare) Object.assign(this, { freeSockets, sockets });
  }
}

/**
 * Of an agent's sockets those on which a request is; not those whose response has been read and that are all but free.
 * @param {Record<string, any[]>} sockets
 */
function inUse(sockets) {
  return Object.fromEntries(
    Object.entries(sockets).map(([name, those]) => [name, those.filter((socket) => !isEnding(socket))]),
  );
}

/** Put our methods in place of Node's. */
function install() {
  const { connecting, createSocket } = opening;
  const { emit, reuseSocket } = parking;
  const ours = { addRequest, createConnection: connecting(native.createConnection), createSocket, destroy, emit, reuseSocket };
  for (const [name, method] of Object.entries(ours)) replace(http.Agent.prototype, name, method);
}

module.exports = { install };
