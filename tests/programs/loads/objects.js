// SPDX-License-Identifier: MIT
// Buffers, compression, JSON, regular expressions and worker threads; prints digests of what came out.
//
//     node objects.js ROUNDS
'use strict';
const crypto = require('crypto');
const zlib = require('zlib');
const { isMainThread, parentPort, Worker, workerData } = require('worker_threads');

function numbers(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 8;
}

function work(seed, rounds) {
  const next = numbers(seed);
  const digest = crypto.createHash('sha256');
  let kept = new Map();
  for (let round = 0; round < rounds; ++round) {
    const text = Array.from({ length: 200 }, () => `${next().toString(36)}:${'x'.repeat(next() % 50)}`).join(',');
    const packed = zlib.deflateSync(Buffer.from(text), { level: 1 + (next() % 9) });
    kept.set(next() % 64, Buffer.concat([packed, Buffer.alloc(next() % 20000, round)]));
    digest.update(zlib.inflateSync(packed)).update(JSON.stringify(text.match(/[a-z]+\d:x+/g)));
    if (round % 50 === 49) kept = new Map([...kept].filter(([key]) => key % 2 === 0));
  }
  for (const key of [...kept.keys()].sort((a, b) => a - b)) digest.update(kept.get(key));
  return digest.digest('hex');
}

if (isMainThread) {
  const rounds = Number(process.argv[2]);
  const workers = [1, 2, 3].map((seed) => new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: { seed, rounds } });
    worker.on('message', resolve).on('error', reject);
  }));
  Promise.all([...workers, work(4, rounds)]).then((digests) => console.log(digests.join('\n')));
} else {
  parentPort.postMessage(work(workerData.seed, workerData.rounds));
}
