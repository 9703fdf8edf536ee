// SPDX-License-Identifier: BSD-3-Clause
// The SDKs' tokens are judged right by `joingate verify`. verify_test.mjs JOINGATE
import { run, judged, finish } from './world.mjs';
import { cases } from './cases.mjs';

judged(cases, run('verify', cases.map((c) => c.request)));
finish();
