import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { DatabaseLock } from './harness/database-lock.js';
import { quantile } from './harness/figures.js';
import { latencies } from './harness/oracle.js';
import { Scene } from './harness/scene.js';
import { LONG } from './harness/seed.js';
import { lasts, until } from './harness/until.js';

const LIMIT = { timeout: 90_000 };
const HEAL_MS = 5000;
const run = promisify(execFile);

const ended = (pair) => ({ type, callId }) => type === 'callEnded' && callId === pair.callId;

/**
 * While the store cannot write: who talks goes on, an end is told at once, a start is refused with
 * `store-unavailable`; afterwards the store heals by itself, and what was told stands in the history.
 */
async function withoutStore(t, fault, scene, { fail, heal, note }) {
  const [talking, ending, leaving] = await scene.talking(3);
  const [idle] = await scene.connected(1);
  await fail();
  const refusal = await idle.patient.start().then(() => assert.fail('a start was accepted'), (error) => error);
  assert.equal(refusal.code, 'store-unavailable');
  assert.equal(refusal.retryable, true);
  const saidAt = performance.now();
  await Promise.all([ending.patient.end(), leaving.doctor.leave()]);
  await Promise.all([
    ending.doctor.told('of the end', ended(ending)),
    leaving.patient.told('that the doctor left', ({ type, participant }) => type === 'participant' && participant.inCall === false),
  ]);
  const toldMs = performance.now() - saidAt;
  await talking.inSync(performance.now());
  const idleSockets = idle.patient.wire.sockets.length;
  await heal();
  const healedFrom = performance.now();
  await until('a start is accepted again', () => idle.patient.start().then(() => true), { ms: 20000, everyMs: 100 });
  const healMs = performance.now() - healedFrom;
  const { api } = scene.server;
  await until('the end stands in the history', async () => (await api.events(ending.callId)).some((event) => event.type === 'call.ended'), { ms: HEAL_MS });
  assert.ok((await api.events(leaving.callId)).some((event) => event.type === 'call.left'));
  assert.ok((await api.expect(200, 'GET', '/readyz')) !== undefined);
  // Its command waited for the store longer than the heartbeat allows for a pong.
  assert.equal(idleSockets, 1, 'the socket of the refused start stayed');
  idle.close();
  ending.close();
  leaving.close();
  scene.pairs = [talking];
  await scene.settle(fault, { trials: 4, recoverMs: [healMs], note: `${note}; told after ${Math.round(toldMs)} ms` });
  assert.ok(toldMs <= 5000, `told after ${toldMs} ms`);
  assert.ok(healMs <= HEAL_MS, `healed after ${healMs} ms`);
}

test('F51 another process locks the database: calls and ends go on, starts are refused, it heals', LIMIT, async (t) => {
  const scene = await Scene.open(t);
  let lock;
  scene.onEnd(() => lock?.release());
  await withoutStore(t, 'F51', scene, {
    fail: async () => (lock = await DatabaseLock.hold(scene.server.database, 'writer')),
    heal: () => lock.release(),
    note: 'BEGIN EXCLUSIVE',
  });
});

