'use strict';

/**
 * The look around after a freeze: what has expired is closed, and what the peer has closed is noticed, before a request
 * takes a kept connection.
 *
 * A frozen sandbox runs no timers and reads no sockets. When it is thawed, the request to come and the FIN that came
 * meanwhile are reported by the same poll of the event loop, in any order. So the first request of an invocation, and
 * any request after a gap, waits for one turn of the loop: what was there to be read has been read by then.
 */

const idle = require('./idle.cjs');
const runtime = require('./runtime.cjs');
const { Instant } = require('./connection.cjs');

// A running loop has read a FIN long before. One turn costs 20 us (reference measurement), a connection that is gone
// costs the request: the gap may be short.
const GAP_MS = 100;

let last = 0;
let generation = -1;
let waiting = 0;
/** @type {(() => void)[]} What else there is to look at. */
const reviews = [];

/**
 * Have `go` called after a look around, if one is due or under way.
 * @param {() => void} go
 * @returns {boolean} whether it will be; if not, the caller goes on by itself
 */
function settle(go) {
  const wall = Date.now();
  const due = generation !== runtime.generation() || wall - last > GAP_MS || wall < last;
  last = wall;
  if (!due && waiting === 0) return false;
  generation = runtime.generation();
  waiting += 1;
  setImmediate(() => {
    waiting -= 1;
    const now = new Instant();
    idle.review((connection) => connection.expired(now));
    for (const review of reviews) review();
    go();
  });
  return true;
}

module.exports = { reviews, settle };
