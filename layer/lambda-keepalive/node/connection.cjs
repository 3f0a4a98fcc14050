'use strict';

/**
 * What the layer knows of one open connection, whoever uses it at the moment, and how long it may stay idle.
 *
 * Agents and requests come and go; a `Connection` lives as long as its socket, which carries it under `CONNECTION`.
 */

const config = require('./config.cjs').current;
const { hinted, hintedTimeout, limitOf } = require('./idle_limits.cjs');

const CONNECTION = Symbol('keepalive.connection');

// NTP steps the wall clock by less than this in ordinary operation (it slews below 128 ms); more is a clock to distrust.
const CLOCK_TOLERANCE_MS = 1000;

// Connections opened together shall not all end together: up to a tenth of the lifetime less.
const LIFETIME_JITTER = 0.1;

/** A moment by both clocks: one of them may lie. */
class Instant {
  constructor() {
    this.monotonic = performance.now();
    this.wall = Date.now();
  }

  /**
   * Milliseconds from here to `until`: the larger of what both clocks say, or -1 if one of them went backwards.
   *
   * Timers do not run while a sandbox is frozen, and after a SnapStart restore the monotonic clock lies; the wall clock
   * can be set. Neither is trusted alone.
   * @param {Instant} until
   */
  elapsed(until) {
    const monotonic = until.monotonic - this.monotonic;
    const wall = until.wall - this.wall;
    return monotonic < 0 || wall < -CLOCK_TOLERANCE_MS ? -1 : Math.max(monotonic, wall);
  }
}

/**
 * One TCP (and TLS) connection.
 *
 * `key` is its transport identity, null for a connection that is never shared; `owner` the agent whose free socket it
 * is while it is idle, under `name`; `limit` how long it may stay idle this time, in milliseconds; `seen` the bytes that
 * had arrived before the request that is on it.
 */
class Connection {
  /**
   * @param {import('net').Socket} socket
   * @param {string | null} key
   * @param {string} origin scheme://host:port as dialled, for statistics and limits
   */
  constructor(socket, key, origin) {
    this.socket = socket;
    this.key = key;
    this.origin = origin;
    this.requests = 0;
    this.opened = new Instant();
    this.lifetime = config.maxLifetime * 1000 * (1 - LIFETIME_JITTER * Math.random());
    this.idle = false; // Written by idle.cjs.
    this.idleSince = this.opened;
    this.limit = 0;
    this.seen = 0;
    /** @type {import('http').Agent | null} */
    this.owner = null;
    this.name = '';
    /** @type {string | null} Why it is being closed, if we are the ones. */
    this.fate = null;
    /** @type {any} */ (socket)[CONNECTION] = this;
  }

  /**
   * How many milliseconds it may stay idle from now on, after this response; a reason if not at all.
   * @param {import('http').IncomingMessage | null | undefined} response
   * @param {Instant} now
   * @returns {number | string}
   */
  mayStay(response, now) {
    if (this.requests >= config.maxRequests) return 'requests';
    const age = this.opened.elapsed(now);
    if (age < 0) return 'clock';
    if (age >= this.lifetime) return 'lifetime';
    const hint = hintedTimeout(response?.headers['keep-alive']);
    hinted(this.origin, hint);
    return Math.min(limitOf(this.origin, now, hint), this.lifetime - age);
  }

  /**
   * Why it is too old to be used again; null if it is not. Asked where timers may not have run.
   * @param {Instant} now
   */
  expired(now) {
    const idle = this.idleSince.elapsed(now);
    if (idle < 0) return 'clock';
    return idle >= Math.min(this.limit, limitOf(this.origin, now, null)) ? 'idle' : null;
  }
}

module.exports = { CONNECTION, Connection, Instant };
