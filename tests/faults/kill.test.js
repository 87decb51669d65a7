import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Scene } from './harness/scene.js';
import { LONG, between, seeded } from './harness/seed.js';
import { lasts } from './harness/until.js';

const LIMIT = { timeout: LONG ? 1_800_000 : 120_000 };
const BACK_MS = 3000;

test('F01 kill -9 in the middle of a call: both come back to the same call', LIMIT, async (t) => {
  const scene = await Scene.open(t);
  const pairs = await scene.talking(5);
  const calls = pairs.map((pair) => pair.callId);
  const { servingAt } = await scene.server.crash();
  const recoverMs = await Promise.all(pairs.map(async (pair) => (await pair.inSync(servingAt)) - servingAt));
  assert.deepEqual(pairs.map((pair) => pair.doctor.callId), calls);
  await scene.settle('F01', { trials: 5, recoverMs });
  assert.ok(Math.max(...recoverMs) <= BACK_MS, `back after ${Math.max(...recoverMs)} ms`);
});
