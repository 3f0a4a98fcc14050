'use strict';

/**
 * Lets `http.Agent` and `https.Agent` objects share their idle sockets, however short they live.
 *
 * An agent still makes, counts, limits and parks its sockets by Node's own code. Three things are new: one that was told
 * to close its sockets parks them as well; one that has none asks the others before it opens one; and `destroy()` by an
 * agent that was made in the same invocation leaves its idle sockets to the others. Seams (lib/_http_agent.js and
 * lib/https.js of Node 20, 22 and 24): `addRequest`, `createSocket`, `createConnection`, `emit('free')`, `reuseSocket`,
 * `destroy`.
 */

const http = require('http');
const config = require('./config.cjs').current;
const guard = require('./guard.cjs');
const idle = require('./idle.cjs');
const runtime = require('./runtime.cjs');
const misses = require('./misses.cjs');
const stats = require('./stats.cjs');
const { isEnding, rest, settle } = require('./thaw.cjs');
const { CONNECTION, Connection, Instant } = require('./connection.cjs');
const { identify, isLoopback, refusedAddress } = require('./identity.cjs');
const { NOT_OURS, OPTIONS, keepOpen, mayShare, troubled } = require('./requests.cjs');

/** @typedef {any} Agent an http.Agent with the undocumented parts that this module needs */

/** @type {any} */
const prototype = http.Agent.prototype;
/** Node's own methods, also those of `https.Agent`, by name. */
const native = {
  addRequest: prototype.addRequest,
  createConnection: prototype.createConnection,
  createSocket: prototype.createSocket,
  destroy: prototype.destroy,
  emit: prototype.emit,
  getName: prototype.getName,
  keepSocketAlive: prototype.keepSocketAlive,
  removeSocket: prototype.removeSocket,
  reuseSocket: prototype.reuseSocket,
};
/** @type {Record<string, Set<Function>>} The implementations of each method that are Node's or ours. */
const known = Object.fromEntries(Object.entries(native).map(([name, method]) => [name, new Set([method])]));

/** What is being opened at the moment, from our `createSocket` down to `createConnection`: all of it is synchronous. */
/** @type {{ key: string | null, refusal: string | null, handOver: import('net').Socket | null } | null} */
let opening = null;
let httpsPatched = false;
/** @type {WeakMap<object, number>} In which invocation an agent was first seen. */
const births = new WeakMap();
/**
 * Whether the agent is Node's own in everything that makes or keeps sockets; proxies' agents and the like are left
 * alone, also those that Node makes for `NODE_USE_ENV_PROXY` (option `proxyEnv`).
 * @param {Agent} agent
 */
function takesPart(agent) {
  return known.addRequest.has(agent.addRequest) && known.createSocket.has(agent.createSocket) &&
    known.createConnection.has(agent.createConnection) && known.getName.has(agent.getName) &&
    known.keepSocketAlive.has(agent.keepSocketAlive) && known.removeSocket.has(agent.removeSocket) &&
    known.reuseSocket.has(agent.reuseSocket) && known.emit.has(agent.emit) &&
    agent.options?.proxyEnv === undefined;
}

/** @param {Agent} agent @param {any} options */
function originOf(agent, options) {
  const host = agent.options.host ?? options.host ?? 'localhost';
  return `${agent.protocol}//${host}:${agent.options.port ?? options.port ?? options.socketPath ?? ''}`;
}

/** @param {Agent} agent @param {any} options */
function refused(agent, options) {
  if (options.socketPath !== undefined && !config.loopback) return 'loopback';
  return refusedAddress(agent.options.host ?? options.host ?? 'localhost', agent.options.port ?? options.port);
}

/**
 * @this {Agent}
 * @param {any} request
 * @param {any} options
 * @param {any[]} legacy
 */
function addRequest(request, options, ...legacy) {
  try {
    if (this.protocol === 'https:' && !httpsPatched) patchHttps();
    if (takesPart(this) && options !== null && typeof options === 'object') {
      const refusal = refused(this, options);
      if (refusal === null) {
        if (!births.has(this)) births.set(this, runtime.generation());
        request[OPTIONS] = options;
        keepOpen(request, options);
        const go = () => native.addRequest.call(this, request, options, ...legacy);
        if (settle(originOf(this, options), go)) return undefined;
      } else {
        request[NOT_OURS] = refusal;
        if (refusal === 'runtime-api') runtime.follow(request);
      }
    }
  } catch (error) {
    guard.fault('addRequest', error);
  }
  return native.addRequest.call(this, request, options, ...legacy);
}

