'use strict';

/** Has requests ask for a lasting connection where only their agent or their library asks for a close. */

// Libraries that ask for `Connection: close` when the caller did not (node-fetch 2.6 and 3.2, without an agent).
const CLOSERS = /^node-fetch\b/;

/**
 * Whether only the request's agent, or its library, asks for a close, if anybody does.
 * @param {any} request before its head is sent
 * @param {any} options
 */
function mayKeepOpen(request, options) {
  // Built by the constructor, from an array of fields or for `Expect`: what the agent has put in stands in it.
  if (request._header) return request._last && !names(options.headers).includes('connection');
  const asked = request.getHeader('connection');
  if (asked === undefined) return !request._removedConnection;
  return /^close$/i.test(String(asked)) && CLOSERS.test(String(request.getHeader('user-agent')));
}

/**
 * Have the request ask for a lasting connection if nobody minds.
 * @param {any} request before its head is sent
 * @param {any} options
 */
function keepOpen(request, options) {
  if (!mayKeepOpen(request, options)) return;
  if (request._header) rewriteHead(request);
  else if (request.getHeader('connection') !== undefined) {
    request.removeHeader('connection');
    request._removedConnection = false;
  }
  request.shouldKeepAlive = true;
  request._last = false;
}

/**
 * Of a request whose head has been built; with `Expect` it waits to be written, too (lib/_http_outgoing.js, _storeHeader).
 * @param {any} request
 */
function rewriteHead(request) {
  const head = request._header.replace('\r\nConnection: close\r\n', '\r\nConnection: keep-alive\r\n');
  for (const entry of request.outputData) {
    if (entry.data !== request._header) continue;
    entry.data = head;
    request.outputSize += head.length - request._header.length;
  }
  request._header = head;
}

/** @param {any} headers an array of fields, flat or in pairs, or an object @returns {string[]} */
function names(headers) {
  if (!Array.isArray(headers)) return Object.keys(headers ?? {}).map((name) => name.toLowerCase());
  const fields = Array.isArray(headers[0]) ? headers.map(([name]) => name) : headers.filter((_, at) => at % 2 === 0);
  return fields.map((name) => String(name).toLowerCase());
}

module.exports = { keepOpen, mayKeepOpen };
