// SPDX-License-Identifier: BSD-3-Clause
// fast-jwt with its cache off: a verifier made once. peer.mjs FILE [ROUNDS]; the tokens of bench_core -d.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(process.cwd() + '/');
const { createVerifier } = require('fast-jwt');
const NOW = 1800000000;
const [, , file, rounds = '30'] = process.argv;
const [first, ...tokens] = readFileSync(file, 'utf8').trimEnd().split('\n');
const [app, secret] = first.split(' ');
const verify = createVerifier({
	key: secret, algorithms: ['HS256'], clockTimestamp: NOW * 1000, clockTolerance: 60000, allowedIss: app,
	cache: false,
});

function admits(token) {
	try {
		const c = verify(token);
		return c.sub !== '' && c.video.roomJoin === true && c.video.room !== '';
	} catch {
		return false;
	}
}

// The collector's threads are a part of the price: the process's CPU time.
function cpuNs() {
	const { user, system } = process.cpuUsage();
	return (user + system) * 1000;
}

if (admits(tokens[0].slice(0, -20) + 'A'.repeat(20))) throw new Error('admits a bad signature');
const samples = [];
for (let i = 0; i < Number(rounds); i++) {
	const start = cpuNs();
	for (let j = 0; j < 10; j++)
		for (const token of tokens) if (!admits(token)) throw new Error('refuses a good token');
	samples.push((cpuNs() - start) / tokens.length / 10);
}
samples.sort((a, b) => a - b);
console.log(JSON.stringify({
	bench: 'peer', who: 'Node fast-jwt', best_ns: samples[0], median_ns: samples[(samples.length - 1) >> 1],
	tokens: tokens.length,
}));
