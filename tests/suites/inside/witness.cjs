'use strict';

// Writes down, at exit, what the layer did in this process, as sitecustomize.py does for Python.

const { writeFileSync } = require('node:fs');
const { isMainThread, threadId } = require('node:worker_threads');

const STATS = /\/lambda-keepalive\/node\/stats\.cjs$/;

if (isMainThread && process.env.SUITES_WITNESS) {
  const directory = process.env.SUITES_WITNESS;
  process.on('exit', () => {
    const loaded = Object.keys(require.cache).find((path) => STATS.test(path));
    const counts = loaded === undefined ? null : require.cache[loaded].exports.running;
    const [opened, reused] = ['opened', 'reused'].map((counter) => counts?.total(counter) ?? 0);
    writeFileSync(`${directory}/${process.pid}-${threadId}.json`, JSON.stringify({ opened, reused, complaints: [] }));
  });
}
