'use strict';

/**
 * Mode `observe` for undici, `fetch` included: says which connections mode `on` would have had already, and changes nothing.
 *
 * Mode `on` has one lasting agent for all that share an identity. Here is what that would hold idle: each request takes from
 * there what it would have been given, and gives it back when its response is read. A connection that is opened for a
 * request which would have been given one is counted as spared. Seams: `dispatch`, and the channels that every copy of
 * undici writes to.
 */

const { subscribe } = require('diagnostics_channel');
const config = require('./config.cjs').current;
const connections = require('./undici_connections.cjs');
const dispatchers = require('./dispatchers.cjs');
const guard = require('./guard.cjs');
const misses = require('./misses.cjs');
const stats = require('./stats.cjs');
const { Instant } = require('./connection.cjs');
const { hintedTimeout, limitOf } = require('./idle_limits.cjs');

/** undici leaves a server so much of the time that it announces (lib/dispatcher/client.js, keepAliveTimeoutThreshold). */
const HINT_MARGIN_MS = 2000;
// As the agents of mode `on`: those with a function of their own per call must not pile up.
const MAX_PLACES = 50;

/** @typedef {{ since: Instant, opened: Instant, limit: number }} Idle a connection that mode `on` would hold */
/** @type {Map<string, Idle[]>} By agent's identity and origin, in the order in which they became idle. */
const idle = new Map();
/**
 * What is known of a request: `place` is where its connection would go, `kept` whether it would have been given one, `ends`
 * whether that ends with its response, `limit` for how many milliseconds it may be idle after it.
 * @typedef {{ place: string, origin: string, kept: boolean, opened: Instant, ends: boolean, limit: number }} Course
 */
/** @type {WeakMap<object, Course>} */
const courses = new WeakMap();
/** @type {WeakMap<object, number>} How long it took to open connections that carry nothing yet. */
const times = new WeakMap();
/** @type {WeakMap<object, boolean>} Agents, and whether they had no connections when they were seen first. */
const seen = new WeakMap();
/** @type {{ key: string, origin: string } | null} The agent and origin of the request that is being dispatched. */
let dispatched = null;

/**
 * @param {Function} original
 * @param {object} base
 */
function watching(original, base) {
  /** @this {any} @param {any} options @param {any[]} rest */
  return function dispatch(options, ...rest) {
    const outer = dispatched;
    try {
      const key = dispatchers.identify(this, base, options);
      if (key !== undefined) {
        if (!seen.has(this)) seen.set(this, connections.field(this, 'clients').size === 0);
        const origin = connections.originOf(new URL(String(options.origin)));
        dispatched = seen.get(this) ? { key, origin } : null;
      }
    } catch (error) {
      guard.fault('dispatch', error);
    }
    try {
      return original.call(this, options, ...rest);
    } finally {
      dispatched = outer;
    }
  };
}

/** @param {any} message */
function created({ request }) {
  if (dispatched === null) return;
  const { key, origin } = dispatched;
  const place = `${key} ${origin}`;
  if (idle.size >= MAX_PLACES && !idle.has(place)) return;
  const found = taken(place, origin);
  const opened = found?.opened ?? new Instant();
  courses.set(request, { place, origin, kept: found !== undefined, opened, ends: Boolean(request.reset), limit: Infinity });
}

/** @param {string} place @param {string} origin @returns {Idle | undefined} the last that became idle and is good */
function taken(place, origin) {
  const now = new Instant();
  const good = (idle.get(place) ?? []).filter(({ since, opened, limit }) => {
    const waited = since.elapsed(now);
    const age = opened.elapsed(now);
    const most = Math.min(limit, limitOf(origin, now, null));
    return waited >= 0 && waited < most && age >= 0 && age < config.maxLifetime * 1000;
  });
  const found = good.pop();
  idle.set(place, good);
  return found;
}

/** @param {any} facts @param {number} milliseconds */
function opened(facts, milliseconds) {
  times.set(facts, milliseconds);
}

/** @param {any} facts @param {any} request */
function sent(facts, request) {
  const milliseconds = times.get(facts);
  if (milliseconds === undefined) return;
  times.delete(facts);
  misses.opened(facts.origin, null, null, milliseconds, courses.get(request)?.kept);
}

/** The head of a response is here: does its connection end with it (RFC 9112, 6.3 and 9.3)? @param {any} message */
function answered({ request, response }) {
  const course = courses.get(request);
  if (course === undefined) return;
  let framed = request.method === 'HEAD' || response.statusCode === 204 || response.statusCode === 304;
  for (let at = 0; at < response.headers.length; at += 2) {
    const name = String(response.headers[at]).toLowerCase();
    const value = String(response.headers[at + 1]);
    if (name === 'content-length' || name === 'transfer-encoding') framed = true;
    else if (name === 'connection' && /close/i.test(value)) course.ends = true;
    else if (name === 'keep-alive') course.limit = (hintedTimeout(value) ?? Infinity) * 1000 - HINT_MARGIN_MS;
  }
  if (!framed) course.ends = true;
}

/** @param {any} message */
function ended({ request }) {
  const course = courses.get(request);
  if (course === undefined || course.ends || course.limit <= 0) return;
  courses.delete(request);
  const { limit, opened: since, place } = course;
  idle.get(place)?.push({ since: new Instant(), opened: since, limit });
}

function install() {
  Object.assign(connections.policy, { opened, sent });
  subscribe('undici:request:create', guard.shielded('undici', created));
  subscribe('undici:request:headers', guard.shielded('undici', answered));
  subscribe('undici:request:trailers', guard.shielded('undici', ended));
  dispatchers.install(watching);
  stats.idleCounts.length = 0; // They would be idle in mode `on`.
}

module.exports = { install };
