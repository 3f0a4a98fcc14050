'use strict';

/**
 * Says what went wrong in our own code, once, and keeps it away from the function.
 *
 * Every hook of ours is wrapped as `try { ... } catch (error) { guard.fault('where', error); }` and then goes on as if
 * the layer were not there. This module owns the log lines; it loads nothing but `fs`.
 */

const { writeSync } = require('fs');

const LEVELS = ['debug', 'info', 'warning', 'off'];
const STANDARD_ERROR = 2;

let level = LEVELS.indexOf('warning');
/** @type {Set<string>} */
const seen = new Set();

/**
 * Show messages of this level (one of `LEVELS`) and above.
 * @param {string} name
 */
function setLevel(name) {
  level = LEVELS.indexOf(name);
}

/**
 * Write one line to standard error, in one write, and never fail. Not by `process.stderr`: making that stream costs
 * more than the whole start of the layer.
 * @param {string} name one of `LEVELS`
 * @param {string} message
 */
function log(name, message) {
  if (LEVELS.indexOf(name) < level) return;
  try {
    writeSync(STANDARD_ERROR, `lambda-keepalive: ${message}\n`);
  } catch {
    // A closed standard error is no reason to fail.
  }
}

/**
 * Log a warning the first time that it is said in this thread.
 * @param {string} message
 */
function once(message) {
  if (seen.has(message)) return;
  seen.add(message);
  log('warning', message);
}

/**
 * Write one line that somebody asked for, whatever the level.
 * @param {string} message
 */
function say(message) {
  log('off', message);
}

/**
 * Report an error of ours, once for each `where`; the caller goes on without the layer.
 * @param {string} where
 * @param {unknown} error
 */
function fault(where, error) {
  if (seen.has(where)) return;
  seen.add(where);
  log('warning', `fault in ${where} (${error}); going on without the layer; KEEPALIVE_ENABLED=0 turns it off`);
}

/**
 * The same function, except that it never throws: for what Node calls, where an error of ours would be the program's end.
 * @template {(...args: any[]) => any} T
 * @param {string} where
 * @param {T} listener
 * @returns {(...args: Parameters<T>) => ReturnType<T> | undefined}
 */
function shielded(where, listener) {
  return (...args) => {
    try {
      return listener(...args);
    } catch (error) {
      fault(where, error);
      return undefined;
    }
  };
}

module.exports = { LEVELS, fault, log, once, say, setLevel, shielded };
