'use strict';

/**
 * Counts what happens to connections, by invocation and by origin. Calls nobody but its listener.
 *
 * Each thread counts for itself. Where several invocations run at once in one thread, `current` finds the one to which
 * an event belongs; all else belongs to the one that is running, and what happened while the module was loaded to the
 * first one.
 */

// Beyond this many origins the rest is counted under one name: a crawler must not make the process grow.
const MAX_ORIGINS = 200;
const OTHER_ORIGINS = 'other';

/** Counters of one origin (scheme://host:port) in one invocation; `connectMs` is the sum over `opened`. */
class Origin {
  constructor() {
    this.requests = 0;
    this.opened = 0;
    this.reused = 0;
    this.stale = 0;
    this.connectMs = 0;
  }
}

/**
 * Counters of one invocation. `savedMs` is an estimate: each reuse counts as one mean connect of that origin. `spared` are
 * connections that mode `observe` saw opened and mode `on` would not have.
 */
class Invocation {
  constructor() {
    /** @type {Map<string, Origin>} */
    this.origins = new Map();
    /** @type {Map<string, number>} */
    this.discarded = new Map();
    /** @type {Map<string, number>} */
    this.notReused = new Map();
    this.connectErrors = 0;
    this.tlsHandshakes = 0;
    this.replayed = 0;
    this.savedMs = 0;
    this.spared = 0;
    this.sparedMs = 0;
    this.announced = false; // Whether the first request was told to the listener.
  }

  /**
   * The counters of one origin.
   * @param {string} name
   */
  origin(name) {
    let origin = this.origins.get(name);
    if (origin === undefined) {
      const room = this.origins.size < MAX_ORIGINS;
      origin = (room ? undefined : this.origins.get(OTHER_ORIGINS)) ?? new Origin();
      this.origins.set(room ? name : OTHER_ORIGINS, origin);
    }
    return origin;
  }

  /**
   * The sum of one counter over all origins.
   * @param {keyof Origin} counter
   */
  total(counter) {
    let sum = 0;
    for (const origin of this.origins.values()) sum += origin[counter];
    return sum;
  }
}

const stats = {
  /** @type {Invocation} The invocation that is running, or that comes next. */
  running: new Invocation(),
  /** @type {() => Invocation} The one to which an event of this moment belongs. */
  current: () => stats.running,
  /** @type {() => void} Called after an event worth a checkpoint: the first request, an opened or stale connection. */
  notable: () => {},
  /** @type {(() => number)[]} Who knows how many connections are idle. */
  idleCounts: [],
  /** @type {((origin: string) => number) | null} For how many seconds a connection to an origin may be idle. */
  idleLimit: null,
};

// Mean connect time per origin over the life of the thread.
/** @type {Map<string, { sum: number, count: number }>} */
const connects = new Map();

/**
 * A request is sent to the origin, on a connection that carried one before (`reused`) or not.
 * @param {string} name
 * @param {boolean} reused
 */
function request(name, reused) {
  const invocation = stats.current();
  const origin = invocation.origin(name);
  origin.requests += 1;
  if (reused) {
    origin.reused += 1;
    const known = connects.get(name);
    if (known !== undefined) invocation.savedMs += known.sum / known.count;
  }
  if (!invocation.announced) {
    invocation.announced = true;
    stats.notable();
  }
}

/**
 * A connection to the origin was opened; the time covers name lookup, TCP and TLS.
 * @param {string} name
 * @param {number} milliseconds
 * @param {boolean} tls
 */
function opened(name, milliseconds, tls) {
  const invocation = stats.current();
  const origin = invocation.origin(name);
  origin.opened += 1;
  origin.connectMs += milliseconds;
  invocation.tlsHandshakes += Number(tls);
  const known = connects.get(name);
  if (known !== undefined) {
    known.sum += milliseconds;
    known.count += 1;
  } else if (connects.size < MAX_ORIGINS) {
    connects.set(name, { sum: milliseconds, count: 1 });
  }
  stats.notable();
}

/**
 * A connection that was opened would have been there already.
 * @param {number} milliseconds
 */
function spared(milliseconds) {
  const invocation = stats.current();
  invocation.spared += 1;
  invocation.sparedMs += milliseconds;
}

/**
 * A connection could not be opened.
 * @param {string} name
 */
function connectError(name) {
  const invocation = stats.current();
  invocation.origin(name);
  invocation.connectErrors += 1;
}

/** @param {Map<string, number>} counts @param {string} reason */
function add(counts, reason) {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}

/**
 * A connection had to be opened because of `reason`.
 * @param {string} reason
 */
function notReused(reason) {
  add(stats.current().notReused, reason);
}

/**
 * A kept connection was given up for `reason`; "stale" means that the peer was first.
 * @param {string} name
 * @param {string} reason
 */
function discarded(name, reason) {
  const invocation = stats.current();
  add(invocation.discarded, reason);
  if (reason !== 'stale') return;
  invocation.origin(name).stale += 1;
  stats.notable();
}

/** A request was sent once more, since the first connection failed before it answered. */
function replayed() {
  stats.current().replayed += 1;
}

/** Idle connections of this thread, whoever keeps them. */
function idleCount() {
  return stats.idleCounts.reduce((sum, count) => sum + count(), 0);
}

module.exports = Object.assign(stats, {
  Invocation, connectError, discarded, idleCount, notReused, opened, replayed, request, spared,
});
