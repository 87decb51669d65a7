import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { Scene } from './harness/scene.js';
import { lasts } from './harness/until.js';

const LIBRARY = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`).find(existsSync);
const LIMIT = { timeout: 90_000, skip: !LIBRARY && 'libfaketime is not installed' };
const DAY_S = 86_400;

/** A wall clock of the server's own that can be set; the other clocks go on as they are. */
class WallClock {
  static async open(offset) {
    const clock = new WallClock();
    clock.folder = await mkdtemp(join(tmpdir(), 'rendezvous-clock-'));
    clock.file = join(clock.folder, 'offset');
    clock.env = { LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: clock.file, FAKETIME_NO_CACHE: '1', DONT_FAKE_MONOTONIC: '1' };
    await clock.set(offset);
    return clock;
  }

  /** @param {number} offsetS seconds ahead of the machine's clock */
  async set(offsetS) {
    this.offsetS = offsetS;
    await writeFile(this.file, `${offsetS >= 0 ? '+' : ''}${offsetS}\n`);
  }

  now() {
    return Date.now() + 1000 * this.offsetS;
  }
}

const bookingAround = (clock) => {
  const at = (days) => new Date(clock.now() + days * DAY_S * 1000).toISOString();
  return { start: at(-0.1), end: at(3), opensAt: at(-3), closesAt: at(3) };
};

async function talkingUnder(t, clock) {
  const scene = await Scene.open(t, { env: clock.env });
  scene.onEnd(() => rm(clock.folder, { recursive: true, force: true }));
  const token = (userId, role, id) => scene.server.token(userId, role, id, { ttlS: 20 * DAY_S, nowS: Math.floor(clock.now() / 1000) - 5 * DAY_S });
  await scene.talking(1, { booking: bookingAround(clock), tokenOf: token });
  return scene;
}

/** Ends the call; what its length is said to be against what passed here. */
async function endAndCompare(scene, answeredAt) {
  const [pair] = scene.pairs;
  await pair.quiet();
  const passedS = (performance.now() - answeredAt) / 1000;
  await pair.patient.end();
  const call = await scene.server.api.expect(200, 'GET', `/api/calls/${pair.callId}`);
  assert.ok(Math.abs(call.durationSeconds - passedS) <= 1, `${call.durationSeconds} s told, ${passedS.toFixed(2)} s passed`);
  return call;
}

// Mostly waiting, so side by side.
describe('clocks', { concurrency: 4 }, () => {
  test('F46 the wall clock jumps by an hour and a day, both ways: durations and timeouts do not', LIMIT, async (t) => {
    const clock = await WallClock.open(0);
    const scene = await talkingUnder(t, clock);
    const [pair] = scene.pairs;
    const answeredAt = pair.doctor.seatedAt;
    const steps = [3600, 0, -3600, DAY_S, -DAY_S, 1800];
    for (const offset of steps) {
      await clock.set(offset);
      await lasts(700);
      await pair.inSync(performance.now());
    }
    assert.ok(pair.people.every((person) => person.wire.sockets.length === 1), 'no socket was given up');
    await endAndCompare(scene, answeredAt);
    await scene.settle('F46', { trials: steps.length, going: false });
  });

  test('F46 kill -9 with the wall clock an hour back: the call and its length survive', LIMIT, async (t) => {
    const clock = await WallClock.open(0);
    const scene = await talkingUnder(t, clock);
    const [pair] = scene.pairs;
    const answeredAt = pair.doctor.seatedAt;
    await clock.set(-3600);
    const recoverMs = await scene.crash();
    await clock.set(3600);
    await pair.inSync(performance.now());
    const call = await endAndCompare(scene, answeredAt);
    assert.ok(call.durationSeconds >= 0);
    await scene.settle('F46', { trials: 1, recoverMs, going: false, note: 'with a restart' });
  });

  for (const [name, moment] of [
    ['over the end of 32-bit time', '2038-01-19T03:14:05Z'],
    ['over a change to summer time', '2028-03-26T00:59:58Z'],
    ['over a new year', '2028-12-31T23:59:58Z'],
  ]) {
    test(`F47 a call ${name}: times stay true`, LIMIT, async (t) => {
      const clock = await WallClock.open(Math.round((Date.parse(moment) - Date.now()) / 1000));
      const scene = await talkingUnder(t, clock);
      const [pair] = scene.pairs;
      const answeredAt = pair.doctor.seatedAt;
      await lasts(4000);
      const call = await endAndCompare(scene, answeredAt);
      for (const time of [call.createdAt, call.answeredAt, call.endedAt]) {
        assert.ok(Math.abs(Date.parse(time) - clock.now()) < 30_000, `${time} at ${new Date(clock.now()).toISOString()}`);
      }
      await scene.settle('F47', { trials: 1, going: false, note: name });
    });
  }
});
