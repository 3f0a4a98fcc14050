'use strict';

/**
 * The edges of each invocation, as the managed runtime's client shows them (aws-lambda-ric 3.x: Node 20 and 22, 4.x:
 * Node 24). Both talk to the Runtime API by the addon `rapid-client.node`: `next()` resolves with the invocation's
 * headers, `done(id, ...)` and `error(id, ...)` have sent the response when they return. For what they send by `http`
 * instead (response streams, AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1) `follow` watches those requests.
 */

const config = require('./config.cjs').current;
const guard = require('./guard.cjs');

const REQUEST_ID = 'lambda-runtime-aws-request-id';
const INVOCATION = /\/runtime\/invocation\/(?:(next)|([^/]+)\/(response|error))$/;

/** @type {Map<string, { counters: any, cold: boolean }>} The invocations that are running. */
const running = new Map();
let count = 0;

/** How many invocations this thread has seen: what was made under the same number was made in the same one. */
function generation() {
  return count;
}

/** @param {string} id */
function starting(id) {
  const stats = require('./stats.cjs');
  count += 1;
  running.set(id, { counters: stats.running, cold: count === 1 });
  if (config.concurrent) {
    stats.running = new stats.Invocation();
    stats.current = () => running.get(currentId())?.counters ?? stats.running;
  }
}

/** The invocation to which this moment belongs, where several run at once (@aws/lambda-invoke-store). */
function currentId() {
  return /** @type {any} */ (globalThis).awslambda?.InvokeStore?.getRequestId?.() ?? '';
}

/** @param {string} id the invocation whose response has been sent; without it nothing happens */
function ending(id) {
  const invocation = running.get(id);
  if (invocation === undefined) return;
  const stats = require('./stats.cjs');
  running.delete(id);
  if (!config.concurrent) stats.running = new stats.Invocation();
  if (config.metrics !== 'off') require('./record.cjs').publish('end', invocation.counters, id, invocation.cold);
}

/** Write the counters so far, in case the invocation never ends. */
function checkpoint() {
  const { current } = require('./stats.cjs');
  const counters = current();
  for (const [id, invocation] of running) {
    if (invocation.counters !== counters) continue;
    require('./record.cjs').publish('checkpoint', counters, id, invocation.cold);
    return;
  }
}

/** Where one invocation runs at a time, asking for the next one ends it, however its response was sent. */
function asking() {
  if (!config.concurrent) for (const id of running.keys()) ending(id);
}

/**
 * Wrap the functions of the addon.
 * @param {any} addon
 */
function watch(addon) {
  const { next, done, error } = addon;
  if (config.metrics !== 'off') require('./stats.cjs').notable = checkpoint;
  addon.next = function () {
    guard.shielded('end of the invocation', asking)();
    const coming = next.call(this);
    return coming.then((/** @type {any} */ invocation) => {
      guard.shielded('start of the invocation', starting)(String(invocation.headers[REQUEST_ID]));
      return invocation;
    });
  };
  for (const [name, original] of Object.entries({ done, error })) {
    addon[name] = function (/** @type {any[]} */ ...args) {
      const result = original.apply(this, args);
      guard.shielded('end of the invocation', () => ending(decodeURIComponent(args[0])))();
      return result;
    };
  }
}

/**
 * Watch a request to the Runtime API that goes by `http`.
 * @param {any} request
 */
function follow(request) {
  const [, next, id] = INVOCATION.exec(request.path) ?? [];
  if (next !== undefined) {
    guard.shielded('end of the invocation', asking)();
    request.prependOnceListener('response', (/** @type {any} */ { headers }) => {
      guard.shielded('start of the invocation', starting)(String(headers[REQUEST_ID]));
    });
  } else if (id !== undefined) {
    request.prependOnceListener('response', (/** @type {any} */ response) => {
      response.once('end', guard.shielded('end of the invocation', () => ending(decodeURIComponent(id))));
    });
  }
}

module.exports = { follow, generation, watch };
