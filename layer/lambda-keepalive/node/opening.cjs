'use strict';

/**
 * What happens when an agent has no free socket: an idle one of another agent is taken, or one is opened and timed.
 *
 * Seams (lib/_http_agent.js and lib/https.js of Node 20, 22 and 24): `createSocket`, which is called for this only and
 * goes on to the `createConnection` of the agent; what we put there hands over the socket that was found.
 */

const config = require('./config.cjs').current;
const guard = require('./guard.cjs');
const idle = require('./idle.cjs');
const misses = require('./misses.cjs');
const stats = require('./stats.cjs');
const { native, originOf, takesPart } = require('./native.cjs');
const { NOT_OURS } = require('./requests.cjs');
const { Connection, Instant } = require('./connection.cjs');
const { identify, isLoopback, refusedAddress } = require('./identity.cjs');

/** @typedef {import('./native.cjs').Agent} Agent */

/**
 * `refusal` is the rule by which the connection is shared with nobody, `key` its identity if there is none; `handOver` what is
 * taken in the place of a new socket, `kept` the connection that mode `on` would have taken, where `observe` only looks on.
 * @typedef {object} Plan
 * @property {any} request
 * @property {string | null} refusal
 * @property {string | null} key
 * @property {import('net').Socket | null} handOver
 * @property {Connection | null} kept
 */
/** @type {Plan | null} What is being opened at the moment, from our `createSocket` down to `createConnection`: all of it is synchronous. */
let opening = null;

/**
 * What is done about connections; mode `observe` puts functions of its own in their places.
 * @typedef {object} Policy
 * @property {(plan: Plan, key: string, timeout: number) => void} find looks for one before one is opened
 * @property {(connection: Connection, plan: Plan | null) => void} begun a socket is being opened
 * @property {(connection: Connection, socket: any) => void} closed a socket is gone
 */
/** @type {Policy} */
const policy = { find, begun, closed };

/**
 * The agent has no free socket and may open one.
 * @this {Agent}
 * @param {any} request
 * @param {any} options
 * @param {Function} callback
 */
function createSocket(request, options, callback) {
  const outer = opening;
  try {
    const refusal = takesPart(this) ? request[NOT_OURS] ?? null : 'foreign-class';
    opening = { request, refusal, key: null, handOver: null, kept: null };
  } catch (error) {
    guard.fault('createSocket', error);
  }
  try {
    return native.createSocket.call(this, request, options, callback);
  } finally {
    opening = outer;
  }
}

/**
 * Give the agent an idle connection of another one, if there is an equal.
 * @param {Agent} agent
 * @param {any} options those of the connection that it is about to open
 * @param {Plan} plan
 */
function complete(agent, options, plan) {
  const { request } = plan;
  plan.key = identify(agent, options);
  if (plan.key === null) plan.refusal = 'foreign-socket';
  else policy.find(plan, plan.key, agent.options.timeout || options.timeout || request.timeout || 0);
}

/**
 * Have an idle connection handed over, if there is one.
 * @param {Plan} plan
 * @param {string} key
 * @param {number} timeout milliseconds, as a fresh socket would have it
 */
function find(plan, key, timeout) {
  const connection = takeUsable(key);
  if (connection !== undefined) plan.handOver = detach(connection, plan.request, timeout);
}

/**
 * The idle connection with this key that is good for another request; those found bad on the way are closed.
 * @param {string} key
 */
function takeUsable(key) {
  for (;;) {
    const connection = idle.find(key);
    if (connection === undefined) return undefined;
    const gone = connection.socket.destroyed || !connection.socket.writable;
    const reason = gone ? 'stale' : connection.expired(new Instant());
    if (reason === null) return connection;
    idle.discard(connection, reason);
  }
}

/**
 * Take an idle socket from its agent, for this request.
 * @param {Connection} connection
 * @param {any} request
 * @param {number} timeout milliseconds, as a fresh socket would have it
 */
