'use strict';

/**
 * The start, loaded by `node --require` before anything of the function: reads the settings and waits. What it waits
 * for loads the rest: the runtime's client (in INIT), the first request, the first `fetch`. In worker threads and
 * child processes of Node it does the same for them.
 */

const { basename } = require('path');
const guard = require('./guard.cjs');
const { current: config } = require('./config.cjs');

const STARTED = Symbol.for('lambda-keepalive');
// Versions whose http module and undici are known to the patches.
const NODE_VERSIONS = [20, 22, 24];
// What the runtime's client, aws-lambda-ric 3 or 4, talks to the Runtime API by.
const ADDON = 'rapid-client.node';

function start() {
  for (const complaint of config.complaints) guard.log('warning', complaint);
  if (!config.enabled || config.mode === 'off') return;
  const version = Number(process.versions.node.split('.')[0]);
  if (!NODE_VERSIONS.includes(version)) {
    guard.log('warning', `Node ${process.versions.node} is not known; going on without the layer`);
    return;
  }
  waitForRuntime();
  if (config.clients.has('node:http')) waitForRequest();
  if (config.clients.has('undici')) waitForUndici();
  guard.log('info', `started with ${[...config.clients].join(', ')}`);
}

/** The runtime's client loads its addon by `dlopen`, before it asks for the first invocation. */
function waitForRuntime() {
  const original = process.dlopen;
  process.dlopen = function (/** @type {any} */ addon, /** @type {string} */ filename, /** @type {any[]} */ ...rest) {
    // @ts-ignore - flags are passed on as they are
    original.call(this, addon, filename, ...rest);
    if (basename(filename) !== ADDON) return;
    process.dlopen = original;
    guard.shielded('runtime client', () => {
      load();
      require('./runtime.cjs').watch(addon.exports);
    })();
  };
}

/** Until the first request, its methods only load the patches that take their place. */
function waitForRequest() {
  const { Agent, ClientRequest } = /** @type {any} */ (require('http'));
  for (const [prototype, name] of [[Agent.prototype, 'addRequest'], [ClientRequest.prototype, 'onSocket']]) {
    const original = prototype[name];
    let wrapped = false; // Whether somebody has wrapped ours meanwhile; what takes our place will wrap that.
    /** @this {any} @param {any[]} args */
    const first = function (...args) {
      load();
      return (wrapped ? original : prototype[name]).apply(this, args);
    };
    prototype[name] = first;
    restore.push(() => {
      wrapped = prototype[name] !== first;
      if (!wrapped) prototype[name] = original;
    });
  }
}

/**
 * Every copy of undici asks for the global dispatcher when it is loaded, and makes one at once if there is none. Loading
 * Node's own, for `fetch`, costs 30 ms: that is left to the first call.
 */
function waitForUndici() {
  for (const version of [1, 2]) {
    const name = Symbol.for(`undici.globalDispatcher.${version}`);
    if (name in globalThis) {
      undiciIsThere = true;
      continue;
    }
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get: hookNextDispatcher,
      set(value) {
        Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
        hookUndici(value);
      },
    });
  }
  const original = globalThis.fetch;
  if (typeof original !== 'function') return;
  const { fetch } = {
    fetch(/** @type {any} */ input, /** @type {any} */ init = undefined) {
      void globalThis.Headers; // The use of one of its classes loads Node's copy.
      hookUndici(init?.dispatcher);
      return original.call(this, input, init);
    },
  };
  globalThis.fetch = fetch;
}

/** A dispatcher is an EventEmitter: the next one that is made shows the class of whoever asked. */
function hookNextDispatcher() {
  const emitters = /** @type {any} */ (require('events'));
  const { init } = emitters;
  emitters.init = function (/** @type {any[]} */ ...args) {
    emitters.init = init;
    hookUndici(this);
    return init.apply(this, args);
  };
}

let undiciIsThere = false; // Before us.
let undiciIsPatched = false; // Functions without any copy of it never load the patches.

/** @param {any} [dispatcher] */
function hookUndici(dispatcher) {
  try {
    load();
    if (config.mode === 'on' && !undiciIsPatched) {
      undiciIsPatched = true;
      require('./undici.cjs').install();
    }
    const dispatchers = require('./dispatchers.cjs');
    dispatchers.hookGlobals();
    dispatchers.hook(dispatcher);
  } catch (error) {
    guard.fault('fetch', error);
  }
}

/** @type {(() => void)[]} */
const restore = [];
let loaded = false;

function load() {
  if (loaded) return;
  loaded = true;
  try {
    for (const undo of restore) undo();
    if (config.mode === 'observe') {
      if (config.clients.has('node:http')) require('./observe_http.cjs').install();
      if (config.clients.has('undici')) require('./observe_undici.cjs').install();
      return;
    }
    if (config.clients.has('node:http')) {
      require('./requests.cjs').install();
      require('./agents.cjs').install();
    }
    if (undiciIsThere) hookUndici();
    if (config.stickyHosts.length > 0) require('./sticky_requests.cjs').install();
  } catch (error) {
    guard.fault('load', error);
  }
}

if (!(/** @type {any} */ (globalThis)[STARTED])) {
  Object.defineProperty(globalThis, STARTED, { value: true });
  try {
    start();
  } catch (error) {
    guard.fault('start', error);
  }
}
