'use strict';

/**
 * The idle connections of this thread, found by their identity, wherever they are parked.
 *
 * Each stays a free socket of the agent that used it last, so that Node's own guards and limits go on to hold and an
 * agent that is kept pays nothing; this index lets any other agent find it. Newest first, so that surplus ones age out.
 */

const config = require('./config.cjs').current;
const misses = require('./misses.cjs');
const stats = require('./stats.cjs');

/** @typedef {import('./connection.cjs').Connection} Connection */

/** @type {Map<string, Connection[]>} By key, in the order in which they became idle. */
const byKey = new Map();
/** @type {Map<string, Set<Connection>>} By origin, in the same order. */
const byOrigin = new Map();
/** @type {Set<Connection>} All, in the same order. */
const all = new Set();

/**
 * Index a connection that its agent has just parked; others make room for it if there are too many.
 *
 * The limits are for what agents leave behind: those of the agent that parks are its own affair.
 * @param {Connection} connection
 */
function park(connection) {
  const key = /** @type {string} */ (connection.key);
  const equals = byKey.get(key);
  if (equals === undefined) byKey.set(key, [connection]);
  else equals.push(connection);
  const peers = byOrigin.get(connection.origin);
  if (peers === undefined) byOrigin.set(connection.origin, new Set([connection]));
  else peers.add(connection);
  all.add(connection);
  if (peers !== undefined && peers.size > config.maxIdlePerHost) crowdOut(peers, connection);
  if (all.size > config.maxIdle) crowdOut(all, connection);
}

/** @param {Set<Connection>} crowd @param {Connection} newest */
function crowdOut(crowd, newest) {
  for (const connection of crowd) {
    if (connection.owner === newest.owner) continue;
    discard(connection, 'overflow');
    return;
  }
}

/**
 * Take the newest idle connection with this key out of the index, or nothing. It is still its agent's free socket.
 * @param {string} key
 */
function find(key) {
  return byKey.get(key)?.at(-1);
}

/**
 * Forget a connection that is idle no more; harmless if it is not indexed.
 * @param {Connection} connection
 */
function remove(connection) {
  if (!all.delete(connection)) return false;
  const key = /** @type {string} */ (connection.key);
  const equals = byKey.get(key) ?? [];
  if (equals.length === 1) byKey.delete(key);
  else equals.splice(equals.lastIndexOf(connection), 1);
  const peers = byOrigin.get(connection.origin);
  peers?.delete(connection);
  if (peers?.size === 0) byOrigin.delete(connection.origin);
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
  for (const connection of all) {
    const reason = judge(connection);
    if (reason !== null) discard(connection, reason);
  }
}

stats.idleCounts.push(() => all.size);

module.exports = { discard, find, park, remove, review, unpark };
