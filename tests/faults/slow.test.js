import assert from 'node:assert/strict';
import { test } from 'node:test';

import { quantile, record } from './harness/figures.js';
import { latencies } from './harness/oracle.js';
import { book } from './harness/pair.js';
import { RawSocket } from './harness/raw.js';
import { Scene } from './harness/scene.js';
import { lasts, until } from './harness/until.js';

const LIMIT = { timeout: 90_000 };
const WRITE_MS = 1500;
const QUEUE_BYTES = 262144;
// The queue is also the ring; besides it one message being written, and what allocators and buffers of TLS keep.
const MORE_KIB = 3 * QUEUE_BYTES / 1024;
const SIGNAL_BYTES = 4096;
const CONFIG = {
  rooms: { heartbeat_ms: 2000, pong_timeout_ms: 2000 },
  limits: { write_timeout_ms: WRITE_MS, queue_bytes_max: QUEUE_BYTES, messages_per_s: 2000, messages_burst: 4000, signals_unanswered_max: 100000 },
};

const p99 = (pair, since, before) => quantile(
  [...latencies(pair.doctor, pair.patient, since, before), ...latencies(pair.patient, pair.doctor, since, before)], 0.99);

/** A raw pair in one call; `victim` comes through the proxy. */
async function rawPair(scene, proxy) {
  const { id, doctor, patient } = await book(scene.server);
  const sender = await RawSocket.registered(scene.server, { appointmentId: id, ...doctor });
  const victim = await RawSocket.registered(scene.server, { appointmentId: id, ...patient, port: proxy.port });
  scene.onEnd(() => [sender, victim].forEach((each) => each.close()));
  await victim.ask({ type: 'startCall', id: 's' });
  await sender.ask({ type: 'joinCall', id: 'j' });
  return { sender, victim };
}

const isAway = ({ sender }) => sender.messages.some((each) => each.type === 'participant' && each.change === 'reconnecting');

/**
 * The sender sends a little at a time to a victim who takes nothing, or next to nothing, until that one is cut by the
 * write limit: how long after the kernel took the last byte, and what it cost.
 */
async function starve(t, fault, rule, keepAlive) {
  const scene = await Scene.open(t, { config: CONFIG });
  const proxy = await scene.proxy();
  const [neighbour] = await scene.talking(1);
  const pair = await rawPair(scene, proxy);
  const calmFrom = performance.now();
  await lasts(1500);
  const calm = p99(neighbour, calmFrom, performance.now());
  const memory = await scene.server.residentBytes();
  const [link] = proxy.links;
  link.apply({ down: rule });
  const from = performance.now();
  let [stuckAt, held, peak, sent] = [from, 0, memory, 0];
  const beat = setInterval(() => keepAlive(pair.victim), 200);
  await until('the slow one is cut', async () => {
    pair.sender.send({ type: 'signal', data: { filler: 'x'.repeat(SIGNAL_BYTES), n: ++sent } });
    peak = Math.max(peak, await scene.server.residentBytes());
    const now = await scene.server.unsentBytes(link.portAtServer);
    if (now > held) [held, stuckAt] = [now, performance.now()];
    return isAway(pair);
  }, { ms: 40000, everyMs: 50 }).finally(() => clearInterval(beat));
  const cutMs = performance.now() - stuckAt;
  const busy = p99(neighbour, from, performance.now());
  const moreKiB = Math.round((peak - memory) / 1024);
  const note = `cut ${Math.round(cutMs)} ms after its buffers were full (write limit ${WRITE_MS} ms), ${sent} signals of ${SIGNAL_BYTES} bytes, `
    + `server +${moreKiB} KiB, neighbours' p99 ${calm.toFixed(1)} -> ${busy.toFixed(1)} ms`;
  t.diagnostic(note);
  await scene.settle(fault, { trials: 1, note });
  assert.ok(cutMs <= WRITE_MS + 1000, note);
  assert.ok(moreKiB <= MORE_KIB, note);
}

test('F20 a receiver who sends and never reads is cut, and costs its neighbours nothing', LIMIT, (t) =>
  starve(t, 'F20', { stalled: true }, (victim) => victim.send({ type: 'mediaState', audio: true, video: true, screen: false, connection: 'up' })));

test('F22 a receiver of one byte per second is cut as well', LIMIT, (t) =>
  starve(t, 'F22', { bytesPerS: 1 }, (victim) => victim.send({ type: 'pong', seq: 0 })));

test('F20 a flood to one who never reads stops at the queue limit', LIMIT, async (t) => {
  const scene = await Scene.open(t, { config: CONFIG });
  const proxy = await scene.proxy();
  const pair = await rawPair(scene, proxy);
  const memory = await scene.server.residentBytes();
  for (const link of proxy.links) link.apply({ down: { stalled: true } });
  let sent = 0;
  await until('the slow one is cut', () => {
    for (let i = 0; i < 4; ++i, ++sent) pair.sender.send({ type: 'signal', data: { filler: 'x'.repeat(32768) } });
    return isAway(pair);
  }, { ms: 10000 });
  const moreKiB = Math.round((await scene.server.residentBytes() - memory) / 1024);
  record('F20', t.name, { trials: 1, note: `cut after ${sent} signals of 32 KiB, server +${moreKiB} KiB` });
  assert.ok(moreKiB <= MORE_KIB, `${moreKiB} KiB`);
});

test('F21 a receiver who only sends WebSocket pings and never reads is closed', LIMIT, async (t) => {
  const scene = await Scene.open(t, { config: CONFIG });
  const proxy = await scene.proxy();
  const pair = await rawPair(scene, proxy);
  for (const link of proxy.links) link.apply({ down: { stalled: true } });
  const from = performance.now();
  const beat = setInterval(() => pair.victim.socket.ping(), 100);
  await until('the silent one is closed', () => isAway(pair), { ms: 20000 }).finally(() => clearInterval(beat));
  const cutMs = performance.now() - from;
  const { heartbeat_ms: everyMs, pong_timeout_ms: timeoutMs } = CONFIG.rooms;
  record('F21', t.name, { trials: 1, note: `closed after ${Math.round(cutMs)} ms, heartbeat ${everyMs} + ${timeoutMs} ms` });
  assert.ok(cutMs <= everyMs + timeoutMs + 1000, `${cutMs} ms`);
});
