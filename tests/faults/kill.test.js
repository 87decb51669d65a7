import assert from 'node:assert/strict';
import { test } from 'node:test';

import { quantile } from './harness/figures.js';
import { Scene } from './harness/scene.js';
import { LONG, between, seeded } from './harness/seed.js';
import { lasts, until } from './harness/until.js';

const LIMIT = { timeout: LONG ? 3_600_000 : 150_000 };
const BACK_MS = 3000;
// A client that comes back more often than this waits longer each time, whatever the server does.
const STABLE_MS = 5000;

const count = (events, type) => events.filter((event) => event.type === type).length;

test('F01 kill -9 in the middle of a call: both come back to the same call', LIMIT, async (t) => {
  const scene = await Scene.open(t);
  const pairs = await scene.talking(5);
  const calls = pairs.map((pair) => pair.callId);
  const recoverMs = await scene.crash();
  assert.deepEqual(pairs.map((pair) => pair.doctor.callId), calls);
  await scene.settle('F01', { trials: 5, recoverMs, note: `serving ${Math.round(scene.bootMs)} ms after the kill` });
  assert.ok(quantile(recoverMs, 0.99) <= BACK_MS, `back after ${Math.max(...recoverMs)} ms`);
});

test('F02 kill -9 while it rings: the same call can be answered afterwards', LIMIT, async (t) => {
  const scene = await Scene.open(t);
  const pairs = await scene.connected(5);
  const started = await Promise.all(pairs.map((pair) => pair.patient.start()));
  await Promise.all(pairs.map((pair) => pair.doctor.told('of the call', (event) => event.type === 'activeCall')));
  await scene.server.crash();
  await Promise.all(pairs.flatMap((pair) => pair.people).map((person) => person.online()));
  for (const [index, pair] of pairs.entries()) {
    const { callId } = started[index].call;
    assert.equal(pair.doctor.room.call?.callId, callId, 'the doctor sees it ring');
    assert.equal((await pair.doctor.join()).call.callId, callId);
    pair.callId = callId;
    const events = await scene.server.api.events(callId);
    assert.deepEqual(events.map((event) => event.type).slice(0, 2), ['call.started', 'call.joined']);
    assert.equal(count(events, 'call.started') + count(events, 'call.joined'), 2);
  }
  await scene.settle('F02', { trials: 5 });
});

/** What each pair is doing while the server dies, what the history must show of it exactly once. */
const STEPS = [
  { name: 'start', from: 0, act: (pair) => [pair.patient.start()] },
  { name: 'both start', from: 0, act: (pair) => [pair.patient.start(), pair.doctor.start()] },
  { name: 'join', from: 1, act: (pair) => [pair.doctor.join()] },
  { name: 'leave', from: 2, act: (pair) => [pair.doctor.leave()] },
  { name: 'end', from: 2, act: (pair) => [pair.doctor.end()] },
];

async function assertOnce(pair, step) {
  const { api } = pair.server;
  const calls = await api.calls(pair.appointmentId);
  assert.equal(calls.length, 1, `${step.name}: one call, not ${calls.length}`);
  const events = await api.events(calls[0].callId);
  const types = JSON.stringify(events.map((event) => event.type));
  assert.equal(count(events, 'call.started'), 1, types);
  assert.equal(count(events, 'call.joined'), step.name === 'start' ? 0 : 1, `${step.name}: ${types}`);
  assert.equal(count(events, 'call.left'), step.name === 'leave' ? 1 : 0, `${step.name}: ${types}`);
  assert.equal(count(events, 'call.ended'), step.name === 'end' ? 1 : 0, `${step.name}: ${types}`);
}

