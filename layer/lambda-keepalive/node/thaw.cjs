'use strict';

/**
 * The look around before a request takes a kept connection: what has expired is closed, what the peer has closed is
 * noticed, and what is about to be free is waited for. It takes one turn of the event loop, and is taken only with cause.
 *
 * A frozen sandbox runs no timers and reads no sockets. When it is thawed, the request to come and the FIN that came
 * meanwhile are reported by the same poll of the event loop, in any order. So the first request of an invocation, and
 * any request after a gap, waits for one turn of the loop: what was there to be read has been read by then.
 *
 * A connection whose response has been read to its end is free only when Node has noted that the request had been
 * written (lib/_http_client.js, responseOnEnd), over TLS in the next turn, and never within an 'end' listener. Whoever
 * calls in sequence would find it busy.
 */

const guard = require('./guard.cjs');
const idle = require('./idle.cjs');
const runtime = require('./runtime.cjs');
const stats = require('./stats.cjs');
const { CONNECTION, Instant } = require('./connection.cjs');

// A running loop has read a FIN long before. One turn costs 20 us (reference measurement), a connection that is gone
// costs the request: the gap may be short.
const GAP_MS = 100;

// got has the whole body a turn or two before the response's 'end'. Whoever does not read a response that has arrived
// makes others wait for so long, and no longer.
const MAX_TURNS = 4;

let last = 0;
let generation = -1;
let waiting = 0;
/** @type {(() => void)[]} What else there is to look at. */
const reviews = [];
/** @type {((origin: string) => boolean)[]} Whether a connection to the origin is all but free. */
const nearlyFree = [isOneArrived];

/**
 * Whether the exchange on a socket is over, so that the socket will be free at once.
 * @param {any} socket
 */
function isEnding(socket) {
  const request = socket._httpMessage;
  return Boolean(request?._ended && request.shouldKeepAlive && socket[CONNECTION]?.key);
}

/**
 * Whether a response to this origin has arrived as a whole; whoever reads it may know sooner than its socket.
 * @param {string} origin
 */
function isOneArrived(origin) {
  for (const connection of idle.open) {
    if (connection.idle || connection.origin !== origin) continue;
    const request = /** @type {any} */ (connection.socket)._httpMessage;
    if (request?.res?.complete && request.shouldKeepAlive) return true;
  }
  return false;
}

function countEnding() {
  let count = 0;
  for (const connection of idle.open) if (!connection.idle && isEnding(connection.socket)) count += 1;
  return count;
}

/**
 * Whether a request that is made now has to wait for a look around; asked once for each.
 * @param {string} origin where it is to go
 */
function isDue(origin) {
  const wall = Date.now();
  const gap = wall - last;
  last = wall;
  return waiting > 0 || generation !== runtime.generation() || gap > GAP_MS || gap < 0 || isOneNearlyFree(origin);
}

/** @param {string} origin */
function isOneNearlyFree(origin) {
  for (const expects of nearlyFree) if (expects(origin)) return true;
  return false;
}

/**
 * Have `go` called after a look around.
 * @param {string} origin where the request is to go
 * @param {() => void} go
 */
function settle(origin, go) {
  setImmediate(turn, origin, go, 1);
  generation = runtime.generation();
  waiting += 1;
}

/** @param {string} origin @param {() => void} go @param {number} turns that have passed */
function turn(origin, go, turns) {
  try {
    const now = new Instant();
    idle.review((connection) => connection.expired(now));
    for (const review of reviews) review();
    if (turns < MAX_TURNS && isOneNearlyFree(origin)) {
      setImmediate(turn, origin, go, turns + 1);
      return;
    }
  } catch (error) {
    guard.fault('settle', error);
  }
  waiting -= 1;
  go();
}

stats.idleCounts.push(countEnding);

module.exports = { isDue, isEnding, nearlyFree, reviews, settle };
