'use strict';

/**
 * Mode `observe` for `http` and `https`: watches agents and requests at the seams of mode `on`, and changes nothing.
 *
 * Seams (lib/_http_agent.js, lib/https.js and lib/_http_client.js of Node 20, 22 and 24): `addRequest`, `createSocket`,
 * `createConnection` and `destroy` of agents, `emit` of requests.
 */

const http = require('http');
const guard = require('./guard.cjs');
const idle = require('./idle.cjs');
const observe = require('./observe.cjs');
const opening = require('./opening.cjs');
const { admits, leavesSockets } = require('./admission.cjs');
const { native, replace, takesPart } = require('./native.cjs');
const { mayKeepOpen } = require('./keep_open.cjs');
const { NOT_OURS, troubled } = require('./requests.cjs');

/** @typedef {import('./native.cjs').Agent} Agent */

/** @type {any} */
const prototype = http.ClientRequest.prototype;
const { emit: nativeEmit } = prototype;

/**
 * @this {Agent}
 * @param {any} request
 * @param {any} options
 * @param {any[]} legacy
 */
function addRequest(request, options, ...legacy) {
  try {
    if (admits(this, request, options)) {
      // A field that asks for a close counts when the head is made.
      const asks = !request.shouldKeepAlive || request.getHeader('connection') !== undefined;
      request[observe.ASKS] = asks && mayKeepOpen(request, options);
    }
  } catch (error) {
    guard.fault('addRequest', error);
  }
  return native.addRequest.call(this, request, options, ...legacy);
}

/** @this {Agent} */
function destroy() {
  try {
    if (takesPart(this) && !leavesSockets(this)) {
      idle.review((connection) => (connection.owner === this ? 'destroyed' : null));
    }
  } catch (error) {
    guard.fault('destroy', error);
  }
  return native.destroy.call(this);
}

/**
 * @this {any}
 * @param {string | symbol} event
 * @param {any} argument
 */
function emit(event, argument) {
  try {
    if (event === 'socket') {
      if (this[NOT_OURS] !== 'runtime-api') observe.attached(this, argument);
    } else if (event === 'response') {
      observe.answered(this, argument);
    } else if (event === 'error' && this.agent) {
      troubled.add(this.agent);
    }
  } catch (error) {
    guard.fault('request', error);
  }
  return nativeEmit.apply(this, arguments);
}

/** Put our methods in place of Node's. */
function install() {
  observe.install();
  const createConnection = opening.connecting(native.createConnection);
  const ours = { addRequest, createConnection, createSocket: opening.createSocket, destroy };
  for (const [name, method] of Object.entries(ours)) replace(http.Agent.prototype, name, method);
  prototype.emit = emit;
}

module.exports = { install };
