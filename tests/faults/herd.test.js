import assert from 'node:assert/strict';
import { test } from 'node:test';

import { quantile } from './harness/figures.js';
import { Scene } from './harness/scene.js';

const LIMIT = { timeout: 120_000 };
const PAIRS = 150;
const BACK_MS = 30_000;

// Ten thousand of them are measured with the load program (benchmarks), which is not this slow a client.
test('F19 everybody comes back at once: all are back within 30 s, and stay', LIMIT, async (t) => {
  const scene = await Scene.open(t);
  await scene.talking(PAIRS, { everyMs: 1000 });
  const { servingAt } = await scene.server.crash();
  const recoverMs = await scene.inSync(servingAt, { ms: 60000, everyMs: 50 });
  const made = scene.pairs.flatMap((pair) => pair.people).map((person) => person.wire.sockets.length);
  await scene.settle('F19', { trials: 2 * PAIRS, recoverMs, note: `${2 * PAIRS} people, at most ${Math.max(...made) - 1} tries` });
  assert.ok(quantile(recoverMs, 1) <= BACK_MS);
});
