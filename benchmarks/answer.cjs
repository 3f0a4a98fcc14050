'use strict';

// The other side of benchmarks/turns.py: reads "<calls>" from standard input, makes so many calls one after the other and
// answers with microseconds of wall time and of CPU time for one.

const readline = require('node:readline');

/** @param {() => Promise<unknown>} call */
function answer(call) {
  readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    const calls = Number(line);
    const cpu = process.cpuUsage();
    const began = performance.now();
    for (let each = 0; each < calls; each += 1) await call();
    const wall = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    console.log(JSON.stringify([(wall * 1000) / calls, (user + system) / calls]));
  });
}

module.exports = { answer };