test('F03 F04 kill -9 around a commit: each command has one effect, and its answer', LIMIT, async (t) => {
  const rounds = LONG ? 100 : 6;
  const random = seeded(t.name);
  const scene = await Scene.open(t);
  const proxy = await scene.proxy();
  const recoverMs = [];
  let trials = 0;
  for (let round = 0; round < rounds; ++round) {
    scene.pairs.splice(0).forEach((pair) => pair.close());
    const pairs = await scene.connected(2 * STEPS.length, { doctorPort: proxy.port, patientPort: proxy.port });
    const steps = pairs.map((_, index) => STEPS[index % STEPS.length]);
    for (const [index, pair] of pairs.entries()) {
      if (steps[index].from > 0) pair.callId = (await pair.patient.start()).call.callId;
      if (steps[index].from > 1) await pair.doctor.join();
    }
    // Every other time no answer gets through, so that commits without an answer are certain.
    if (round % 2 === 1) for (const link of proxy.links) link.apply({ down: { swallowed: true } });
    const answers = pairs.flatMap((pair, index) => steps[index].act(pair));
    await lasts(random() * 12);
    const { servingAt } = await scene.server.crash();
    proxy.reset();
    await until('all have noticed', () => pairs.every((pair) => pair.people.every((person) => person.wire.sockets[0].closedAt)));
    pairs.forEach((pair) => pair.hurry());
    const settled = await Promise.allSettled(answers);
    const refused = settled.filter((each) => each.status === 'rejected').map((each) => each.reason.code ?? each.reason);
    assert.deepEqual(refused, [], 'every command is answered with its first outcome');
    recoverMs.push(performance.now() - servingAt);
    await Promise.all(pairs.flatMap((pair) => pair.people).map((person) => person.online()));
    for (const [index, pair] of pairs.entries()) await assertOnce(pair, steps[index]);
    trials += pairs.length;
  }
  await scene.settle('F03', { trials, recoverMs, going: false, note: 'random moments around the commit' });
});

test('F05 SIGTERM: everybody is sent away in order, and comes back to the same call', LIMIT, async (t) => {
  const drainMs = 2000;
  const scene = await Scene.open(t, { config: { rooms: { drain_ms: drainMs } } });
  await scene.talking(20);
  const people = scene.pairs.flatMap((pair) => pair.people);
  const from = performance.now();
  scene.server.signal('SIGTERM');
  const { code } = await scene.server.ended();
  const tookMs = performance.now() - from;
  assert.equal(code, 0);
  assert.ok(tookMs <= drainMs + 5000, `ended after ${tookMs} ms`);
  const servingAt = await scene.server.launch();
  const recoverMs = await scene.inSync(servingAt);
  const sockets = people.map((person) => person.wire.sockets[0]);
  assert.deepEqual(sockets.filter((each) => !each.goaway).length, 0, 'all got goaway');
  const leaveAt = sockets.map((each) => each.closedAt - from).sort((a, b) => a - b);
  assert.ok(quantile(leaveAt, 0.9) - quantile(leaveAt, 0.1) >= drainMs / 4, `they leave one after the other: ${leaveAt.map(Math.round)}`);
  await scene.settle('F05', { trials: people.length, recoverMs, note: `ended after ${Math.round(tookMs)} ms` });
});

test('F06 restart after restart: nothing is left behind', LIMIT, async (t) => {
  const restarts = LONG ? 100 : 10;
  const scene = await Scene.open(t);
  const [pair] = await scene.talking(1);
  const recoverMs = [];
  for (let i = 0; i < restarts; ++i) {
    const { servingAt } = await scene.server.crash();
    pair.hurry();
    recoverMs.push((await pair.inSync(servingAt)) - servingAt);
  }
  await scene.settle('F06', { trials: restarts, recoverMs });
  await pair.patient.end();
  await until('the doctor is told', () => pair.doctor.lost);
  assert.equal(pair.doctor.lost.why, 'completed');
  const open = await scene.server.api.expect(200, 'GET', '/api/calls?state=waiting,active');
  assert.deepEqual(open, []);
});

test('40 live calls, kill -9 at random moments: nothing lost, nothing twice', LIMIT, async (t) => {
  const kills = LONG ? 100 : 10;
  const random = seeded(t.name);
  const scene = await Scene.open(t);
  await scene.talking(40, { everyMs: 200 });
  const recoverMs = [];
  for (let i = 0; i < kills; ++i) {
    await lasts(between(random, STABLE_MS, STABLE_MS + 500));
    recoverMs.push(...await scene.crash());
  }
  await scene.settle('40 calls', { trials: kills, recoverMs, note: `${scene.pairs.length} calls, kill -9; serving at most ${Math.round(scene.bootMs)} ms later` });
  assert.ok(quantile(recoverMs, 0.99) <= BACK_MS, `p99 ${quantile(recoverMs, 0.99)} ms`);
});
