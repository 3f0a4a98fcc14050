'use strict';

/**
 * Sends a request of undici's, `fetch` included, once more if its reused connection failed before a byte of the response.
 *
 * Seam: the handler that is dispatched with a request; undici calls its methods as the exchange goes on (two sets of
 * names: up to version 6 and from 7 on). Ours hands on every call but that one error.
 */

const config = require('./config.cjs').current;
const guard = require('./guard.cjs');
const stats = require('./stats.cjs');
const { mayRepeat } = require('./repeatable.cjs');

const STARTS = ['onConnect', 'onRequestStart'];
const ANSWERS = ['onHeaders', 'onResponseStart'];
const ERRORS = ['onError', 'onResponseError'];
const OTHERS = [
  'onUpgrade', 'onRequestUpgrade', 'onData', 'onResponseData', 'onComplete', 'onResponseEnd', 'onBodySent',
  'onRequestSent', 'onResponseStarted',
];
// How a connection tells that its peer had given it up: by the system, or by undici for a FIN.
const HANG_UPS = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** @type {{ reused: boolean } | null} The request that is about to be written. */
let starting = null;

/** @param {any} options of `dispatch` */
function canRepeat({ method, body, headers, upgrade }) {
  const whole = body === null || body === undefined || typeof body === 'string' || ArrayBuffer.isView(body);
  return config.replay && whole && !upgrade && mayRepeat(method, () => hasKey(headers));
}

/** @param {any} headers a flat array or an object; others are as if there was none */
function hasKey(headers) {
  const names = Array.isArray(headers) ? headers.filter((_, at) => at % 2 === 0) : Object.keys(headers ?? {});
  return names.some((name) => String(name).toLowerCase() === 'idempotency-key');
}

/**
 * A handler in place of the caller's; the same one if the request may not be sent twice.
 * @param {any} options of `dispatch`
 * @param {any} handler
 * @param {(handler: any) => void} again dispatches the request once more
 */
function watched(options, handler, again) {
  if (!canRepeat(options)) return handler;
  const state = { reused: false, answered: false, used: false };
  /** @type {any} */
  const ours = {};
  for (const name of [...STARTS, ...ANSWERS, ...ERRORS, ...OTHERS]) {
    if (typeof handler[name] !== 'function') continue;
    ours[name] = (/** @type {any[]} */ ...args) => {
      if (STARTS.includes(name)) starting = state;
      else if (ANSWERS.includes(name)) state.answered = true;
      else if (ERRORS.includes(name) && isStale(state, args.at(-1))) {
        state.used = true;
        guard.shielded('redispatch', stats.replayed)();
        again(ours);
        return undefined;
      }
      return handler[name](...args);
    };
  }
  return ours;
}

/** @param {{ reused: boolean, answered: boolean, used: boolean }} state @param {any} error */
function isStale(state, error) {
  return state.reused && !state.answered && !state.used && HANG_UPS.has(error?.code);
}

/**
 * The head of the request that has just been started is being written.
 * @param {boolean} reused whether its connection carried another before
 */
function sent(reused) {
  if (starting !== null) starting.reused = reused;
  starting = null;
}

module.exports = { sent, watched };
