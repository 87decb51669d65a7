import assert from 'node:assert/strict';
import { test } from 'node:test';

import { record } from './harness/figures.js';
import { Person } from './harness/person.js';
import { Scene } from './harness/scene.js';
import { LONG, between, seeded } from './harness/seed.js';
import { lasts, until } from './harness/until.js';

const LIMIT = { timeout: LONG ? 1_800_000 : 90_000 };
const SKEW_MS = 50;

const endings = (events) => events.filter((event) => event.type === 'call.ended');

/** Does `action` after `ms`, which may be 0. */
const after = async (ms, action) => {
  if (ms > 0) await lasts(ms);
  return action();
};

async function startTogether(pair, skewMs) {
  const from = performance.now();
  const [one, other] = await Promise.all([
    after(Math.max(0, skewMs), () => pair.doctor.start()),
    after(Math.max(0, -skewMs), () => pair.patient.start()),
  ]);
  assert.equal(one.call.callId, other.call.callId, 'one call');
  assert.deepEqual([one.joinedExisting, other.joinedExisting].sort(), [false, true]);
  assert.deepEqual([one.order, other.order].sort(), [1, 2]);
  pair.callId = one.call.callId;
  return performance.now() - from - Math.abs(skewMs);
}

/** One of them ends it; both are told, and then the next call may start. */
async function endTogether(pair) {
  const told = (person) => person.told('of the end', ({ type, callId }) => type === 'callEnded' && callId === pair.callId);
  await Promise.all([pair.doctor.end(), told(pair.doctor), told(pair.patient)]);
  pair.patient.lost = null;
  pair.people.forEach((person) => (person.events = []));
}

test('F34 both press Start, 50 ms apart at most: one call, no error', LIMIT, async (t) => {
  const [pairsCount, rounds] = LONG ? [40, 250] : [20, 25];
  const random = seeded(t.name);
  const scene = await Scene.open(t);
  const pairs = await scene.connected(pairsCount);
  const tookMs = [];
  for (let round = 0; round < rounds; ++round) {
    const skews = pairs.map(() => between(random, -SKEW_MS, SKEW_MS));
    tookMs.push(...await Promise.all(pairs.map((pair, index) => startTogether(pair, skews[index]))));
    await Promise.all(pairs.map(endTogether));
  }
  const open = await scene.server.api.expect(200, 'GET', '/api/calls?state=waiting,active');
  assert.deepEqual(open, []);
  await scene.settle('F34', { trials: pairsCount * rounds, recoverMs: tookMs, going: false, note: 'times are from the later press to both answers' });
});

/** Two actions at once, either may win; what must be true afterwards. */
const RACES = [
  { name: 'Start against End', seated: false, acts: ({ patient, doctor }) => [() => patient.end(), () => doctor.start()] },
  { name: 'Join against End', seated: false, acts: ({ patient, doctor }) => [() => patient.end(), () => doctor.join()] },
  { name: 'End by both', seated: true, acts: ({ patient, doctor }) => [() => patient.end(), () => doctor.end()] },
  { name: 'Leave by both', seated: true, acts: ({ patient, doctor }) => [() => patient.leave(), () => doctor.leave()] },
];

const ALLOWED = new Set(['call-ended', 'no-call']);

test('F35 Start, Join and End race: one end, one reason, and every answer fits', LIMIT, async (t) => {
  const rounds = LONG ? 250 : 10;
  const random = seeded(t.name);
  const scene = await Scene.open(t);
  let trials = 0;
  for (let round = 0; round < rounds; ++round) {
    scene.pairs.splice(0).forEach((pair) => pair.close());
    const pairs = await scene.connected(RACES.length);
    await Promise.all(pairs.map(async (pair, index) => {
      const race = RACES[index];
      pair.callId = (await pair.patient.start()).call.callId;
      if (race.seated) await pair.doctor.join();
      const skews = [between(random, 0, 3), between(random, 0, 3)];
      const settled = await Promise.allSettled(race.acts(pair).map((act, turn) => after(skews[turn], act)));
      for (const { reason } of settled) assert.ok(!reason || ALLOWED.has(reason.code), `${race.name}: ${reason?.code ?? reason}`);
      const calls = await scene.server.api.calls(pair.appointmentId);
      for (const call of calls) {
        const events = await scene.server.api.events(call.callId);
        assert.equal(endings(events).length, call.state === 'ended' ? 1 : 0, `${race.name}: ${JSON.stringify(events)}`);
        if (call.state === 'ended') assert.equal(endings(events)[0].data.endReason, call.endReason);
      }
      assert.ok(calls.some((call) => call.callId === pair.callId && call.state === 'ended'), race.name);
    }));
    trials += pairs.length;
  }
  await scene.settle('F35', { trials, going: false });
});

test('F36 a second tab takes the call over: the first stays away, one switch', LIMIT, async (t) => {
  const scene = await Scene.open(t, { config: { rooms: { heartbeat_ms: 500 } } });
  const [pair] = await scene.talking(1);
  const { patient } = pair;
  const tab = new Person({ server: scene.server, appointmentId: pair.appointmentId, userId: patient.userId, role: 'patient',
    random: seeded(`${t.name} tab`) });
  scene.onEnd(() => tab.vanish());
  await tab.enter();
  await assert.rejects(tab.join(), { code: 'in-call-elsewhere' });
  const answer = await tab.join({ takeover: true });
  assert.equal(answer.call.callId, pair.callId);
  await until('the first tab is closed', () => patient.closed);
  assert.equal(patient.closed.code, 4101);
  const moved = await pair.doctor.told('of the move', (event) => event.type === 'joinerConnected' && event.moved);
  assert.equal(moved.message.participant.participantId, tab.participantId);
  const before = patient.wire.sockets.length;
  const since = performance.now();
  await until('the doctor and the new tab talk', () => {
    tab.say();
    return tab.received.some((each) => each.at > since) && pair.doctor.received.some((each) => each.at > since);
  });
  await lasts(4000);
  assert.equal(patient.wire.sockets.length, before, 'the first tab does not come back by itself');
  assert.equal(tab.closed, null);
  assert.equal(pair.doctor.events.filter((each) => each.message.moved).length, 1);
  record('F36', t.name, { trials: 1 });
});
