'use strict';

/** Which requests may be sent twice, since Node does not show whether the peer's TCP has acknowledged the first one. */

// RFC 9110, 9.2.2.
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * By its method, or by an `Idempotency-Key`, with which the server tells a second one from a repeated one.
 * @param {string} method
 * @param {() => boolean} hasKey
 */
function mayRepeat(method, hasKey) {
  return IDEMPOTENT.has(method) || hasKey();
}

module.exports = { mayRepeat };
