'use strict';

/**
 * Sends a request of undici's, `fetch` included, once more if its reused connection failed before a byte of the response,
 * or before the request was written at all.
 *
 * An idle connection of undici's gets a turn of the event loop before a request is written to it. A reset that arrives in
 * that turn fails the request that waits (lib/dispatcher/client.js, onError), though nothing of it has left: that one may
 * be sent whatever it is.
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
const ENDS = ['onComplete', 'onResponseEnd', 'onUpgrade', 'onRequestUpgrade'];
const OTHERS = ['onData', 'onResponseData', 'onBodySent', 'onRequestSent', 'onResponseStarted'];
// How a connection tells that its peer had given it up: by the system, or by undici for a FIN.
const HANG_UPS = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/**
 * @typedef {object} State of one request.
 * @property {boolean} repeatable whether it may be sent twice
 * @property {boolean} written whether a byte of it may have left
 * @property {boolean} reused whether its connection carried another before
 * @property {boolean} answered
 * @property {boolean} used whether it has been dispatched again, or may not be
 * @property {((error: Error) => void) | null} abort ends it where it is on a connection
 * @property {Error | null} cancelled what its caller has been told before it was on any
 * @property {(error: Error) => void} tell tells its caller
 * @property {() => void} over notes that it is over
 */

/** @type {State | null} The request that is about to be written. */
let starting = null;
/** @type {WeakSet<object>} Errors of connections that could not be opened. */
const refusals = new WeakSet();

/** @param {any} options of `dispatch` */
function canRepeat({ method, body, headers, upgrade }) {
  const whole = body === null || body === undefined || typeof body === 'string' || ArrayBuffer.isView(body);
  return whole && !upgrade && mayRepeat(method, () => hasKey(headers));
}

/** @param {any} headers a flat array or an object; others are as if there was none */
function hasKey(headers) {
  const names = Array.isArray(headers) ? headers.filter((_, at) => at % 2 === 0) : Object.keys(headers ?? {});
  return names.some((name) => String(name).toLowerCase() === 'idempotency-key');
}

/**
 * A handler in place of the caller's.
 * @param {any} options of `dispatch`
 * @param {any} handler
 * @param {(handler: any) => void} again dispatches the request once more
 * @param {{ add(state: State): void, delete(state: State): void }} underWay where the request is noted until it is over
 */
function watched(options, handler, again, underWay) {
  // Whoever does not want to be told when writing begins cannot be asked whether it has.
  const written = !STARTS.some((name) => typeof handler[name] === 'function');
  /** @type {State} */
  const state = {
    repeatable: canRepeat(options), written, reused: false, answered: false, used: !config.replay, abort: null, cancelled: null,
    tell: (error) => (handler.onResponseError ? handler.onResponseError(null, error) : handler.onError(error)),
    over: () => underWay.delete(state),
  };
  /** @type {any} */
  const ours = {};
  for (const name of [...STARTS, ...ANSWERS, ...ERRORS, ...ENDS, ...OTHERS]) {
    if (typeof handler[name] !== 'function' && !isLeftOut(handler, name)) continue;
    ours[name] = (/** @type {any[]} */ ...args) => {
      if (STARTS.includes(name)) {
        if (begun(state, args[0])) return undefined;
      } else if (ANSWERS.includes(name)) state.answered = true;
      else if (ENDS.includes(name)) state.over();
      else if (ERRORS.includes(name)) {
        if (state.cancelled === null && isStale(state, args.at(-1))) {
          Object.assign(state, { used: true, abort: null });
          guard.shielded('redispatch', stats.replayed)();
          again(ours);
          return undefined;
        }
        if (state.cancelled !== null) return undefined;
        state.over();
      }
      return handler[name]?.(...args);
    };
  }
  underWay.add(state);
  return ours;
}

/**
 * Whether a handler that knows the newer names, all of which may be left out, is to have this one all the same.
 * @param {any} handler
 * @param {string} name
 */
function isLeftOut(handler, name) {
  return name === 'onResponseEnd' && typeof handler.onRequestStart === 'function';
}

/**
 * The request is about to be written to a connection.
 * @param {State} state
 * @param {any} control a function, or from version 7 on a controller
 * @returns {boolean} whether it has been ended instead
 */
function begun(state, control) {
  const abort = (/** @type {Error} */ error) => (typeof control === 'function' ? control(error) : control.abort(error));
  Object.assign(state, { written: true, abort });
  if (state.cancelled === null) {
    starting = state;
    return false;
  }
  abort(state.cancelled);
  return true;
}

/**
 * End a request, wherever it is; its caller gets the error.
 * @param {State} state
 * @param {Error} error
 */
function cancel(state, error) {
  if (state.abort !== null) {
    state.abort(error);
  } else if (state.cancelled === null) {
    state.cancelled = error;
    state.tell(error);
    state.over();
  }
}

/** @param {any} handler */
function hearsErrors(handler) {
  return ERRORS.some((name) => typeof handler?.[name] === 'function');
}

/** Whether an error is the peer's hanging up. @param {any} error */
function isHangUp(error) {
  return HANG_UPS.has(error?.code);
}

/** @param {State} state @param {any} error */
function isStale({ repeatable, written, reused, answered, used }, error) {
  if (used || answered || !isHangUp(error)) return false;
  return written ? reused && repeatable : !refusals.has(error);
}

/**
 * A connection could not be opened: whatever waited for it is told so.
 * @param {any} error
 */
function refused(error) {
  refusals.add(error);
}

/**
 * The head of the request that has just been started is being written.
 * @param {boolean} reused whether its connection carried another before
 */
function sent(reused) {
  if (starting !== null) starting.reused = reused;
  starting = null;
}

module.exports = { cancel, hearsErrors, isHangUp, refused, sent, watched };
