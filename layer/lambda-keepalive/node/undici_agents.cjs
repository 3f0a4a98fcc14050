'use strict';

/**
 * Keeps the word of an undici `Agent` whose requests go by connections of ours: its `close()` waits for them, its `destroy()`
 * ends them, and the connections stay for others.
 *
 * Seam: the methods of `Agent` that undici's own `close()` and `destroy()` call (lib/dispatcher/agent.js of undici 6, 7 and 8,
 * and Node's own), known by the descriptions of their symbols.
 */

const guard = require('./guard.cjs');
const { cancel } = require('./redispatch.cjs');

/** @typedef {import('./redispatch.cjs').State} State */

/** The requests of one agent that are not over yet. */
class UnderWay {
  constructor() {
    /** @type {Set<State>} */
    this.states = new Set();
    /** @type {(() => void)[]} */
    this.waiting = [];
  }

  /** @param {State} state of a request that begins */
  add(state) {
    this.states.add(state);
  }

  /** @param {State} state of a request that is over */
  delete(state) {
    this.states.delete(state);
    if (this.states.size === 0) for (const go of this.waiting.splice(0)) go();
  }
}

/** @type {WeakMap<object, UnderWay>} By agent. */
const underWay = new WeakMap();
/** @type {WeakSet<object>} Prototypes of agents. */
const attended = new WeakSet();

/**
 * Where the requests of an agent are noted.
 * @param {object} agent
 */
function requestsOf(agent) {
  let requests = underWay.get(agent);
  if (requests === undefined) {
    attend(Object.getPrototypeOf(agent));
    underWay.set(agent, (requests = new UnderWay()));
  }
  return requests;
}

/** @param {any} prototype of the agents of one copy of undici */
function attend(prototype) {
  if (attended.has(prototype)) return;
  attended.add(prototype);
  for (const [name, replacement] of Object.entries({ close: closing, destroy: destroying })) {
    const symbol = Object.getOwnPropertySymbols(prototype).find((each) => each.description === name);
    if (symbol !== undefined) prototype[symbol] = replacement(prototype[symbol]);
  }
}

/** @param {Function} original */
function closing(original) {
  /** @this {object} */
  return async function close() {
    const requests = underWay.get(this);
    if (requests !== undefined && requests.states.size > 0) {
      await new Promise((resolve) => requests.waiting.push(() => resolve(undefined)));
      await turn();
    }
    return original.call(this);
  };
}

/** @param {Function} original */
function destroying(original) {
  /** @this {object} @param {Error} error for the callers of what is under way */
  return async function destroy(error) {
    const states = [...underWay.get(this)?.states ?? []];
    for (const state of states) guard.shielded('undici agent', cancel)(state, error);
    if (states.length > 0) await turn();
    return original.call(this, error);
  };
}

/** Undici takes a turn of the event loop, and more, to close connections; by then callers have seen their responses end. */
function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}

module.exports = { requestsOf };
