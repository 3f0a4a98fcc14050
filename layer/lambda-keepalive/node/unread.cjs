'use strict';

/**
 * Ends exchanges that their callers leave unfinished.
 *
 * An agent that was told to close its connections asks the server to close, too, which ends whatever its caller has left: a
 * request that is never ended, a response that is never read. Where the layer asks for a lasting connection in the agent's
 * place, nobody closes it. Then such an exchange shall neither keep the process (`callbackWaitsForEmptyEventLoop`) nor let
 * connections pile up.
 */

const { reviews } = require('./thaw.cjs');

/** @type {Map<any, any>} Responses that nobody has begun to read, with their sockets. */
const unread = new Map();

/**
 * Whether only the layer wants the connection of a request to last.
 * @param {any} request
 */
function isLent({ agent, shouldKeepAlive }) {
  return Boolean(agent) && !agent.keepAlive && shouldKeepAlive;
}

/** @param {any} response */
function isBeingRead(response) {
  return response.readableFlowing === true || response.listenerCount('readable') > 0;
}

/**
 * A response has come; its listeners are about to be told.
 * @param {any} request
 * @param {import('http').IncomingMessage} response
 */
function came(request, response) {
  if (request.finished || !isLent(request)) return;
  response.prependListener('end', () => {
    if (!request.finished) request.shouldKeepAlive = false; // Its connection is closed now.
  });
}

/**
 * The listeners have been told of a response. As long as nobody reads it its socket does not keep the process.
 * @param {any} request
 * @param {any} response
 */
function shown(request, response) {
  if (isBeingRead(response) || !isLent(request)) return;
  sweep();
  const { socket } = request;
  unread.set(response, socket);
  socket.unref();
  response._read = function (/** @type {number} */ size) {
    delete response._read;
    unread.delete(response);
    if (socket._httpMessage === request) socket.ref();
    return response._read(size);
  };
}

/** Close the connections of responses that have come to their end unread: who reads one later finds it in memory. */
function sweep() {
  for (const [response, socket] of unread) {
    if (!response.complete && !socket.destroyed) continue;
    unread.delete(response);
    if (socket._httpMessage === response.req && !isBeingRead(response)) socket.destroy();
  }
}

reviews.push(sweep);

module.exports = { came, shown };
