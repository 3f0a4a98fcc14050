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
// Of those that every copy of undici asks for, the one that the layer listens to.
const UNDICI_CHANNEL = 'undici:client:connected';

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
 * Every copy of undici, Node's own included, asks for its channels when it is loaded (lib/core/diagnostics.js). Loading
 * Node's own costs 30 ms: that is left to the first call of `fetch`. One that is there already has a global dispatcher.
 */
function waitForUndici() {
  if ([1, 2].some((version) => Symbol.for(`undici.globalDispatcher.${version}`) in globalThis)) hookUndici();
  const channels = require('diagnostics_channel');
  const { channel } = channels;
  channels.channel = function (/** @type {string | symbol} */ name) {
    if (name === UNDICI_CHANNEL) expectDispatcher();
    return channel.call(this, name);
  };
}

let expected = 0; // Copies of undici that have been loaded and made no dispatcher yet.

/**
 * A dispatcher is an EventEmitter: the next one that is made shows the class of its copy, before it can be used. A second
 * copy makes none until the function does.
 */
function expectDispatcher() {
  expected += 1;
  if (expected > 1) return;
  const emitters = /** @type {any} */ (require('events'));
  const { init } = emitters;
  /** @this {any} @param {any[]} args */
  const watching = function (...args) {
    if (expected > 0 && hookUndici(this)) expected -= 1;
    if (expected === 0 && emitters.init === watching) emitters.init = init;
    return init.apply(this, args);
  };
  emitters.init = watching;
}

let undiciIsPatched = false; // Functions without any copy of it never load the patches.

/**
 * Take hold of the copy of undici that something belongs to, if it is a dispatcher.
 * @param {any} [emitter]
 * @returns {boolean} whether that copy was not known
 */
function hookUndici(emitter) {
  try {
    if (emitter !== undefined && typeof emitter.dispatch !== 'function') return false;
    load();
    if (config.mode === 'on' && !undiciIsPatched) {
      undiciIsPatched = true;
      require('./undici.cjs').install();
    }
    return require('./dispatchers.cjs').hook(emitter);
  } catch (error) {
    guard.fault('undici', error);
    return false;
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
