'use strict';

/**
 * Hands the counters of each invocation to the extension: one line of ASCII, one non-blocking write to a FIFO that the
 * extension made. The only module that writes anything; docs/record.md has the format.
 *
 * No reader, a full pipe, a dead extension: the record is lost and the function does not notice. Opened at the first
 * record, and again after a failure, so that an extension that starts late is found.
 */

const fs = require('fs');
const { join } = require('path');
const guard = require('./guard.cjs');
const config = require('./config.cjs').current;
const stats = require('./stats.cjs');

const VERSION = '0.1.0';
const PREFIX = 'LKA1';
const MAX_BYTES = 4096; // A writer to a pipe is never torn up to PIPE_BUF (pipe(7)).
const MAX_ORIGIN = 255;

const RUNTIME = `nodejs${process.versions.node.split('.')[0]}.x`;
const FIFO = join(config.runtimeDir, 'records');
const EXTENSION = join(__dirname, '..', '..', 'extensions', 'lambda-keepalive');

let descriptor = -1;

/**
 * One record of `kind` (`end` or `checkpoint`), newline included; the least busy origins are left out if it gets too
 * long.
 * @param {string} kind
 * @param {import('./stats.cjs').Invocation} invocation
 * @param {string} id the request id
 * @param {boolean} cold whether it is the first invocation
 * @returns {string}
 */
function render(kind, invocation, id, cold) {
  const discarded = [...invocation.discarded];
  const parts = [
    PREFIX, kind, `id=${id}`, `pid=${process.pid}`, `t=${Date.now()}`, `cold=${Number(cold)}`,
    `runtime=${RUNTIME}`, `init=${config.initializationType}`, `version=${VERSION}`,
    `RequestsSent=${invocation.total('requests')}`, `ConnectionsOpened=${invocation.total('opened')}`,
    `ConnectionsReused=${invocation.total('reused')}`, `StaleConnections=${invocation.total('stale')}`,
    `ConnectTime=${invocation.total('connectMs').toFixed(3)}`, `ConnectTimeSaved=${invocation.savedMs.toFixed(3)}`,
    `ConnectionsIdle=${stats.idleCount()}`,
    `ConnectionsDiscarded=${discarded.reduce((sum, [, count]) => sum + count, 0)}`,
    `RequestsReplayed=${invocation.replayed}`,
    `ConnectErrors=${invocation.connectErrors}`, `TlsHandshakes=${invocation.tlsHandshakes}`,
    ...(config.mode === 'observe' ? foretold(invocation) : []),
    ...discarded.map(([reason, count]) => `discarded=${reason}:${count}`),
    ...[...invocation.notReused].map(([reason, count]) => `notReused=${reason}:${count}`),
  ];
  let length = parts.reduce((sum, part) => sum + part.length + 1, 0);
  const busiest = [...invocation.origins].sort(
    ([, a], [, b]) => b.requests - a.requests || b.opened - a.opened,
  );
  for (const [name, origin] of busiest) {
    const safe = name.replace(/[^A-Za-z0-9.:/_\-[\]%]/g, '_').slice(0, MAX_ORIGIN);
    const counts = [origin.requests, origin.opened, origin.reused, origin.stale, origin.connectMs.toFixed(3)];
    if (stats.idleLimit !== null) counts.push(stats.idleLimit(name).toFixed(3));
    const part = `host=${safe},${counts.join(',')}`;
    length += part.length + 1;
    if (length > MAX_BYTES) break;
    parts.push(part);
  }
  return `${parts.join(' ')}\n`;
}

/** What mode `observe` adds. @param {import('./stats.cjs').Invocation} invocation */
function foretold(invocation) {
  return ['mode=observe', `wouldReuse=${invocation.spared}`, `wouldSave=${invocation.sparedMs.toFixed(3)}`];
}

/**
 * Write the counters of an invocation.
 * @param {string} kind
 * @param {import('./stats.cjs').Invocation} invocation
 * @param {string} id
 * @param {boolean} cold
 */
function publish(kind, invocation, id, cold) {
  const line = render(kind, invocation, id, cold);
  try {
    if (descriptor < 0) open();
    fs.writeSync(descriptor, line);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EAGAIN') return;
    close();
    // An extension that is there says itself what keeps it from making the FIFO.
    if (!fs.existsSync(EXTENSION)) {
      guard.once(`${EXTENSION} is missing, so there are no metrics; KEEPALIVE_METRICS=off silences this`);
    }
  }
}

function open() {
  descriptor = fs.openSync(FIFO, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK);
  if (!fs.fstatSync(descriptor).isFIFO()) throw new Error(`${FIFO} is not a FIFO`);
}

function close() {
  const closing = descriptor;
  descriptor = -1;
  if (closing >= 0) fs.closeSync(closing);
}

module.exports = { publish, render };
