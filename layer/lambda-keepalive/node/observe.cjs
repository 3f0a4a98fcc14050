'use strict';

/**
 * Mode `observe`: what becomes of the connections of agents, and which of them mode `on` would have had already. Nothing is
 * kept, handed over or closed here.
 *
 * A `Connection` goes on after its socket as long as mode `on` would keep it, as one of `idle`, without a socket. Who opens
 * one with the same identity is counted as one who would have had that, and his socket is taken for it from then on.
 */

const guard = require('./guard.cjs');
const idle = require('./idle.cjs');
const misses = require('./misses.cjs');
const opening = require('./opening.cjs');
const stats = require('./stats.cjs');
const { CONNECTION, Connection, Instant } = require('./connection.cjs');
const { takesPart } = require('./native.cjs');
const { mayShare, originOf } = require('./requests.cjs');
const { ownLimit } = require('./parking.cjs');

/** On a request that asks for a close, which mode `on` would have kept from asking. */
const ASKS = Symbol('keepalive.asks');

/** @type {WeakMap<Connection, any>} The socket that stands for a connection at the moment. */
const sockets = new WeakMap();
/** @type {WeakMap<Connection, any>} The request that is on a connection. */
const requests = new WeakMap();
/** @type {WeakSet<Connection>} Those whose socket is going to be closed though nobody wants it. */
const asked = new WeakSet();
/** @type {WeakSet<Connection>} In the place of those that mode `on` would have taken from their agents, idle ever since. */
const lent = new WeakSet();
/** @type {WeakSet<object>} Sockets that carried a request. */
const used = new WeakSet();

/**
 * Let a socket, which belongs to its agent alone, stand for a connection.
 * @param {Connection} connection
 * @param {any} socket
 */
function standFor(connection, socket) {
  socket[CONNECTION] = connection;
  connection.socket = /** @type {any} */ ({ destroyed: false, writable: true, destroy: () => idle.forget(connection) });
  sockets.set(connection, socket);
}

/**
 * An agent is about to open a connection: what mode `on` would take instead.
 * @param {import('./opening.cjs').Plan} plan
 * @param {string} key
 */
function find(plan, key) {
  plan.kept = take(key);
}

/** @param {string} key @returns {Connection | null} */
function take(key) {
  const connection = opening.takeUsable(key) ?? arrived(key);
  if (connection === undefined) return null;
  idle.remove(connection);
  requests.delete(connection);
  const socket = sockets.get(connection);
  if (socket !== undefined && !socket.destroyed) {
    const rest = new Connection(socket, connection.key, connection.origin);
    standFor(rest, socket);
    lent.add(rest);
  }
  return connection;
}

/**
 * A connection whose response is all but read: mode `on` would wait for it some turns of the event loop.
 * @param {string} key
 */
function arrived(key) {
  for (const connection of idle.open) {
    const request = connection.idle || connection.key !== key ? undefined : requests.get(connection);
    if (request !== undefined && isBeingRead(request.res) && typeof verdict(request, connection) === 'number') {
      return connection;
    }
  }
  return undefined;
}

/** @param {any} response @returns {boolean} whether it is here as a whole, and its end will be noticed at once */
function isBeingRead(response) {
  if (!response?.complete || response.destroyed) return false;
  return response.readableFlowing === true || (response.readableFlowing === false && response.readableLength === 0);
}

/**
 * A socket is being opened.
 * @param {Connection} connection
 * @param {import('./opening.cjs').Plan | null} plan
 */
function begun(connection, plan) {
  const kept = plan?.kept ?? connection;
  standFor(kept, connection.socket);
  if (kept.key !== null) idle.add(kept);
}

/**
 * A request has got its socket and is about to write to it.
 * @param {any} request
 * @param {any} socket
 */
function attached(request, socket) {
  let connection = /** @type {Connection} */ (socket[CONNECTION] ?? new Connection(socket, null, originOf(request, socket)));
  if (lent.delete(connection)) {
    // Mode `on` would have to find this agent another one.
    const other = take(/** @type {string} */ (connection.key));
    if (other !== null) standFor((connection = other), socket);
  }
  idle.remove(connection);
  if (connection.key !== null) idle.add(connection);
  stats.request(connection.origin, used.has(socket));
  used.add(socket);
  connection.requests += 1;
  requests.set(connection, request);
}

/**
 * The head of a response is here; its end is the end of the exchange.
 * @param {any} request
 * @param {any} response
 */
function answered(request, response) {
  const { socket } = request;
  response.prependOnceListener('end', guard.shielded('end of the response', () => ended(request, socket)));
}

/** @param {any} request @param {any} socket */
function ended(request, socket) {
  const connection = /** @type {Connection | undefined} */ (socket?.[CONNECTION]);
  if (connection === undefined || requests.get(connection) !== request) return;
  requests.delete(connection);
  const limit = verdict(request, connection);
  if (typeof limit === 'number') {
    connection.limit = limit;
    connection.owner = request.agent;
    connection.idleSince = new Instant();
    if (request[ASKS]) asked.add(connection);
    idle.park(connection);
  } else {
    idle.forget(connection);
    if (limit !== null) misses.discarded(connection, limit);
  }
}

/**
 * For how many milliseconds mode `on` would keep a connection after this exchange; or why it would not, if it says so.
 * @param {any} request
 * @param {Connection} connection
 * @returns {number | string | null}
 */
function verdict(request, connection) {
  const { agent, res } = request;
  const lasts = request[ASKS] ? endsByItself(request, res) : request.shouldKeepAlive;
  if (connection.key === null || !lasts || !takesPart(agent) || !mayShare(request, connection)) return null;
  const stay = connection.mayStay(res, new Instant());
  return typeof stay === 'number' ? Math.min(stay, ownLimit(agent)) : stay;
}

/**
 * Whether a response needs no close of the connection to end (RFC 9112, 6.3), in a version that keeps connections. Whether
 * the peer would have kept this one, had it not been asked to close, is taken for granted.
 * @param {any} request
 * @param {any} response
 */
function endsByItself({ method }, { headers, httpVersion, statusCode }) {
  if (httpVersion !== '1.1') return false;
  if (method === 'HEAD' || statusCode === 204 || statusCode === 304) return true;
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/**
 * A socket is closed: by its agent or a timer of its own, if not by the peer.
 * @param {Connection} _
 * @param {any} socket
 */
function closed(_, socket) {
  const connection = /** @type {Connection} */ (socket[CONNECTION]);
  if (sockets.get(connection) !== socket) return; // Another one stands for it.
  if (connection.idle) {
    const hungUp = socket.errored !== null || socket.readableEnded;
    if (hungUp && !asked.has(connection)) {
      idle.forget(connection);
      misses.discarded(connection, 'stale');
    }
  } else if (!requests.get(connection)?.res?.complete) {
    idle.forget(connection); // Else the response is here, and being read.
  }
}

/** Count and foretell what is opened from now on. */
function install() {
  Object.assign(opening.policy, { find, begun, closed });
  stats.idleCounts.length = 0; // They would be idle in mode `on`.
}

module.exports = { ASKS, answered, attached, install };