function detach(connection, request, timeout) {
  const { socket } = connection;
  const owner = /** @type {Agent} */ (connection.owner);
  idle.unpark(connection);
  owner.reuseSocket(socket, request); // Takes away the guards of a free socket, sets `reusedSocket`, refs it.
  socket.emit('agentRemove'); // The owner counts it no more, and takes its listeners away.
  resetAsyncContext(socket);
  if (socket.timeout !== timeout) socket.setTimeout(timeout);
  return socket;
}

/** @type {symbol | undefined} Under which Node's sockets have their id; looking for it costs microseconds. */
let asyncId;

/**
 * What happens on the socket happens for this request from now on, as in Node's own reuse (lib/_http_agent.js,
 * asyncResetHandle): AsyncLocalStorage and tracing depend on it.
 * @param {any} socket
 */
function resetAsyncContext(socket) {
  const handle = socket._handle;
  if (typeof handle?.asyncReset !== 'function') return;
  handle.asyncReset({ type: handle.getProviderType(), handle });
  asyncId ??= Object.getOwnPropertySymbols(socket).find((each) => each.description === 'async_id_symbol');
  if (asyncId !== undefined) socket[asyncId] = handle.getAsyncId();
}

/**
 * The `createConnection` that goes with a native one: hands over the socket that was found, or opens and times a new one.
 * @param {Function} original
 */
function connecting(original) {
  /** @this {Agent} @param {any[]} args */
  function createConnection(...args) {
    const plan = opening;
    opening = null; // A connection to a proxy made on the way is not the one that was asked for.
    try {
      if (plan !== null && plan.refusal === null) complete(this, args[0], plan);
    } catch (error) {
      guard.fault('createConnection', error);
    }
    if (plan !== null && plan.handOver !== null) return plan.handOver;
    const started = performance.now();
    const socket = original.apply(this, args);
    try {
      track(this, socket, args, plan, started);
    } catch (error) {
      guard.fault('createConnection', error);
    }
    return socket;
  }
  return createConnection;
}

/**
 * @param {Agent} agent
 * @param {any} socket
 * @param {any[]} args
 * @param {Plan | null} plan
 * @param {number} started
 */
function track(agent, socket, args, plan, started) {
  const options = args.find((argument) => typeof argument === 'object' && argument !== null) ?? {};
  const secure = agent.protocol === 'https:';
  const origin = originOf(agent, options);
  if (refusedAddress(options.host ?? 'localhost', options.port) === 'runtime-api') return;
  const connection = new Connection(socket, plan?.key ?? null, origin);
  policy.begun(connection, plan);
  let refusal = plan === null ? 'foreign-class' : plan.refusal;
  let isOpen = false;
  const opened = guard.shielded('connect', () => {
    isOpen = true;
    const milliseconds = performance.now() - started;
    if (connection.key !== null && !config.loopback && isLoopback(socket.remoteAddress)) {
      connection.key = null;
      refusal = 'loopback';
    }
    misses.opened(origin, connection.key, refusal, milliseconds, Boolean(plan?.kept));
  });
  socket.once(secure ? 'secureConnect' : 'connect', opened);
  // No listener for 'error': programs look whether there is one.
  socket.once('close', guard.shielded('close', () => {
    if (!isOpen && socket.errored) stats.connectError(origin);
    policy.closed(connection, socket);
  }));
}

/** @param {Connection} connection */
function begun(connection) {
  if (connection.key !== null) idle.add(connection);
}

/**
 * A socket is gone. While it was idle, somebody else was first: the peer, its timer, or its agent.
 * @param {Connection} connection
 */
function closed(connection) {
  const { fate } = connection;
  if (!idle.forget(connection) || fate !== null) return;
  const idled = connection.idleSince.elapsed(new Instant());
  misses.discarded(connection, idled >= connection.limit ? 'idle' : 'stale');
}

module.exports = { connecting, createSocket, policy, takeUsable };
