'use strict';

/**
 * Decides what may share a connection: the transport identity, and the named rules by which there is none.
 *
 * | rule | when |
 * | --- | --- |
 * | runtime-api | the Lambda Runtime API |
 * | loopback | this machine, unless KEEPALIVE_LOOPBACK=1: single-threaded local servers wait for the client's close |
 * | excluded | KEEPALIVE_EXCLUDE_HOSTS names it |
 * | foreign-socket | the caller supplies the transport: options `socket`, `fd`, `onread`, `secureContext` with a session |
 * | foreign-class | an agent that overrides one of the methods that make or keep connections; a proxy's agent |
 */

const net = require('net');
const config = require('./config.cjs').current;

// What `net.connect` reads, and `tls.connect` and `tls.createSecureContext` besides (lib/net.js, lib/internal/tls/ of
// Node 20.20, 22.23 and 24.21). Not: `keepAlive` and its delay, which idle sockets have anyway; time-outs, which the
// next user sets; `agent.getName`, which joins some of these without a mark in between.
const TCP_OPTIONS = [
  'host', 'port', 'socketPath', 'localAddress', 'localPort', 'family', 'hints', 'lookup', 'noDelay', 'highWaterMark',
  'autoSelectFamily', 'autoSelectFamilyAttemptTimeout', 'allowHalfOpen', 'blockList', 'typeOfService', 'signal',
];
const TLS_OPTIONS = [
  'servername', 'ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'checkServerIdentity', 'ciphers',
  'clientCertEngine', 'crl', 'dhparam', 'ecdhCurve', 'honorCipherOrder', 'minVersion', 'maxVersion', 'minDHSize',
  'secureOptions', 'secureProtocol', 'secureContext', 'session', 'sessionIdContext', 'sessionTimeout', 'sigalgs',
  'privateKeyIdentifier', 'privateKeyEngine', 'ticketKeys', 'ALPNProtocols', 'ALPNCallback', 'SNICallback', 'pskCallback',
  'requestOCSP', 'requestCert', 'enableTrace', 'allowPartialTrustChain', 'certificateCompression',
];
const ALL_OPTIONS = [...TCP_OPTIONS, ...TLS_OPTIONS];
// Of an agent's own options all count but these, which rule how it keeps sockets.
const AGENT_OPTIONS = new Set([
  ...ALL_OPTIONS, 'keepAlive', 'keepAliveMsecs', 'keepAliveInitialDelay', 'maxSockets', 'maxFreeSockets',
  'maxTotalSockets', 'maxCachedSessions', 'scheduling', 'timeout', 'path', 'agentKeepAliveTimeoutBuffer', 'protocol',
  'defaultPort',
]);
const SUPPLIED = ['socket', 'fd', 'onread'];

// Longer texts (certificates) are compared once and then by number. As many as a program can have for a purpose.
const LONG_TEXT = 64;
const MAX_TEXTS = 1000;

/** @type {Map<string, number>} */
const texts = new Map();
/** @type {WeakMap<object, number>} */
const objects = new WeakMap();
let numbers = 0;

/** @param {string} text */
function numberOfText(text) {
  let number = texts.get(text);
  if (number === undefined) {
    if (texts.size >= MAX_TEXTS) texts.clear(); // Costs a connection, since the numbers go on.
    texts.set(text, (number = numbers += 1));
  }
  return number;
}

/** @param {object} object */
function numberOfObject(object) {
  let number = objects.get(object);
  if (number === undefined) objects.set(object, (number = numbers += 1));
  return number;
}

/**
 * A value as text, such that two texts are equal only if the values do the same: data by content, what is callable or
 * has a class by being the same object.
 * @param {any} value
 * @returns {string}
 */
function render(value) {
  switch (typeof value) {
    case 'string':
      return value.length > LONG_TEXT ? `t${numberOfText(value)}` : `s${value.length}:${value}`;
    case 'object':
      if (value === null) return 'null';
      if (ArrayBuffer.isView(value)) {
        const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
        return `b${numberOfText(bytes.toString('latin1'))}`;
      }
      if (Array.isArray(value)) return `[${value.map(render).join()}]`;
      if (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null) {
        return `{${Object.keys(value).sort().map((name) => render(name) + render(value[name])).join()}}`;
      }
      return `o${numberOfObject(value)}`;
    case 'function':
      return `o${numberOfObject(value)}`;
    default:
      return String(value);
  }
}

