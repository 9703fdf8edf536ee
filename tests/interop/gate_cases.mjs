// SPDX-License-Identifier: BSD-3-Clause
// The two ends of gate_test.sh: the SDKs' tokens for a running gate, and a look at its verdicts.
// gate_cases.mjs mint FOLDER; gate_cases.mjs compare FOLDER; gate_cases.mjs refreshed FOLDER
import fs from 'node:fs';
import path from 'node:path';
import { config, check, judged, finish, opentok } from './world.mjs';
import { createRequire } from 'node:module';

const [word, folder] = process.argv.slice(2);
const file = (name) => path.join(folder, name);
const lines = (objects) => objects.map((o) => JSON.stringify(o) + '\n').join('');
const read = (name) => fs.readFileSync(file(name), 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));

// Successors that the gate has minted: the vendors' verifiers take them, the claim they do not know and all,
// and read there what was in the token, its times excepted.
async function refreshed(requests, verdicts, apps) {
  const require = createRequire(import.meta.url);
  const { TokenVerifier } = await import('livekit-server-sdk');
  const jsonwebtoken = require('jsonwebtoken'), t1 = require('opentok-token/helpers.js');
  const { verifySignature } = require('@vonage/jwt');
  const secretOf = (vendor) => apps.find((app) => app.vendor === vendor).secrets[0];
  const changed = ['iat', 'exp', 'nbf', 'create_time', 'expire_time', 'nonce', 'jg_ancestors', 'jti', 'partner_id', 'sig'];
  const rest = (claims, vendor) => JSON.stringify(Object.entries(claims).filter(([k, v]) => !changed.includes(k) && v !== '' &&
    (vendor !== 'livekit' || k !== 'identity')).sort());
  check('something was refreshed', requests.length > 10 && requests.length === verdicts.length, `${requests.length}`);
  for (const [i, { vendor, token }] of requests.entries()) {
    const next = verdicts[i].token, name = `refreshed ${vendor} ${i}`;
    try {
      if (token.startsWith('T1==')) {
        check(name, t1.verifyTokenSignature(next, opentok.secret) && rest(t1.decodeToken(next)) === rest(t1.decodeToken(token)), next);
        continue;
      }
      const key = secretOf(vendor).secret ?? secretOf(vendor).public_key;
      const claims = jsonwebtoken.verify(next, key, { algorithms: [vendor === 'vonage' ? 'RS256' : 'HS256'] });
      if (vendor === 'livekit') await new TokenVerifier(apps[0].key, key).verify(next);
      if (vendor === 'vonage') check(`${name} by @vonage/jwt`, verifySignature(next, key), next);
      check(name, rest(claims, vendor) === rest(jsonwebtoken.decode(token), vendor) && claims.jg_ancestors.length === 22, next);
    } catch (error) {
      check(name, false, `${error.message}; ${JSON.stringify(verdicts[i])}`);
    }
  }
}

if (word === 'mint') {
  const { cases } = await import('./cases.mjs');
  fs.writeFileSync(file('apps.json'), JSON.stringify(config.apps), { mode: 0o600 });
  fs.writeFileSync(file('requests'), lines(cases.map((c) => c.request)));
  fs.writeFileSync(file('cases'), lines(cases));
} else if (word === 'compare') {
  judged(read('cases'), read('verdicts'));
  // What can be refreshed shall be, and was admitted.
  const verdicts = read('verdicts');
  fs.writeFileSync(file('refreshes'), lines(read('cases').map((c, i) => ({ ...c.request, type: 'refresh', verdict: verdicts[i] }))
    .filter((r) => r.verdict.verdict === 'admit' && r.vendor !== 'agora' && r.verdict.expires_at !== null)
    .map(({ verdict, ...request }) => request)));
  finish();
} else {
  await refreshed(read('refreshes'), read('successors'), JSON.parse(fs.readFileSync(file('apps.json'))));
  finish();
}
