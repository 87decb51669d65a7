import assert from 'node:assert/strict';
import { test } from 'node:test';

import { quantile, record } from './harness/figures.js';
import { latencies } from './harness/oracle.js';
import { book } from './harness/pair.js';
import { RawSocket } from './harness/raw.js';
import { Scene } from './harness/scene.js';
import { LONG, between, seeded } from './harness/seed.js';
import { lasts, until } from './harness/until.js';

const LIMIT = { timeout: LONG ? 1_800_000 : 90_000 };
const UNANSWERED_MAX = 256;

const p99 = (pair, since, before) => quantile(
  [...latencies(pair.doctor, pair.patient, since, before), ...latencies(pair.patient, pair.doctor, since, before)], 0.99);

test('F31 candidates without end from one party: the other gets 256, neighbours notice nothing', LIMIT, async (t) => {
  const count = LONG ? 1_000_000 : 10_000;
  const scene = await Scene.open(t, { config: { limits: { messages_per_s: 20000, messages_burst: 20000 } } });
  const [neighbour] = await scene.talking(1);
  const { id, doctor, patient } = await book(scene.server);
  const victim = await RawSocket.registered(scene.server, { appointmentId: id, ...doctor });
  const spammer = await RawSocket.registered(scene.server, { appointmentId: id, ...patient });
  scene.onEnd(() => [victim, spammer].forEach((each) => each.close()));
  await victim.ask({ type: 'startCall', id: 's' });
  await spammer.ask({ type: 'joinCall', id: 'j' });
  const calmFrom = performance.now();
  await lasts(1000);
  const calm = p99(neighbour, calmFrom, performance.now());
  const from = performance.now();
  const candidate = { candidate: { candidate: 'candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host', sdpMid: '0', sdpMLineIndex: 0 } };
  let sent = 0;
  const confirm = setInterval(() => spammer.send({ type: 'pong', seq: spammer.seq }), 50);
  await until('all are sent, or the spammer is closed', () => {
    for (let i = 0; i < 50 && sent < count; ++i, ++sent) spammer.send({ type: 'signal', data: candidate });
    return sent >= count || spammer.code !== null;
  }, { ms: LIMIT.timeout }).finally(() => clearInterval(confirm));
  if (spammer.code === null) await spammer.ask({ type: 'ice', id: 'last' });
  const busy = p99(neighbour, from, performance.now());
  const came = victim.messages.filter((each) => each.type === 'signal').length;
  const refused = spammer.messages.filter((each) => each.code === 'too-many-candidates').length;
  const note = `${sent} sent, ${came} arrived, ${refused} refused, neighbours' p99 ${calm.toFixed(1)} -> ${busy.toFixed(1)} ms`;
  t.diagnostic(note);
  await scene.settle('F31', { trials: sent, note });
  assert.equal(came, UNANSWERED_MAX);
  assert.ok(spammer.code !== null || refused === sent - came, note);
});

test('F32 a flood of WebSocket pings is closed each time, neighbours notice nothing', LIMIT, async (t) => {
  const floods = 20;
  const scene = await Scene.open(t);
  const [neighbour] = await scene.talking(1);
  const { id, patient } = await book(scene.server);
  const calmFrom = performance.now();
  await lasts(1000);
  const calm = p99(neighbour, calmFrom, performance.now());
  const from = performance.now();
  let sent = 0;
  for (let i = 0; i < floods; ++i) {
    const flooder = await RawSocket.registered(scene.server, { appointmentId: id, ...patient });
    await until('the flood is over', () => {
      for (let n = 0; n < 500 && flooder.code === null; ++n, ++sent) flooder.socket.ping();
      return flooder.code !== null;
    }, { ms: 30000 }).finally(() => flooder.close());
    assert.ok([1006, 4429].includes(flooder.code), `closed with ${flooder.code}`);
  }
  const busy = p99(neighbour, from, performance.now());
  const note = `${floods} floods, each closed after about ${Math.round(sent / floods)} pings, neighbours' p99 ${calm.toFixed(1)} -> ${busy.toFixed(1)} ms`;
  t.diagnostic(note);
  await scene.settle('F32', { trials: floods, note });
});

const CODES = new Set(['bad-json', 'bad-field', 'unknown-type', 'not-registered', 'forbidden', 'not-found', 'no-call', 'call-ended',
  'in-call-elsewhere', 'peer-absent', 'illegal-transition', 'rate-limited', 'too-many-candidates', 'room-full', 'idempotency-key-reused',
  'unauthenticated', 'busy']);