/**
 * What anybody may have replaced or switched, and what new connections are made with, as it was last seen: without TLS, with it.
 * @type {{ seen: any[], text: string }[]}
 */
const surroundings = [{ seen: [], text: '' }, { seen: [], text: '' }];

/** @type {any} Loaded when they are needed. */
let dns = null;
/** @type {any} */
let tls = null;

/** @param {boolean} secure @returns {string} equal only where nothing has been switched in between */
function currentSurroundings(secure) {
  dns ??= require('dns');
  /** @type {any[]} */
  const look = [dns.lookup, net.connect, net.Socket.prototype.connect];
  if (secure) {
    tls ??= require('tls');
    look.push(
      tls.connect, tls.createSecureContext, tls.checkServerIdentity, tls.DEFAULT_CIPHERS, tls.DEFAULT_ECDH_CURVE,
      tls.DEFAULT_MIN_VERSION, tls.DEFAULT_MAX_VERSION, process.env.NODE_TLS_REJECT_UNAUTHORIZED,
      tls.getCACertificates?.('default'), // Another array after `setDefaultCACertificates`; 0.3 ms once (Node 22 and newer).
    );
  }
  const last = surroundings[Number(secure)];
  if (look.length !== last.seen.length || !look.every((value, at) => value === last.seen[at])) {
    last.seen = look;
    last.text = look.map(render).join();
  }
  return last.text;
}

/**
 * The identity of the connection that an agent is about to make; equal ones may share.
 * @param {import('http').Agent} agent
 * @param {any} options of the connection: the agent's own, and the request's (lib/_http_agent.js, createSocket)
 * @returns {string | null} null if the caller supplies the transport
 */
function identify(agent, options) {
  const secure = /** @type {any} */ (agent).protocol === 'https:';
  const own = /** @type {any} */ (agent).options;
  for (const name of SUPPLIED) if (options[name] !== undefined) return null;
  let key = `${secure ? 'tls' : 'tcp'} ${currentSurroundings(secure)}`;
  for (const name of secure ? ALL_OPTIONS : TCP_OPTIONS) key += part(name, options[name]);
  for (const name in own) if (!AGENT_OPTIONS.has(name)) key += part(name, own[name]);
  return key;
}

/** @param {string} name @param {any} value */
function part(name, value) {
  return value === undefined || value === null ? '' : ` ${name}=${render(value)}`;
}

/** @type {Map<string, string | null>} By host. */
const verdicts = new Map();
const MAX_VERDICTS = 1000;
const [, RUNTIME_HOST, RUNTIME_PORT] = /^(.*):(\d+)$/.exec(config.runtimeApi) ?? [];

/**
 * The rule against sharing connections to this host (as dialled: a name or an address literal), or null.
 * @param {string} host
 * @param {number | string} port
 */
function refusedAddress(host, port) {
  if (host === RUNTIME_HOST && String(port) === RUNTIME_PORT) return 'runtime-api';
  let verdict = verdicts.get(host);
  if (verdict === undefined) {
    if (verdicts.size >= MAX_VERDICTS) verdicts.clear();
    verdicts.set(host, (verdict = judge(host)));
  }
  return verdict;
}

/** @param {string} host */
function judge(host) {
  if (!config.loopback && (host === 'localhost' || isLoopback(host))) return 'loopback';
  return matches(host, config.excludeHosts) ? 'excluded' : null;
}

/**
 * Whether one of the globs (`*`, `?` and `[abc]`, as Python's fnmatch has them) names the host.
 * @param {string} host
 * @param {string[]} globs
 */
function matches(host, globs) {
  return globs.some((glob) => {
    const pattern = glob.replace(/\[!?[^\]]+\]|[^]/g, (token) => {
      if (token === '*') return '.*';
      if (token === '?') return '.';
      if (token.length > 1) return token.replace('[!', '[^').replace(/\\/g, '\\\\');
      return token.replace(/[.+^${}()|[\]\\]/, '\\$&');
    });
    return new RegExp(`^(?:${pattern})$`, 's').test(host.toLowerCase());
  });
}

/**
 * Whether an address literal is this machine (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3).
 * @param {string | undefined} address
 */
function isLoopback(address) {
  return address !== undefined && /^(127\.|::ffff:127\.|::1$|\[::1\]$)/i.test(address);
}

module.exports = { currentSurroundings, identify, isLoopback, matches, refusedAddress, render };
