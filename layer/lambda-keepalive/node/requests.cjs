'use strict';

/**
 * What the layer does with single requests: counts them, and sends one again whose reused connection failed before a byte of
 * the response came.
 *
 * Seam: `ClientRequest.prototype.emit`, since every request is told by events which socket it has and what became of it
 * (lib/_http_client.js of Node 20, 22 and 24).
 */

const http = require('http');
const config = require('./config.cjs').current;
const guard = require('./guard.cjs');
const idle = require('./idle.cjs');
const misses = require('./misses.cjs');
const stats = require('./stats.cjs');
const unread = require('./unread.cjs');
const { mayRepeat } = require('./repeatable.cjs');
const { isEnding } = require('./thaw.cjs');
const { CONNECTION, Connection } = require('./connection.cjs');

const NOT_OURS = Symbol('keepalive.notOurs');
const OPTIONS = Symbol('keepalive.options');
const REPLAY = Symbol('keepalive.replay');

/** @type {any} */
const prototype = http.ClientRequest.prototype;
const native = { destroy: prototype.destroy, emit: prototype.emit };

// They authenticate the connection, not the request (RFC 4559).
const BOUND_CREDENTIALS = /(?:^|,)\s*(?:ntlm|negotiate)\b/i;

/** @type {WeakSet<object>} Agents that met an error. */
const troubled = new WeakSet();

/**
 * Whether the connection may be parked for others after this exchange. One that carries credentials never may again.
 * @param {any} request
 * @param {Connection} connection
 */
function mayShare(request, connection) {
  const headers = request.res?.headers;
  const bound = areBound(request.getHeader('authorization')) || areBound(request.getHeader('proxy-authorization')) ||
    areBound(headers?.['www-authenticate']) || areBound(headers?.['proxy-authenticate']);
  if (!bound) return true;
  connection.key = null;
  misses.discarded(connection, 'credentials');
  return false;
}

/** @param {any} field of a head @returns {boolean} whether it belongs to credentials for the whole connection */
function areBound(field) {
  return field !== undefined && BOUND_CREDENTIALS.test(String(field));
}

/**
 * A request has got its socket and is about to write to it.
 * @param {any} request
 * @param {any} socket
 */
function attached(request, socket) {
  if (request[NOT_OURS] === 'runtime-api') return;
  const connection = socket[CONNECTION] ?? new Connection(socket, null, originOf(request, socket));
  const reused = connection.requests > 0;
  connection.requests += 1;
  connection.seen = socket.bytesRead;
  if (request[REPLAY] !== undefined) return; // Sent once more, it counts once.
  stats.request(connection.origin, reused);
  if (!reused || !config.replay || request[OPTIONS] === undefined || !canRepeat(request)) return;
  // Whole and not yet written: what has been written is gone from there, also from the entries.
  request[REPLAY] = {
    output: request.outputData.map(copy), size: request.outputSize, used: false, finished: false,
  };
}

/** @param {any} entry */
function copy({ data, encoding, callback }) {
  return { data, encoding, callback };
}

/** @param {any} request @param {any} socket */
function originOf(request, socket) {
  return `${request.protocol}//${request.host}:${socket.remotePort ?? ''}`;
}

/** @param {any} request */
function canRepeat(request) {
  return request.finished && request.outputData.length > 0 &&
    mayRepeat(request.method, () => request.hasHeader('idempotency-key'));
}

/**
 * Whether an error is that of a reused connection which the peer had given up before it answered, and not of our own
 * making: a time-out, an abort.
 * @param {any} request
 * @param {any} error
 */
function isStale(request, error) {
  const { socket } = request;
  const connection = /** @type {Connection | undefined} */ (socket?.[CONNECTION]);
  if (connection === undefined || connection.requests < 2 || socket.bytesRead !== connection.seen) return false;
  if (request.destroyed || request.aborted || request.res !== null) return false;
  // Without a system call behind it, a reset is Node's word for a close, and who closed shows in the socket.
  return error?.code === 'EPIPE' || (error?.code === 'ECONNRESET' && (error.syscall !== undefined || !socket.destroyed));
}

/**
 * Send the request once more, on a connection that carried none before.
 * @param {any} request
 */
function replay(request) {
  const { agent, socket } = request;
  const connection = /** @type {Connection} */ (socket[CONNECTION]);
  const state = request[REPLAY];
  const { timeout } = socket;
  const timed = request.timeoutCb !== null;
  state.used = true;
  stats.replayed();
  // Equal ones that were idle before are from the same time; a second failure would be the caller's.
  idle.review((other) => (other.key === connection.key ? 'stale' : null));
  socket.emit('agentRemove');
  for (const event of ['close', 'data', 'drain', 'end', 'timeout']) socket.removeAllListeners(event);
  socket.on('error', () => {});
  // Node's own listener, from which we are called, has yet to let go of the socket.
  process.nextTick(() => {
    socket.destroy();
    Object.assign(request, { outputData: state.output, outputSize: state.size, reusedSocket: false, timeoutCb: null });
    if (timed) request.setTimeout(timeout);
    agent.addRequest(request, request[OPTIONS]);
  });
}

/**
 * @this {any}
 * @param {string | symbol} event
 * @param {any} detail the first argument of its listeners
 */
function emit(event, detail) {
  try {
    if (event === 'socket') {
      const again = this[REPLAY] !== undefined;
      attached(this, detail);
      if (again) return true; // Who listens has seen a socket come.
    } else if (event === 'error') {
      if (isStale(this, detail)) {
        const connection = this.socket[CONNECTION];
        connection.fate = 'stale';
        misses.discarded(connection, 'stale');
        if (this[REPLAY] !== undefined && !this[REPLAY].used) {
          replay(this);
          return true;
        }
      }
      if (this.agent) troubled.add(this.agent);
    } else if (event === 'response') {
      unread.came(this, detail);
    } else if (event === 'finish' && this[REPLAY] !== undefined) {
      if (this[REPLAY].finished) return true;
      this[REPLAY].finished = true;
    }
  } catch (error) {
    guard.fault('request', error);
  }
  const heard = native.emit.apply(this, arguments);
  if (event === 'response') tellShown(this, detail);
  return heard;
}

const tellShown = guard.shielded('unread', unread.shown);

/**
 * got destroys each request whose body it has. Over TLS Node may hear only in the next turn that the request had been
 * written: until then that would close a connection on which the exchange is over. It gets this one turn.
 * @this {any}
 * @param {any} [error]
 */
function destroy(error) {
  const { socket } = this;
  const isOver = guard.shielded('destroy', () => socket?._httpMessage === this && isEnding(socket));
  if (error !== undefined || this.destroyed || !isOver()) return native.destroy.call(this, error);
  const revive = () => void (this.destroyed = false); // Node 22 and newer free no socket of a destroyed request.
  this.destroyed = true;
  this.prependOnceListener('finish', revive);
  setImmediate(() => {
    this.removeListener('finish', revive);
    if (socket._httpMessage !== this || this.writableFinished) return;
    this.destroyed = false;
    native.destroy.call(this);
  });
  return this;
}

/** Put our methods in place of Node's. */
function install() {
  Object.assign(prototype, { destroy, emit });
}

module.exports = { NOT_OURS, OPTIONS, install, mayShare, originOf, troubled };
