'use strict';

/** Why a connection had to be opened: remembers what became of the equal ones, for the statistics and for EXPLAIN. */

const config = require('./config.cjs').current;
const guard = require('./guard.cjs');
const stats = require('./stats.cjs');
const { Instant } = require('./connection.cjs');
const { hungUp, limitOf } = require('./idle_limits.cjs');

/** @typedef {import('./connection.cjs').Connection} Connection */

/** @type {Map<string, string>} What became of the last connection with an identity; origins are in it, too. */
const fates = new Map();
const MAX_FATES = 1000; // Ten times the idle limit; forgetting costs an explanation, nothing else.

/** @param {string} key @param {string} fate */
function remember(key, fate) {
  if (fates.size >= MAX_FATES) fates.clear();
  fates.set(key, fate);
}

/**
 * A connection was given up for `reason`.
 * @param {Connection} connection
 * @param {string} reason
 */
function discarded(connection, reason) {
  const { key, origin, idleSince } = connection;
  if (key !== null) remember(key, reason);
  stats.discarded(origin, reason);
  if (reason !== 'stale') return;
  const now = new Instant();
  hungUp(connection, now);
  if (config.explain) {
    const idle = (idleSince.elapsed(now) / 1000).toFixed(1);
    guard.say(`explain: ${origin} hung up, found after ${idle} s; idle limit ${seconds(limitOf(origin, now))} s`);
  }
}

/** @param {number} milliseconds */
function seconds(milliseconds) {
  return Number((milliseconds / 1000).toPrecision(6));
}

/**
 * A connection has been opened; count and say why it had to be.
 * @param {string} origin
 * @param {string | null} key
 * @param {string | null} refusal the rule by which it is never shared, if there is one
 * @param {number} milliseconds
 * @param {boolean} [spared] whether in mode `on` it would not have been opened
 */
function opened(origin, key, refusal, milliseconds, spared = false) {
  const known = fates.has(origin) ? 'identity' : 'first';
  const reason = spared ? 'observed' : refusal ?? (key === null ? undefined : fates.get(key)) ?? known;
  if (key !== null && refusal === null) {
    remember(key, 'in-use');
    remember(origin, 'in-use');
  }
  if (spared) stats.spared(milliseconds);
  else stats.notReused(reason);
  stats.opened(origin, milliseconds, origin.startsWith('https:'));
  if (config.explain) {
    const limit = refusal === null ? `; idle limit ${seconds(limitOf(origin, new Instant()))} s` : '';
    guard.say(`explain: opened ${origin} in ${milliseconds.toFixed(1)} ms, not reused: ${reason}${limit}`);
  }
}

stats.idleLimit = (origin) => limitOf(origin, new Instant()) / 1000;

module.exports = { discarded, opened };
