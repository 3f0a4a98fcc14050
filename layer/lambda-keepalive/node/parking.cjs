'use strict';

/**
 * Has the idle sockets of all agents parked as free sockets, in the agent that used them last, whatever it was told.
 *
 * Seams (lib/_http_agent.js of Node 20, 22 and 24): `emit('free')`, upon which Node's own code parks or closes a socket,
 * and `reuseSocket`, by which it takes one again.
 */

const guard = require('./guard.cjs');
const idle = require('./idle.cjs');
const misses = require('./misses.cjs');
const { isGlobal, native, takesPart } = require('./native.cjs');
const { mayShare } = require('./requests.cjs');
const { CONNECTION, Instant } = require('./connection.cjs');

/** @typedef {import('./native.cjs').Agent} Agent */
/** @typedef {import('./connection.cjs').Connection} Connection */

/**
 * A socket is free: have it parked, whatever the agent was told, if the connection may be shared.
 * @this {Agent}
 * @param {string | symbol} event
 * @param {any} socket
 * @param {any} options
 */
function emit(event, socket, options) {
  if (event !== 'free') return native.emit.apply(this, arguments);
  const { keepAlive } = this;
  const connection = /** @type {Connection | undefined} */ (socket?.[CONNECTION]);
  let stay = /** @type {number | null} */ (null);
  let now;
  try {
    const request = socket._httpMessage;
    if (connection !== undefined && connection.key !== null && takesPart(this) && request && mayShare(request, connection)) {
      now = new Instant();
      const verdict = connection.mayStay(request.res, now);
      if (typeof verdict === 'number') {
        stay = verdict;
        this.keepAlive = true;
      } else if (request.shouldKeepAlive) {
        request.shouldKeepAlive = false;
        connection.fate = verdict;
        misses.discarded(connection, verdict);
      }
    }
  } catch (error) {
    guard.fault('free', error);
  }
  try {
    return native.emit.apply(this, arguments);
  } finally {
    if (stay !== null) {
      this.keepAlive = keepAlive;
      parked(this, /** @type {Connection} */ (connection), options, stay, /** @type {Instant} */ (now));
    }
  }
}

/**
 * Note where the native code has parked a socket, if it has, and until when.
 * @param {Agent} agent
 * @param {Connection} connection
 * @param {any} options those with which the socket was made
 * @param {number} stay milliseconds
 * @param {Instant} now
 */
function parked(agent, connection, options, stay, now) {
  try {
    const { socket } = connection;
    const name = options._agentKey ?? agent.getName(options);
    if (socket.destroyed || agent.freeSockets[name]?.at(-1) !== socket) return;
    connection.limit = Math.min(stay, ownLimit(agent));
    connection.owner = agent;
    connection.name = name;
    connection.idleSince = now;
    if ((socket.timeout || Infinity) < connection.limit) socket.setTimeout(0); // Not the end of it.
    watch(socket);
    idle.park(connection);
  } catch (error) {
    guard.fault('parking', error);
  }
}

/**
 * A time-out of an agent that keeps its sockets is the user's limit for idle ones, except the 5 s of the global agents.
 * @param {Agent} agent
 * @returns {number} milliseconds
 */
function ownLimit(agent) {
  return agent.keepAlive && !isGlobal(agent) ? agent.options.timeout || Infinity : Infinity;
}

/** Node 22 and newer read free sockets and destroy what says anything (lib/_http_agent.js, freeSocketOnReadGuard). */
const WATCHED = Number(process.versions.node.split('.')[0]) < 22;

/** @this {import('net').Socket} */
function hangUp() {
  const connection = /** @type {any} */ (this)[CONNECTION];
  try {
    if (connection !== undefined) idle.discard(connection, 'stale');
  } catch (error) {
    guard.fault('hang-up', error);
  }
  this.destroy();
}

/** @param {import('net').Socket} socket */
function watch(socket) {
  if (!WATCHED) return;
  socket.on('data', hangUp);
  socket.on('end', hangUp);
}

/**
 * An agent uses a free socket of its own, or gives it to another.
 * @this {Agent}
 * @param {any} socket
 * @param {any} request
 */
function reuseSocket(socket, request) {
  try {
    const connection = /** @type {Connection | undefined} */ (socket[CONNECTION]);
    if (connection !== undefined) {
      idle.remove(connection);
      if (WATCHED) {
        socket.removeListener('data', hangUp);
        socket.removeListener('end', hangUp);
      }
      const timeout = this.options.timeout || 0; // What it had before it was parked by us.
      if (socket.timeout !== timeout) socket.setTimeout(timeout);
    }
  } catch (error) {
    guard.fault('reuseSocket', error);
  }
  return native.reuseSocket.call(this, socket, request);
}

module.exports = { emit, ownLimit, reuseSocket };