const mayMount = (() => {
  try {
    execFileSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

test('F48 the volume of the database is full: calls and ends go on, starts are refused, it heals',
  { ...LIMIT, skip: !mayMount && 'needs the right to mount (root)' }, async (t) => {
    const data = await mkdtemp(join(tmpdir(), 'rendezvous-volume-'));
    const under = ['unshare', '-m', 'sh', '-c', `mount -t tmpfs -o size=6m,mode=0700 tmpfs '${data}' && exec "$@"`, 'sh'];
    const scene = await Scene.open(t, { data, under });
    scene.onEnd(() => rm(data, { recursive: true, force: true }));
    // The process sees the volume, others reach it through its root.
    const filler = join(`/proc/${scene.server.pid}/root`, data, 'filler');
    await withoutStore(t, 'F48', scene, {
      fail: async () => fill(filler),
      heal: async () => rmSync(filler),
      note: 'tmpfs of 6 MiB full',
    });
  });

/** Fills a volume to the last byte. */
function fill(file) {
  const descriptor = openSync(file, 'w');
  try {
    for (const bytes of [65536, 4096, 512, 1]) {
      try {
        for (;;) writeFileSync(descriptor, Buffer.alloc(bytes));
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

test('F49 the volume of the log is full: nobody notices', LIMIT, async (t) => {
  const output = openSync('/dev/full', 'w');
  const scene = await Scene.open(t, { output });
  scene.onEnd(() => closeSync(output));
  const [pair] = await scene.talking(1);
  const from = performance.now();
  await lasts(2000);
  await scene.crash();
  const times = [...latencies(pair.doctor, pair.patient, from), ...latencies(pair.patient, pair.doctor, from)];
  await scene.settle('F49', { trials: 1, note: `stdout and stderr to /dev/full, median of a signal ${quantile(times, 0.5).toFixed(1)} ms` });
});

test('F54 a reader who never finishes keeps the log from being emptied: it stays bounded, work goes on', LIMIT, async (t) => {
  const scene = await Scene.open(t);
  const [pair] = await scene.connected(1);
  const reader = await DatabaseLock.hold(scene.server.database, 'reader');
  scene.onEnd(() => reader.release());
  const calls = LONG ? 2000 : 100;
  for (let i = 0; i < calls; ++i) {
    pair.callId = (await pair.patient.start()).call.callId;
    await pair.patient.end();
  }
  const bytes = statSync(`${scene.server.database}-wal`).size;
  await reader.release();
  assert.ok(bytes <= 64 << 20, `${bytes} bytes`);
  await scene.settle('F54', { trials: calls, going: false, note: `log of ${Math.round(bytes / 1024)} KiB` });
});

test('F55 a backup while calls come and go: complete, consistent, and nobody waits for it', LIMIT, async (t) => {
  const rounds = LONG ? 20 : 3;
  const scene = await Scene.open(t);
  const [talker] = await scene.talking(1);
  const [busy] = await scene.connected(1);
  const backup = join(scene.server.folder, 'copy.db');
  let over = false;
  const finished = [];
  const working = (async () => {
    while (!over) {
      const { callId } = (await busy.patient.start()).call;
      await busy.patient.end();
      finished.push({ callId, at: performance.now() });
    }
  })();
  await until('there is something to copy', () => finished.length > 20);
  const calmFrom = performance.now();
  const talk = (since, before) => quantile([...latencies(talker.doctor, talker.patient, since, before), ...latencies(talker.patient, talker.doctor, since, before)], 0.99);
  await lasts(1500);
  const calm = talk(calmFrom, performance.now());
  const from = performance.now();
  for (let i = 0; i < rounds; ++i) {
    rmSync(backup, { force: true });
    const startedAt = performance.now();
    await scene.server.command('backup', backup);
    const { stdout } = await run('python3', ['-c', CHECK, backup]);
    const copy = JSON.parse(stdout);
    assert.equal(copy.integrity, 'ok');
    const kept = new Set(copy.ended);
    const missing = finished.filter((each) => each.at < startedAt && !kept.has(each.callId));
    assert.deepEqual(missing, [], 'what was acknowledged before the backup is in it');
  }
  const during = talk(from, performance.now());
  over = true;
  await working;
  const note = `${rounds} backups, ${finished.length} calls beside them, p99 of a signal ${calm.toFixed(1)} -> ${during.toFixed(1)} ms`;
  scene.pairs = [talker];
  busy.close();
  await scene.settle('F55', { trials: rounds, note });
  // The copy starts two processes of its own on the same cores.
  assert.ok(during <= Math.max(3 * calm, calm + 50), note);
});

const CHECK = `
import json, sqlite3, sys
copy = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)
print(json.dumps({'integrity': copy.execute('PRAGMA integrity_check').fetchone()[0],
                  'ended': [row[0] for row in copy.execute("SELECT id FROM calls WHERE state = 'ended'")]}))
`;
