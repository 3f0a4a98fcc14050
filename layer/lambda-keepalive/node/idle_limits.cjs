'use strict';

/**
 * How long each origin lets a connection be idle: by its own word, and by when it was seen to hang up.
 *
 * A word (`Keep-Alive: timeout=`) holds until the next one. A hang-up is no word: the server may just have been
 * restarted. So what follows from it fades: the limit doubles after each holding time, and the holding time doubles
 * with each hang-up that comes before the last one is forgotten (docs/decisions/0012, with the reasons of the numbers;
 * pool/idle_limits.py does the same in Python).
 *
 * Knows no socket; the time is passed in.
 */

const config = require('./config.cjs').current;

/** @typedef {import('./connection.cjs').Instant} Instant */

// The server may close at the second sharp; the request needs some time to arrive. Node's own agents leave the same
// second (lib/_http_agent.js, HTTP_AGENT_KEEP_ALIVE_TIMEOUT_BUFFER). Of a hint of one or two seconds half is left.
const HINT_MARGIN_MS = 1000;

// No server is known to hang up by plan after less. It is also the least that a hang-up leaves of the limit.
const SHORTEST_MS = 1000;

// Of the pause after which the connection was found dead: the server hung up somewhere in it, half-way on average. A
// little more than half, so that one doubling allows the same pause again.
const SHARE = 0.6;

// The limit first holds for two pauses like that one, but for a minute at least, and in the end for an hour.
const PAUSES = 2;
const FIRST_HOLDING_MS = 60_000;
const LONGEST_HOLDING_MS = 3_600_000;

// After so many holding times a hang-up is forgotten: the limit has grown a thousandfold, from one second to beyond any.
const DOUBLINGS = 10;

// As many as the statistics name; forgetting costs one connection found dead.
const MAX_ORIGINS = 200;

/**
 * What follows from the hang-ups of an origin: milliseconds that connections may be idle for at first, when the last one
 * was found, and milliseconds until the limit doubles.
 * @typedef {{ limit: number, since: Instant, holding: number }} HangUp
 */
/** @type {Map<string, HangUp>} By origin. */
const hangUps = new Map();

/** @type {Map<string, number>} The last word of each origin, in seconds. */
const hints = new Map();

/** Servers say the same again and again. @type {{ value: any, seconds: number | null }} */
let lastHint = { value: undefined, seconds: null };

/**
 * A server of this origin said for how many seconds it keeps idle connections, or (null) did not say.
 * @param {string} origin
 * @param {number | null} seconds
 */
function hinted(origin, seconds) {
  if (seconds === null) {
    if (hints.size > 0) hints.delete(origin);
    return;
  }
  if (hints.size >= MAX_ORIGINS && !hints.has(origin)) hints.clear();
  hints.set(origin, seconds);
}

/**
 * Seconds from `Keep-Alive: timeout=5, max=100`; null without a usable hint (RFC 2068, 19.7.1; still what servers send).
 * @param {string | string[] | undefined} value
 */
function hintedTimeout(value) {
  if (value === undefined) return null;
  if (value === lastHint.value) return lastHint.seconds;
  const seconds = /(?:^|,)\s*timeout\s*=\s*"?(\d{1,8})(?!\d)/i.exec(String(value));
  lastHint = { value, seconds: seconds === null ? null : Number(seconds[1]) };
  return lastHint.seconds;
}

/**
 * An idle connection was found closed by its peer.
 * @param {{ origin: string, opened: Instant, idleSince: Instant }} connection
 * @param {Instant} now
 */
function hungUp({ origin, opened, idleSince }, now) {
  const idle = idleSince.elapsed(now);
  if (idle <= SHORTEST_MS) return;
  const fresh = { limit: Math.max(SHORTEST_MS, idle * SHARE), since: now, holding: Math.max(FIRST_HOLDING_MS, idle * PAUSES) };
  if (hangUps.size >= MAX_ORIGINS && !hangUps.has(origin)) hangUps.clear();
  hangUps.set(origin, after(hangUps.get(origin), fresh, opened));
}

/**
 * What is known after one more hang-up.
 * @param {HangUp | undefined} known
 * @param {HangUp} fresh what would follow from it alone
 * @param {Instant} opened when its connection was
 * @returns {HangUp}
 */
function after(known, fresh, opened) {
  if (known === undefined) return fresh;
  // It was open at the last one already: one restart closes many connections, and is one event.
  if (known.since.elapsed(opened) < 0) return { ...known, limit: Math.min(fresh.limit, known.limit) };
  const doublings = countDoublings(known, fresh.since);
  if (doublings === null) return fresh;
  return {
    limit: Math.min(fresh.limit, known.limit * 2 ** doublings), // A kept agent may find one later than the limit allows.
    since: fresh.since,
    holding: Math.min(Math.max(2 * known.holding, fresh.holding), LONGEST_HOLDING_MS),
  };
}

/**
 * Milliseconds that a connection to this origin may be idle.
 * @param {string} origin
 * @param {Instant} now
 * @param {number | null} hint the seconds that its own server has promised; that of the origin, if it is not known
 */
function limitOf(origin, now, hint = hints.get(origin) ?? null) {
  let limit = config.idleTimeout * 1000;
  if (hint !== null) limit = Math.min(limit, Math.max(hint * 1000 - HINT_MARGIN_MS, hint * 500));
  const known = hangUps.size > 0 ? hangUps.get(origin) : undefined;
  if (known === undefined) return limit;
  const doublings = countDoublings(known, now);
  if (doublings !== null) return Math.min(limit, known.limit * 2 ** doublings);
  hangUps.delete(origin);
  return limit;
}

/**
 * How often the limit has doubled; null if it is forgotten, as is one that cannot be dated: a clock went backwards, and no
 * limit shall hold for ever.
 * @param {HangUp} known
 * @param {Instant} now
 */
function countDoublings({ since, holding }, now) {
  const age = since.elapsed(now);
  const doublings = Math.floor(age / holding);
  return age >= 0 && doublings < DOUBLINGS ? doublings : null;
}

module.exports = { hinted, hintedTimeout, hungUp, limitOf };
