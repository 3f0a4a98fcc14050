'use strict';

/**
 * The idle connections of this thread, found by their identity, wherever they are parked.
 *
 * Each stays a free socket of the agent that used it last, so that Node's own guards and limits go on to hold; here any
 * other agent finds it. Newest first, so that surplus ones age out.
 */

const { clearTimeout, setTimeout } = require('timers'); // Whoever replaces the global ones has no business with ours.
const config = require('./config.cjs').current;
const guard = require('./guard.cjs');
const misses = require('./misses.cjs');
const stats = require('./stats.cjs');
const { Instant } = require('./connection.cjs');

/** @typedef {import('./connection.cjs').Connection} Connection */

/**
 * All that are open and may be shared, idle or not. They are searched one by one, and only when there is cause: a sandbox
 * has 1024 descriptors, most functions a handful of connections, and every call would pay for an index.
 * @type {Set<Connection>}
 */
const open = new Set();
let count = 0;

// Node's timers count milliseconds in 32 bits.
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** @type {NodeJS.Timeout | null} One for all: a timer of each socket would be set and cleared by each request. */
let timer = null;
let due = Infinity; // When it goes off, by the monotonic clock.

/**
 * Know a connection from now on, until it is closed.
 * @param {Connection} connection
 */
function add(connection) {
  open.add(connection);
}

/**
 * A connection is closed.
 * @param {Connection} connection
 * @returns {boolean} whether it was idle
 */
function forget(connection) {
  open.delete(connection);
  return remove(connection);
}

/**
 * Offer a connection that its agent has just parked; others make room for it if there are too many.
 *
 * The limits are for what agents leave behind: those of the agent that parks are its own affair.
 * @param {Connection} connection
 */
function park(connection) {
  connection.idle = true;
  count += 1;
  const end = endOf(connection);
  if (end < due) wakeAt(end);
  if (count > config.maxIdlePerHost) {
    const peers = oldestFirst(({ origin }) => origin === connection.origin);
    if (peers.length > config.maxIdlePerHost) crowdOut(peers, connection);
  }
  if (count > config.maxIdle) crowdOut(oldestFirst(() => true), connection);
}

/** By the monotonic clock. @param {Connection} connection */
function endOf(connection) {
  return endsItself(connection) ? Infinity : connection.idleSince.monotonic + connection.limit;
}

/**
 * Whether a connection has a timer of its agent's, which tells who listens for 'timeout' that it ends.
 * @param {Connection} connection
 */
function endsItself({ socket, limit }) {
  return Boolean(socket.timeout) && Number(socket.timeout) <= limit;
}

/**
 * Have the idle connections looked through at this time, by the monotonic clock.
 * @param {number} end
 */
function wakeAt(end) {
  if (timer !== null) clearTimeout(timer);
  due = end;
  timer = setTimeout(expire, Math.min(end - performance.now(), LONGEST_TIMER_MS)).unref();
}

/** Close what has been idle too long, and see when the next one will have been. */
const expire = guard.shielded('idle limits', () => {
  timer = null;
  due = Infinity;
  const now = new Instant();
  review((connection) => (endsItself(connection) ? null : connection.expired(now)));
  let first = Infinity;
  for (const connection of open) if (connection.idle) first = Math.min(first, endOf(connection));
  if (first < due) wakeAt(first);
});

/**
 * The idle ones that belong, in the order in which they became idle.
 * @param {(connection: Connection) => boolean} belongs
 */
function oldestFirst(belongs) {
  const found = [...open].filter((connection) => connection.idle && belongs(connection));
  return found.sort((one, other) => one.idleSince.monotonic - other.idleSince.monotonic);
}

/** @param {Connection[]} crowd @param {Connection} newest */
function crowdOut(crowd, newest) {
  const oldest = crowd.find((connection) => connection.owner !== newest.owner);
  if (oldest !== undefined) discard(oldest, 'overflow');
}

/**
 * The idle connection with this key that became so last, or nothing. It is still its agent's free socket.
 * @param {string} key
 */
function find(key) {
  let newest;
  for (const connection of open) {
    if (!connection.idle || connection.key !== key) continue;
    if (newest === undefined || connection.idleSince.monotonic >= newest.idleSince.monotonic) newest = connection;
  }
  return newest;
}

/**
 * A connection is idle no more; harmless if it was not.
 * @param {Connection} connection
 * @returns {boolean} whether it was
 */
function remove(connection) {
  if (!connection.idle) return false;
  connection.idle = false;
  count -= 1;
  return true;
}

/**
 * Take a connection out of its agent's free sockets, so that nobody else finds it there.
 * @param {Connection} connection
 */
function unpark(connection) {
  remove(connection);
  const free = /** @type {any} */ (connection.owner)?.freeSockets;
  const sockets = free?.[connection.name];
  const at = sockets === undefined ? -1 : sockets.indexOf(connection.socket);
  if (at < 0) return;
  sockets.splice(at, 1);
  if (sockets.length === 0) delete free[connection.name];
}

/**
 * Close an idle connection of ours.
 * @param {Connection} connection
 * @param {string} reason
 */
function discard(connection, reason) {
  unpark(connection);
  connection.fate = reason;
  misses.discarded(connection, reason);
  connection.socket.destroy();
}

/**
 * Close the idle connections for which the judge names a reason.
 * @param {(connection: Connection) => string | null} judge
 */
function review(judge) {
  for (const connection of open) {
    if (!connection.idle) continue;
    const reason = judge(connection);
    if (reason !== null) discard(connection, reason);
  }
}

stats.idleCounts.push(() => count);

module.exports = { add, discard, find, forget, open, park, remove, review, unpark };
