'use strict';

/**
 * The settings, read once from the environment. Names, defaults and complaints are those of the Python layer
 * (`lambda_keepalive/config.py`, whose table the documentation is made from; a test compares the two).
 *
 * A value that cannot be used costs one line (name, value, the default used instead) and nothing else.
 */

const guard = require('./guard.cjs');

// The clients that can be switched with KEEPALIVE_CLIENTS, and other names for them. Those of Python functions are
// known too, so that one list can serve functions of both kinds.
const CLIENTS = ['node:http', 'undici'];
const SYNONYMS = new Map([['fetch', 'undici'], ['http', 'node:http'], ['https', 'node:http'], ['node:https', 'node:http']]);
const CLIENTS_OF_PYTHON = [
  'aiohttp', 'boto3', 'botocore', 'http.client', 'httpcore', 'httpx', 'requests', 'urllib.request', 'urllib3',
];

/** What a value is not: completes the sentence of the complaint. */
class Unusable extends Error {}

// Most starts find nothing but defaults here. Each regular expression costs 15 to 80 us at its first use (Node 22): they
// need none.
const FLAGS = new Map([['1', true], ['true', true], ['0', false], ['false', false]]);

/** @param {string} text */
function flag(text) {
  const value = FLAGS.get(text.toLowerCase());
  if (value === undefined) throw new Unusable('1, 0, true or false');
  return value;
}

/** @param {string[]} choices */
function choice(...choices) {
  return (/** @type {string} */ text) => {
    if (!choices.includes(text.toLowerCase())) throw new Unusable(choices.join(' or '));
    return text.toLowerCase();
  };
}

/** @param {string} text not empty @param {string} characters that may be in it */
function isMadeOf(text, characters) {
  for (const each of text) if (!characters.includes(each)) return false;
  return true;
}

/** @param {string} text */
function seconds(text) {
  const number = isMadeOf(text, '0123456789.eE+-') ? Number(text) : -1; // Number() alone also reads hexadecimal.
  if (!(number >= 0 && number < 1e9)) throw new Unusable('a number of seconds');
  return number;
}

/** @param {string} text */
function count(text) {
  if (text.length > 9 || !isMadeOf(text, '0123456789')) throw new Unusable('a whole number');
  return Number(text);
}

/** @param {string} text */
function names(text) {
  return text.split(',').map((name) => name.trim().toLowerCase()).filter((name) => name !== '');
}

/**
 * `a,b` = only these; `-a` = all but this.
 * @param {string} text
 */
function clients(text) {
  const wanted = new Set();
  const unwanted = new Set();
  for (const entry of names(text)) {
    const excluded = entry.startsWith('-');
    const name = excluded ? entry.replace(/^-+/, '') : entry;
    const client = SYNONYMS.get(name) ?? name;
    if (!CLIENTS.includes(client) && !CLIENTS_OF_PYTHON.includes(client)) {
      throw new Unusable(`a list of ${[...CLIENTS, ...SYNONYMS.keys()].join(', ')}`);
    }
    (excluded ? unwanted : wanted).add(client);
  }
  return new Set(CLIENTS.filter((client) => (wanted.size === 0 || wanted.has(client)) && !unwanted.has(client)));
}

/** @param {string} text */
function path(text) {
  if (!text.startsWith('/')) throw new Unusable('an absolute path');
  return text;
}

/**
 * Name, default as one would write it, parser.
 * @type {[string, string, (text: string) => any][]}
 */
const SETTINGS = [
  ['KEEPALIVE_ENABLED', '1', flag],
  ['KEEPALIVE_MODE', 'on', choice('on', 'observe', 'off')],
  ['KEEPALIVE_CLIENTS', CLIENTS.join(','), clients],
  ['KEEPALIVE_EXCLUDE_HOSTS', '', names],
  ['KEEPALIVE_LOOPBACK', '0', flag],
  ['KEEPALIVE_IDLE_TIMEOUT', '345', seconds],
  ['KEEPALIVE_MAX_LIFETIME', '600', seconds],
  ['KEEPALIVE_MAX_REQUESTS', '1000', count],
  ['KEEPALIVE_MAX_IDLE_PER_HOST', '10', count],
  ['KEEPALIVE_MAX_IDLE', '100', count],
  ['KEEPALIVE_REPLAY', '1', flag],
  ['KEEPALIVE_STICKY_HOSTS', '', names],
  ['KEEPALIVE_METRICS', 'core', choice('core', 'all', 'log', 'datadog', 'off')],
  ['KEEPALIVE_RUNTIME_DIR', '/tmp/lambda-keepalive', path],
  ['KEEPALIVE_LOG_LEVEL', 'warning', choice(...guard.LEVELS)],
  ['KEEPALIVE_EXPLAIN', '0', flag],
];

// Read by the exec wrapper, by the extension or by the Python layer, never here.
const ELSEWHERE = ['KEEPALIVE_NEXT_WRAPPER', 'KEEPALIVE_METRICS_NAMESPACE', 'KEEPALIVE_PRECONNECT'];

/**
 * @typedef {object} Config The settings in force: the names of `SETTINGS` without the prefix.
 * @property {boolean} enabled
 * @property {string} mode
 * @property {Set<string>} clients
 * @property {string[]} excludeHosts globs
 * @property {boolean} loopback
 * @property {number} idleTimeout seconds
 * @property {number} maxLifetime seconds
 * @property {number} maxRequests
 * @property {number} maxIdlePerHost
 * @property {number} maxIdle
 * @property {boolean} replay
 * @property {string[]} stickyHosts globs
 * @property {string} metrics
 * @property {string} runtimeDir
 * @property {string} logLevel
 * @property {boolean} explain
 * @property {string} runtimeApi host:port, what the platform says
 * @property {string} initializationType
 * @property {boolean} concurrent whether several invocations may run at once in this process
 * @property {string[]} complaints
 */

/**
 * Read the settings; never fails.
 * @param {Record<string, string | undefined>} environ
 * @returns {Config}
 */
function parse(environ) {
  /** @type {any} */
  const config = { complaints: [] };
  for (const [name, usual, parser] of SETTINGS) {
    const [first, ...words] = name.slice('KEEPALIVE_'.length).toLowerCase().split('_');
    const field = first + words.map((word) => word[0].toUpperCase() + word.slice(1)).join('');
    const text = (environ[name] ?? '').trim();
    try {
      config[field] = parser(text === '' ? usual : text);
    } catch (error) {
      const why = /** @type {Error} */ (error).message;
      config.complaints.push(`${name}='${text}' is not ${why}; using ${usual === '' ? 'nothing' : usual}`);
      config[field] = parser(usual);
    }
  }
  for (const name of Object.keys(environ)) {
    if (name.startsWith('KEEPALIVE_') && !ELSEWHERE.includes(name) && !SETTINGS.some(([known]) => known === name)) {
      config.complaints.push(`${name} is not a setting; it is ignored`);
    }
  }
  config.runtimeApi = environ.AWS_LAMBDA_RUNTIME_API ?? '';
  config.initializationType = environ.AWS_LAMBDA_INITIALIZATION_TYPE ?? 'on-demand';
  config.concurrent = environ.AWS_LAMBDA_MAX_CONCURRENCY !== undefined;
  return config;
}

const current = parse(process.env);
guard.setLevel(current.logLevel);

module.exports = { CLIENTS, ELSEWHERE, SETTINGS, SYNONYMS, current, parse };
