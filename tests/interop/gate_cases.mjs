// SPDX-License-Identifier: BSD-3-Clause
// The two ends of gate_test.sh: the SDKs' tokens for a running gate, and a look at its verdicts.
// gate_cases.mjs mint FOLDER; gate_cases.mjs compare FOLDER
import fs from 'node:fs';
import path from 'node:path';
import { config, judged, finish } from './world.mjs';

const [word, folder] = process.argv.slice(2);
const file = (name) => path.join(folder, name);
const lines = (objects) => objects.map((o) => JSON.stringify(o) + '\n').join('');
const read = (name) => fs.readFileSync(file(name), 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));

if (word === 'mint') {
  const { cases } = await import('./cases.mjs');
  fs.writeFileSync(file('apps.json'), JSON.stringify(config.apps), { mode: 0o600 });
  fs.writeFileSync(file('requests'), lines(cases.map((c) => c.request)));
  fs.writeFileSync(file('cases'), lines(cases));
} else {
  judged(read('cases'), read('verdicts'));
  finish();
}