/**
 * The agent has no free socket and may open one: give it an idle one of another agent, if there is an equal.
 * @this {Agent}
 * @param {any} request
 * @param {any} options
 * @param {Function} callback
 */
function createSocket(request, options, callback) {
  const outer = opening;
  try {
    opening = { key: null, refusal: takesPart(this) ? request[NOT_OURS] ?? null : 'foreign-class', handOver: null };
    if (opening.refusal === null) {
      const key = identify(this, options);
      const connection = key === null ? undefined : takeUsable(key);
      if (connection !== undefined) {
        opening.handOver = detach(connection, request, this.options.timeout || options.timeout || request.timeout || 0);
      }
      opening.key = key;
      if (key === null) opening.refusal = 'foreign-socket';
    }
  } catch (error) {
    guard.fault('createSocket', error);
  }
  try {
    return native.createSocket.call(this, request, options, callback);
  } finally {
    opening = outer;
  }
}

/** @param {string} key */
function takeUsable(key) {
  for (;;) {
    const connection = idle.find(key);
    if (connection === undefined) return undefined;
    if (connection.socket.destroyed || !connection.socket.writable) {
      idle.unpark(connection);
      continue;
    }
    const reason = connection.expired(new Instant());
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

/**
 * What happens on the socket happens for this request from now on, as in Node's own reuse (lib/_http_agent.js,
 * asyncResetHandle): AsyncLocalStorage and tracing depend on it.
 * @param {any} socket
 */
function resetAsyncContext(socket) {
  const handle = socket._handle;
  if (typeof handle?.asyncReset !== 'function') return;
  handle.asyncReset({ type: handle.getProviderType(), handle });
  const symbol = Object.getOwnPropertySymbols(socket).find((each) => each.description === 'async_id_symbol');
  if (symbol !== undefined) socket[symbol] = handle.getAsyncId();
}

/**
 * The `createConnection` that goes with a native one: hands over the socket that was found, or opens and times a new one.
 * @param {Function} original
 */
function connecting(original) {
  /** @this {Agent} @param {any[]} args */
  function createConnection(...args) {
    const current = opening;
    opening = null; // A connection to a proxy made on the way is not the one that was asked for.
    if (current !== null && current.handOver !== null) return current.handOver;
    const started = performance.now();
    const socket = original.apply(this, args);
    try {
      track(this, socket, args, current, started);
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
 * @param {typeof opening} plan
 * @param {number} started
 */
function track(agent, socket, args, plan, started) {
  const options = args.find((argument) => typeof argument === 'object' && argument !== null) ?? {};
  const secure = agent.protocol === 'https:';
  const origin = originOf(agent, options);
  if (refusedAddress(options.host ?? 'localhost', options.port) === 'runtime-api') return;
  const connection = new Connection(socket, plan?.key ?? null, origin);
  let refusal = plan === null ? 'foreign-class' : plan.refusal;
  const failed = () => stats.connectError(origin);
  socket.once('error', failed);
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    socket.removeListener('error', failed);
    const milliseconds = performance.now() - started;
    if (connection.key !== null && !config.loopback && isLoopback(socket.remoteAddress)) {
      connection.key = null;
      refusal = 'loopback';
    }
    misses.opened(origin, connection.key, refusal, milliseconds);
  });
  socket.once('close', () => closed(connection));
}

/**
 * A socket is gone. While it was idle, somebody else was first: the peer, its timer, or its agent.
 * @param {Connection} connection
 */
function closed(connection) {
  rest(connection);
  const { fate } = connection;
  if (!idle.remove(connection) || fate !== null) return;
  const idled = connection.idleSince.elapsed(new Instant());
  misses.discarded(connection, idled >= connection.limit ? 'idle' : 'stale');
}

/**
 * A socket is free: have it parked, whatever the agent was told, if the connection may be shared.
 * @this {Agent}
 * @param {string | symbol} event
 * @param {any[]} args
 */
function emit(event, ...args) {
  if (event !== 'free') return native.emit.call(this, event, ...args);
  const [socket, options] = args;
  const { keepAlive } = this;
  const connection = /** @type {Connection | undefined} */ (socket?.[CONNECTION]);
  if (connection !== undefined) rest(connection);
  let stay = /** @type {number | null} */ (null);
  try {
    const request = socket._httpMessage;
    if (connection !== undefined && connection.key !== null && takesPart(this) && request && mayShare(request, connection)) {
      const verdict = connection.mayStay(request.res);
      if (typeof verdict === 'number') {
        stay = verdict;
        this.keepAlive = true;
      } else if (request.shouldKeepAlive) {
        request.shouldKeepAlive = false;
        connection.fate = verdict;
        misses.discarded(connection, verdict);
      }
    }
  } catch (error) {
    guard.fault('free', error);
  }
  try {
    return native.emit.call(this, event, ...args);
  } finally {
    if (stay !== null) {
      this.keepAlive = keepAlive;
      parked(this, /** @type {Connection} */ (connection), options, stay);
    }
  }
}

/**
 * Note where the native code has parked a socket, if it has, and until when.
 * @param {Agent} agent
 * @param {Connection} connection
 * @param {any} options those with which the socket was made
 * @param {number} stay milliseconds
 */
function parked(agent, connection, options, stay) {
  try {
    const { socket } = connection;
    const name = options._agentKey ?? agent.getName(options);
    if (socket.destroyed || agent.freeSockets[name]?.at(-1) !== socket) return;
    // A time-out of an agent that keeps its sockets is the user's limit for idle ones, except the 5 s of the global agents.
    const own = agent.keepAlive && !isGlobal(agent) ? agent.options.timeout || Infinity : Infinity;
    connection.limit = Math.min(stay, own);
    connection.owner = agent;
    connection.name = name;
    connection.idleSince = new Instant();
    if (socket.timeout !== connection.limit) socket.setTimeout(connection.limit);
    watch(socket);
    idle.park(connection);
  } catch (error) {
    guard.fault('parking', error);
  }
}

/** @param {Agent} agent */
function isGlobal(agent) {
  return agent === http.globalAgent || (agent.protocol === 'https:' && agent === require('https').globalAgent);
}

/** Node 22 and newer read free sockets and destroy what says anything (lib/_http_agent.js, freeSocketOnReadGuard). */
const WATCHED = Number(process.versions.node.split('.')[0]) < 22;

/** @this {import('net').Socket} */
function hangUp() {
  const connection = /** @type {any} */ (this)[CONNECTION];
  if (connection === undefined) this.destroy();
  else idle.discard(connection, 'stale');
}

/** @param {import('net').Socket} socket */
function watch(socket) {
  if (!WATCHED) return;
  socket.on('data', hangUp);
  socket.on('end', hangUp);
}

/**
 * An agent uses a free socket of its own, or gives it to another.
 * @this {Agent}
 * @param {any} socket
 * @param {any} request
 */
function reuseSocket(socket, request) {
  try {
    const connection = /** @type {Connection | undefined} */ (socket[CONNECTION]);
    if (connection !== undefined) {
      idle.remove(connection);
      if (WATCHED) {
        socket.removeListener('data', hangUp);
        socket.removeListener('end', hangUp);
      }
      const timeout = this.options.timeout || 0; // What it had before it was parked by us.
      if (socket.timeout !== timeout) socket.setTimeout(timeout);
    }
  } catch (error) {
    guard.fault('reuseSocket', error);
  }
  return native.reuseSocket.call(this, socket, request);
}

/**
 * The end of many handlers. An agent made in the same invocation that met no error leaves its sockets to others, except
 * those on which a request is; an older one is destroyed as asked: that is how programs react to trouble.
 * @this {Agent}
 */
function destroy() {
  const { freeSockets, sockets } = this;
  let spare = false;
  try {
    if (takesPart(this)) {
      spare = births.get(this) === runtime.generation() && !troubled.has(this);
      if (spare) Object.assign(this, { freeSockets: Object.create(null), sockets: inUse(sockets) });
      else idle.review((connection) => (connection.owner === this ? 'destroyed' : null));
    }
  } catch (error) {
    guard.fault('destroy', error);
  }
  try {
    return native.destroy.call(this);
  } finally {
    if (spare) Object.assign(this, { freeSockets, sockets });
  }
}

/**
 * Of an agent's sockets those on which a request is; not those whose response has been read and that are all but free.
 * @param {Record<string, any[]>} sockets
 */
function inUse(sockets) {
  return Object.fromEntries(
    Object.entries(sockets).map(([name, those]) => [name, those.filter((socket) => !isEnding(socket))]),
  );
}

function patchHttps() {
  httpsPatched = true;
  const secure = /** @type {any} */ (require('https').Agent.prototype);
  for (const name of ['getName', 'keepSocketAlive']) known[name].add(secure[name]);
  known.createConnection.add(secure.createConnection);
  secure.createConnection = connecting(secure.createConnection);
  known.createConnection.add(secure.createConnection);
}

/** Put our methods in place of Node's. */
function install() {
  const ours = {
    addRequest, createConnection: connecting(native.createConnection), createSocket, destroy, emit, reuseSocket,
  };
  for (const [name, method] of Object.entries(ours)) {
    known[name].add(method);
    prototype[name] = method;
  }
}

module.exports = { install };
