// SPDX-License-Identifier: BSD-3-Clause
// The fixed world of the interop tests: a clock that stands still, made-up credentials, and the
// configuration joingate gets. Import this before any SDK, which all read the clock. JG_NOW sets the
// clock, for a gate that judges by its own.
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';

export const NOW = Number(process.env.JG_NOW ?? 1800000000);

const RealDate = Date;
let clock = NOW;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length > 0) super(...args);
    else super(clock * 1000);
  }
  static now() {
    return clock * 1000;
  }
};

// What `mint` makes when it is `seconds` earlier.
export async function ago(seconds, mint) {
  clock = NOW - seconds;
  try {
    return await mint();
  } finally {
    clock = NOW;
  }
}

const pair = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
export const livekit = { key: 'APIq7Rk2ZtVw9LmX', secret: 'vN3pQ8sT1uW6yB0dF5hK7mR2xZ4cG9jL' };
export const stream = { key: 'k8mzq2w7rt5x', secret: 'u9w2kq7m4tz8hxp3v5rj6s0d1f8g2c4n' };
export const development = { key: 'devmode00001', secret: 'not-used-by-development-tokens' };
export const opentok = { key: '47301122', secret: '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567' };
export const vonage = {
  key: '5b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3',
  publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }),
  privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
};
export const agora = { key: '3f1c9a7e5b2d4860a1b2c3d4e5f60718', secret: '0123456789abcdef0123456789abcdef' };
export const session = `1_${Buffer.from(`1~${opentok.key}~~1800000000000~0.48~`).toString('base64url')}`;

export const config = {
  apps: [
    { vendor: 'livekit', key: livekit.key, secrets: [{ id: 'a', secret: livekit.secret }] },
    { vendor: 'stream', key: stream.key, secrets: [{ id: 'a', secret: stream.secret }] },
    { vendor: 'stream', key: development.key, secrets: [{ id: 'a', secret: development.secret }], policy: { auth_checks: false } },
    { vendor: 'opentok', key: opentok.key, secrets: [{ id: 'a', secret: opentok.secret }] },
    { vendor: 'vonage', key: vonage.key, secrets: [{ id: 'a', public_key: vonage.publicKey, private_key: vonage.privateKey }] },
    { vendor: 'agora', key: agora.key, secrets: [{ id: 'a', secret: agora.secret }] },
  ],
};

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'joingate-interop-'));
process.on('exit', () => fs.rmSync(work, { recursive: true }));
const configFile = path.join(work, 'joingate.json');
fs.writeFileSync(configFile, JSON.stringify(config), { mode: 0o600 });

const [joingate] = process.argv.slice(2);

// Is there such a command in this build?
export const has = (command) => spawnSync(joingate, [command, '--help']).status === 0;

// Objects in, objects out, through one run of `joingate COMMAND`.
export function run(command, requests) {
  const input = requests.map((r) => JSON.stringify(r) + '\n').join('');
  const done = spawnSync(joingate, [command, '--config', configFile, '--now', String(NOW), ...(command === 'verify' ? ['--all'] : [])],
    { input, encoding: 'utf8', maxBuffer: 1 << 26 });
  const lines = done.stdout.split('\n').filter((line) => line !== '');
  if (lines.length !== requests.length)
    throw new Error(`joingate ${command}: ${lines.length} answers to ${requests.length} requests, status ${done.status}: ${done.stderr}`);
  return lines.map((line) => JSON.parse(line));
}

let passed = 0, failed = 0;

export function check(name, good, why = '') {
  if (good) passed++;
  else failed++;
  if (!good) console.log(`FAIL ${name} ${why}`);
}

// The fields of `want` that `got` has otherwise.
export function differences(want, got) {
  return Object.keys(want).filter((k) => JSON.stringify(want[k]) !== JSON.stringify(got[k]))
    .map((k) => `${k}: want ${JSON.stringify(want[k])}, got ${JSON.stringify(got[k])}`).join('; ');
}

// Each verdict against what its case must get.
export function judged(cases, verdicts) {
  check('as many verdicts as cases', cases.length === verdicts.length, `${verdicts.length} of ${cases.length}`);
  cases.forEach((c, i) => {
    const wrong = differences(c.want, verdicts[i] ?? {});
    check(c.name, wrong === '', `${wrong}; verdict ${JSON.stringify(verdicts[i])}`);
  });
}

export function finish() {
  console.log(`${passed} checks passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}