/** What a stranger to the protocol might send next; a valid message most of the time. */
function nextMessage(random, id, { token, appointmentId, callId }) {
  const pick = (...choices) => choices[Math.floor(random() * choices.length)];
  const fields = pick(
    () => ({ type: 'startCall', media: pick('video', 'audio', 'smell', undefined) }),
    () => ({ type: 'joinCall', keep: pick(true, false, undefined), takeover: pick(true, undefined), callId: pick(callId, 'nonsense', undefined) }),
    () => ({ type: 'endCall', callId: pick(callId, undefined) }),
    () => ({ type: 'leave', callId: callId ?? 'none' }),
    () => ({ type: 'signal', to: pick('nobody', 7, undefined), data: pick({ candidate: {} }, null, 'text', undefined) }),
    () => ({ type: 'mediaState', audio: pick(true, 'yes'), video: false, screen: false, connection: pick('up', 'down', 'sideways') }),
    () => ({ type: 'stats', rttMs: pick(5, -1, 'fast') }),
    () => ({ type: 'ice' }),
    () => ({ type: 'refresh', token: pick(token, 'forged') }),
    () => ({ type: 'register', token, appointmentId }),
    () => ({ type: 'unheardOf' }),
    () => ({ type: 7 }),
    () => ({}),
  )();
  return { id, ...fields };
}

test('F33 messages in random order: one documented answer each, and counting goes on', LIMIT, async (t) => {
  const steps = LONG ? 1_000_000 : 6_000;
  const random = seeded(t.name);
  const scene = await Scene.open(t, { config: { limits: { messages_per_s: 100000, messages_burst: 100000, sockets_per_user: 1000 } } });
  const [neighbour] = await scene.talking(1);
  let done = 0;
  let early = 0;
  while (done < steps) {
    const { id: appointmentId, doctor } = await book(scene.server);
    const token = scene.server.token(doctor.userId, 'doctor', appointmentId);
    const raw = await RawSocket.open(scene.server, scene.server.port);
    const context = { token, appointmentId };
    // Anything before `register` is the end of the connection.
    if (random() < 0.3) {
      const first = nextMessage(random, '0', context);
      if (first.type !== 'register') {
        raw.send(first);
        await until(`${JSON.stringify(first)} before register closes`, () => raw.code !== null);
        assert.ok([4400, 4401].includes(raw.code), `${raw.code} after ${JSON.stringify(first)}`);
        early += 1;
        continue;
      }
    }
    raw.send({ type: 'register', id: 'r', token, appointmentId });
    await until('registered', () => raw.messages.length > 0, { everyMs: 1 });
    assert.equal(raw.messages[0].type, 'registered');
    for (let n = between(random, 1, 400); n > 0 && raw.code === null; --n, ++done) {
      const message = nextMessage(random, `m${done}`, context);
      raw.send(random() < 0.02 ? '{"id":"broken' : message);
      // Sometimes several are under way together.
      if (random() < 0.5) context.callId = await settled(raw, context.callId);
    }
    if (raw.code === null) await settled(raw, null);
    judgeAnswers(raw);
    raw.close();
  }
  await scene.settle('F33', { trials: done, note: `${early} connections that did not begin with register` });
  assert.ok(neighbour.doctor.wire.resets.length === 1);
});

/** Everything sent so far is answered; gives the call that is open now, if one was told. */
async function settled(raw, callId) {
  raw.asks = (raw.asks ?? 0) + 1;
  await raw.ask({ type: 'ice', id: `ask${raw.asks}` });
  return raw.messages.findLast((each) => each.call)?.call.callId ?? callId;
}

function judgeAnswers(raw) {
  const answers = raw.messages.filter((each) => each.type === 'ok' || each.type === 'error');
  const ids = answers.map((each) => each.re).filter((re) => re !== null);
  assert.equal(new Set(ids).size, ids.length, 'one answer each');
  for (const each of answers) if (each.type === 'error') assert.ok(CODES.has(each.code), JSON.stringify(each));
  const numbers = raw.messages.filter((each) => each.seq !== undefined).map((each) => each.seq);
  assert.deepEqual(numbers, numbers.map((_, index) => index + 1), 'I3: contiguous');
}
