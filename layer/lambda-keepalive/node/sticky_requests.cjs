'use strict';

/**
 * Adds the cookies of load balancers to requests of `http`, `https` and undici (`sticky`).
 *
 * Seams: `onSocket` of `http.ClientRequest`, when the head is complete and not sent, and its event 'response'; undici's
 * channels for a request that was made and for the head of its response. Only with KEEPALIVE_STICKY_HOSTS. Not for
 * requests whose target is a whole URL: those go to a proxy.
 */

const { subscribe } = require('diagnostics_channel');
const http = require('http');
const guard = require('./guard.cjs');
const sticky = require('./sticky.cjs');

const FIELD = /\r\nCookie:[ \t]*([^\r\n]*)/i;
const END_OF_HEAD = '\r\n\r\n';

/**
 * @param {any} request of node:http
 * @param {any} socket
 */
function prepare(request, socket) {
  if (!socket || !request.path.startsWith('/') || typeof request.host !== 'string') return;
  const port = new URL(`${request.protocol}//${request.getHeader('host') ?? request.host}`).port;
  const origin = sticky.originOf(request.protocol, request.host, port || request.agent?.defaultPort || '');
  if (origin === null) return;
  request.prependOnceListener('response', guard.shielded('sticky cookies', (/** @type {any} */ response) => {
    sticky.store(origin, response.headers['set-cookie'] ?? []);
  }));
  const built = request._header;
  const given = built === null ? request.getHeader('cookie') : FIELD.exec(built)?.[1];
  const field = sticky.merged(origin, [given ?? ''].flat().join('; '));
  if (field !== null) write(request, field);
}

/**
 * Put the field into a head that has been built; it lies in `outputData`, too, unless nothing was written yet.
 * @param {any} request
 * @param {string} field
 */
function write(request, field) {
  const before = request._header;
  if (before === null) {
    request.setHeader('Cookie', field);
    return;
  }
  const line = `\r\nCookie: ${field}`;
  const after = FIELD.test(before)
    ? before.replace(FIELD, () => line)
    : before.replace(END_OF_HEAD, () => line + END_OF_HEAD);
  request._header = after;
  const first = request.outputData[0];
  if (first !== undefined && typeof first.data === 'string' && first.data.startsWith(before)) {
    first.data = after + first.data.slice(before.length);
    request.outputSize += after.length - before.length;
  }
}

/** @param {any} request of undici */
function originOf(request) {
  const { protocol, hostname, port } = new URL(String(request.origin));
  return sticky.originOf(protocol, hostname, port || (protocol === 'https:' ? '443' : '80'));
}

/** @param {any} message */
function created({ request }) {
  const origin = originOf(request);
  if (origin === null || !String(request.path).startsWith('/')) return;
  const { headers } = request; // A flat array up to version 5 and from 6 on, text in between.
  if (!Array.isArray(headers)) return;
  const at = headers.findIndex((name, index) => index % 2 === 0 && String(name).toLowerCase() === 'cookie');
  const field = sticky.merged(origin, at < 0 ? '' : String(headers[at + 1]));
  if (field === null) return;
  if (at < 0) headers.push('cookie', field);
  else headers[at + 1] = field;
}

/** @param {any} message */
function answered({ request, response }) {
  const origin = originOf(request);
  if (origin === null) return;
  const texts = response.headers.map(String);
  const isField = (/** @type {string} */ _, /** @type {number} */ at) => (
    at % 2 === 1 && texts[at - 1].toLowerCase() === 'set-cookie'
  );
  sticky.store(origin, texts.filter(isField));
}

function install() {
  /** @type {any} */
  const prototype = http.ClientRequest.prototype;
  const { onSocket } = prototype;
  prototype.onSocket = function (/** @type {any} */ socket, /** @type {any[]} */ ...rest) {
    guard.shielded('sticky cookies', prepare)(this, socket);
    return onSocket.call(this, socket, ...rest);
  };
  subscribe('undici:request:create', guard.shielded('sticky cookies', created));
  subscribe('undici:request:headers', guard.shielded('sticky cookies', answered));
}

module.exports = { install };
