'use strict';

/**
 * Keeps the cookies by which load balancers find the same target again; opt-in, and no other cookie ever. The rules are
 * those of the Python layer (`lambda_keepalive/sticky.py`).
 */

const config = require('./config.cjs').current;
const { matches } = require('./identity.cjs');

// Of AWS (ALB by duration, by target group, and Classic), Google, Azure App Service and Cloudflare, as they document
// them. Cookies that an application names for its stickiness are the application's.
const NAMES = new Set([
  'AWSALB', 'AWSALBCORS', 'AWSALBTG', 'AWSALBTGCORS', 'AWSELB', 'AWSELBCORS', 'GCLB',
  'ARRAffinity', 'ARRAffinitySameSite', '__cflb',
]);
// RFC 6265, 4.1.1 (cookie-octet). Longer ones than browsers take (RFC 6265, 6.1) are not a load balancer's.
const VALUE = /^[!#-+\--:<-[\]-~]{0,4096}$/;
// More origins than a function has behind sticky load balancers.
const MAX_ORIGINS = 100;

/** @type {Map<string, Map<string, { value: string, end: number }>>} By origin, by name; `end` by the wall clock. */
const kept = new Map();

/**
 * The origin's name in this module, null unless KEEPALIVE_STICKY_HOSTS names the host.
 * @param {string} protocol with its colon
 * @param {string} host
 * @param {number | string} port
 */
function originOf(protocol, host, port) {
  return matches(host, config.stickyHosts) ? `${protocol}//${host.toLowerCase()}:${port}` : null;
}

/**
 * Keep what a response's `Set-Cookie` fields say of our cookies, until they end.
 *
 * The origin alone gets them back, so that `Domain` changes nothing; one with a `Path` of its own is left out, for load
 * balancers have none.
 * @param {string} origin
 * @param {string[]} fields
 */
function store(origin, fields) {
  for (const field of fields) {
    const [[name, value], ...attributes] = field.split(';').map(split);
    if (!NAMES.has(name) || !VALUE.test(value)) continue;
    const said = new Map(attributes.map(([key, text]) => [key.toLowerCase(), text]));
    const end = endOf(said.get('max-age'), said.get('expires'));
    let cookies = kept.get(origin);
    if (end <= Date.now() || (said.get('path') ?? '/') !== '/') {
      cookies?.delete(name);
      continue;
    }
    if (cookies === undefined) {
      if (kept.size >= MAX_ORIGINS) continue;
      kept.set(origin, (cookies = new Map()));
    }
    cookies.set(name, { value, end });
  }
}

/** @param {string} pair @returns {[string, string]} */
function split(pair) {
  const at = pair.indexOf('=');
  return at < 0 ? [pair.trim(), ''] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
}

/**
 * When a cookie ends: `Max-Age` counts before `Expires` (RFC 6265, 5.3); what cannot be read ends it at once.
 * @param {string | undefined} age
 * @param {string | undefined} expires
 */
function endOf(age, expires) {
  if (age !== undefined) return /^-?\d+$/.test(age) ? Date.now() + Number(age) * 1000 : 0;
  return expires === undefined ? Infinity : Date.parse(expires) || 0;
}

/**
 * The `Cookie` field for a request whose caller has given this one; null if nothing is to be added. A cookie that the
 * caller sets wins. There is only one field (RFC 6265, 5.4).
 * @param {string} origin
 * @param {string} given
 */
function merged(origin, given) {
  const names = new Set(given.split(';').map((pair) => split(pair)[0]));
  const now = Date.now();
  const ours = [...(kept.get(origin) ?? [])]
    .filter(([name, { end }]) => end > now && !names.has(name))
    .map(([name, { value }]) => `${name}=${value}`);
  return ours.length === 0 ? null : [...(given === '' ? [] : [given]), ...ours].join('; ');
}

module.exports = { merged, originOf, store };
