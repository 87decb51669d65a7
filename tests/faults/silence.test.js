import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { quantile } from './harness/figures.js';
import { Scene } from './harness/scene.js';
import { LONG } from './harness/seed.js';
import { lasts, until } from './harness/until.js';

const LIMIT = { timeout: 120_000 };
const BEAT = { heartbeat_ms: 1000, pong_timeout_ms: 1000 };

const sockets = (scene) => scene.pairs.flatMap((pair) => pair.people).reduce((sum, person) => sum + person.wire.sockets.length, 0);
const reconnecting = (person) => (event, { at }) =>
  event.type === 'participant' && event.change === 'reconnecting' && event.participant.participantId === person.participantId && at > 0;

// Mostly waiting, so side by side.
describe('silence', { concurrency: 4 }, () => {
  test('F07 SIGSTOP for less than a client waits: no socket is given up', LIMIT, async (t) => {
    const scene = await Scene.open(t, { config: { rooms: BEAT } });
    await scene.talking(10);
    const { deadAfterMs } = scene.pairs[0].doctor.client.session.heartbeat;
    scene.server.signal('SIGSTOP');
    await lasts(deadAfterMs * 0.6);
    const wokenAt = performance.now();
    scene.server.signal('SIGCONT');
    const recoverMs = await scene.inSync(wokenAt);
    await lasts(BEAT.heartbeat_ms + BEAT.pong_timeout_ms);
    assert.equal(sockets(scene), 20, 'nobody had to come back');
    await scene.settle('F07', { trials: 20, recoverMs, note: `stopped for ${Math.round(deadAfterMs * 0.6)} ms, heartbeat 1 s` });
  });

  test('F07 SIGSTOP for longer: everybody leaves and resumes', LIMIT, async (t) => {
    const scene = await Scene.open(t, { config: { rooms: BEAT } });
    await scene.talking(10);
    scene.server.signal('SIGSTOP');
    await until('the clients gave up', () => scene.pairs.every((pair) => pair.people.every((person) => person.client.state !== 'online')));
    await lasts(1000);
    const wokenAt = performance.now();
    scene.server.signal('SIGCONT');
    const recoverMs = await scene.inSync(wokenAt);
    await scene.settle('F07', { trials: 20, recoverMs, note: 'stopped until all clients gave up' });
  });

  /** A silent network between patient and server; how long until the doctor is told, and until all is well again. */
  async function halfOpen(t, rooms, boundMs) {
    const scene = await Scene.open(t, { config: { rooms } });
    const proxy = await scene.proxy();
    // Fewer than the 256 messages that are kept for a resume.
    const [pair] = await scene.talking(1, { patientPort: proxy.port, everyMs: rooms.heartbeat_ms / 20 });
    const from = performance.now();
    for (const link of proxy.links) link.apply({ up: { swallowed: true }, down: { swallowed: true } });
    const told = await pair.doctor.told('that the patient is away', reconnecting(pair.patient), { ms: boundMs + 5000 });
    const recoveredAt = await pair.inSync(told.at, { ms: 60000 });
    const detectedMs = told.at - from;
    await scene.settle('F10', { trials: 1, recoverMs: [recoveredAt - told.at],
      note: `known after ${Math.round(detectedMs)} ms, heartbeat ${rooms.heartbeat_ms} ms` });
    assert.ok(pair.patient.wire.resumed > 0 && pair.patient.wire.resets.length === 1, 'the patient resumed');
    assert.ok(detectedMs <= boundMs, `known after ${detectedMs} ms`);
  }

  test('F10 half-open client: the other one is told in time, nothing is lost', LIMIT, (t) => halfOpen(t, BEAT, 3000));

  test('F10 half-open client at the default heartbeat: told within 21 s', { ...LIMIT, skip: !LONG && 'long runs only' },
    (t) => halfOpen(t, { heartbeat_ms: 10000, pong_timeout_ms: 10000 }, 21000));

  test('F11 half-open server: the client leaves within its dead time and resumes', LIMIT, async (t) => {
    const scene = await Scene.open(t, { config: { rooms: BEAT } });
    const proxy = await scene.proxy();
    const [{ patient }] = await scene.talking(1, { patientPort: proxy.port });
    const { deadAfterMs } = patient.client.session.heartbeat;
    const from = performance.now();
    for (const link of proxy.links) link.apply({ up: { swallowed: true }, down: { swallowed: true } });
    await until('the client gave up', () => patient.client.state !== 'online');
    const leftMs = performance.now() - from;
    const recoverMs = await scene.inSync(performance.now());
    await scene.settle('F11', { trials: 1, recoverMs, note: `left after ${Math.round(leftMs)} ms of ${deadAfterMs}` });
    assert.ok(patient.wire.resumed > 0 && patient.wire.resets.length === 1, 'resumed');
    assert.ok(leftMs <= deadAfterMs + 500, `${leftMs} ms`);
  });

  test('F12 another address in the middle of a session: resumed there, the old socket gets 4100', LIMIT, async (t) => {
    const scene = await Scene.open(t, { config: { rooms: { heartbeat_ms: 10000, pong_timeout_ms: 10000 } } });
    const proxy = await scene.proxy();
    const [{ patient }] = await scene.talking(1, { patientPort: proxy.port });
    const [old] = proxy.links;
    old.apply({ up: { swallowed: true }, down: { stalled: true } });
    await lasts(100);
    patient.client.probe();
    await until('the client comes back on a new path', () => patient.wire.sockets.length === 2);
    const newPathAt = patient.wire.sockets[1].madeAt;
    const recoverMs = await scene.inSync(newPathAt);
    old.apply({ up: { swallowed: true } });
    await until('the old socket is told', () => patient.wire.sockets[0].bye);
    assert.equal(patient.wire.sockets[0].bye.code, 4100);
    assert.ok(patient.wire.resumed === 1 && patient.wire.resets.length === 1, 'resumed');
    await scene.settle('F12', { trials: 1, recoverMs });
    assert.ok(recoverMs[0] <= 2000, `${recoverMs[0]} ms`);
  });

  for (const [way, rules, resumes] of [
    ['server to client', { down: { swallowed: true } }, 'the client hears nothing and leaves'],
    ['client to server', { up: { swallowed: true } }, 'the server hears nothing and closes 4001'],
  ]) {
    test(`F15 nothing passes from ${way}: ${resumes}, nothing is lost`, LIMIT, async (t) => {
      const scene = await Scene.open(t, { config: { rooms: BEAT } });
      const proxy = await scene.proxy();
      const [{ patient }] = await scene.talking(1, { patientPort: proxy.port });
      for (const link of proxy.links) link.apply(rules);
      await until('the patient is gone', () => patient.client.state !== 'online');
      const recoverMs = await scene.inSync(performance.now());
      await scene.settle('F15', { trials: 1, recoverMs, note: way });
      assert.ok(patient.wire.resumed > 0 && patient.wire.resets.length === 1, 'resumed');
      if (rules.up) assert.equal(patient.wire.sockets[0].bye?.code, 4001);
    });
  }

  test('F16 a proxy that cuts idle connections: the heartbeat keeps them', LIMIT, async (t) => {
    const scene = await Scene.open(t, { config: { rooms: BEAT } });
    const proxy = await scene.proxy();
    proxy.idleMs = 3 * BEAT.heartbeat_ms;
    const [pair] = await scene.talking(1, { patientPort: proxy.port, doctorPort: proxy.port });
    pair.fallSilent();
    await lasts(3 * proxy.idleMs);
    assert.equal(proxy.idleCuts, 0);
    assert.equal(sockets(scene), 2);
    await scene.settle('F16', { trials: 2, note: `idle cut at ${proxy.idleMs} ms, heartbeat ${BEAT.heartbeat_ms} ms` });
  });
});
