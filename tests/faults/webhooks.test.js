import assert from 'node:assert/strict';
import { test } from 'node:test';

import { record } from './harness/figures.js';
import { book } from './harness/pair.js';
import { Receiver } from './harness/receiver.js';
import { Scene } from './harness/scene.js';
import { LONG, between, seeded } from './harness/seed.js';
import { until } from './harness/until.js';

const LIMIT = { timeout: LONG ? 3_600_000 : 240_000 };
const ATTEMPTS = 19;
const CALLS_PER_ROUND = 6;

async function open(t, { retry = [0, ...Array(ATTEMPTS).fill(1)] } = {}) {
  const receiver = await Receiver.open();
  const scene = await Scene.open(t, { config: { webhooks: { allowed_private_hosts: ['127.0.0.1'], retry_s: retry } } });
  scene.onEnd(() => receiver.close());
  const { api } = scene.server;
  const make = async (more = {}) => {
    const made = await api.expect(201, 'POST', '/api/webhooks', { body: { url: receiver.url, ...more } });
    receiver.secrets.push(made.secret);
    return made;
  };
  return { receiver, scene, api, make };
}

/** The whole feed, page by page. */
async function feed(api) {
  const all = [];
  for (;;) {
    const after = all.length > 0 ? `&after=${all.at(-1).id}` : '';
    const page = await api.expect(200, 'GET', `/api/events?limit=200${after}`);
    all.push(...page);
    if (page.length < 200) return all;
  }
}

test('a webhook is delivered as receivers verify it, and can be looked after', LIMIT, async (t) => {
  const { receiver, scene, api, make } = await open(t);
  const hook = await make({ events: ['call.ended'] });
  const path = `/api/webhooks/${hook.id}`;

  const tried = await api.expect(201, 'POST', `${path}/test`);
  const first = await receiver.sees((each) => each.id === tried.id);
  assert.deepEqual([first.type, first.data], ['webhook.test', { webhookId: hook.id }]);
  assert.equal(first.headers['content-type'], 'application/json');
  assert.equal(first.headers['ce-source'], `https://localhost:${scene.server.port}`);

  const rotated = await api.expect(200, 'POST', `${path}/rotate-secret`);
  receiver.secrets.push(rotated.secret); // both must verify now
  const again = await api.expect(201, 'POST', `${path}/test`);
  const second = await receiver.sees((each) => each.id === again.id);
  assert.equal(second.headers['webhook-signature'].split(' ').length, 2);
  assert.equal((await api.expect(200, 'GET', '/api/webhooks'))[0].secret, undefined);

  const rows = () => api.expect(200, 'GET', `${path}/deliveries`);
  await until('both are delivered', async () => (await rows()).every((row) => row.state === 'delivered'));
  assert.deepEqual((await rows()).map((row) => [row.id, row.httpStatus, row.attempts]), [[again.id, 204, 1], [tried.id, 204, 1]]);
  await api.expect(204, 'POST', `${path}/deliveries/${tried.id}/redeliver`);
  await until('it came once more', () => receiver.seen.filter((each) => each.id === tried.id).length === 2);

  receiver.answer = () => 302;
  const moved = await api.expect(201, 'POST', `${path}/test`);
  await until('a redirect is a failure', async () => (await rows())[0].attempts >= 2);
  assert.equal((await rows())[0].httpStatus, 302);
  assert.ok(receiver.seen.every((each) => each.id !== moved.id || each.answered === 302), 'nobody follows it');

  receiver.answer = () => 410;
  await until('it is given up', async () => (await api.expect(200, 'GET', '/api/webhooks'))[0].status === 'disabled');
  receiver.answer = () => 204;
  const late = await api.expect(201, 'POST', `${path}/test`);
  await api.expect(200, 'PATCH', path, { body: { status: 'active' } });
  await receiver.sees((each) => each.id === late.id);
  assert.deepEqual(receiver.complaints, []);
});

test('an event that is never taken is a dead letter, and its webhook is failing until one is taken', LIMIT, async (t) => {
  const { receiver, api, make } = await open(t, { retry: [0, 0, 0] });
  const hook = await make();
  const path = `/api/webhooks/${hook.id}`;
  receiver.answer = () => 500;
  const dead = await api.expect(201, 'POST', `${path}/test`);
  const status = async () => (await api.expect(200, 'GET', '/api/webhooks'))[0].status;
  await until('it is given up', async () => (await status()) === 'failing');
  const [row] = await api.expect(200, 'GET', `${path}/deliveries`);
  assert.deepEqual([row.id, row.state, row.attempts, row.httpStatus], [dead.id, 'dead', 3, 500]);
  receiver.answer = () => 200;
  await api.expect(204, 'POST', `${path}/deliveries/${dead.id}/redeliver`);
  await until('it is well again', async () => (await status()) === 'active');
});

/** One call from start to end over REST, whatever happens to the server meanwhile. */
async function live(server, random) {
  const { api } = server;
  const again = async (what) => {
    let done;
    await until('the server does it', async () => {
      done = await what().catch(() => undefined);
      return done && done.status < 500;
    }, { ms: 60_000, everyMs: 20 });
    return done;
  };
  const booked = await (async () => {
    let made;
    await until('it is booked', async () => (made = await book(server).catch(() => undefined)), { ms: 60_000, everyMs: 20 });
    return made;
  })();
  const post = (verb, who, role) => again(() => api.request('POST', `/api/appointments/${booked.id}/${verb}`,
    { token: server.token(who.userId, role, booked.id) }));
  await post('start-call', booked.patient, 'patient');
  await post('join-call', booked.doctor, 'doctor');
  if (random() < 0.5) await post('join-call', booked.doctor, 'doctor');
  await post('end-call', booked.doctor, 'doctor');
}

test('kill -9 while a failing receiver is delivered to: every event arrives, those of a call in order', LIMIT, async (t) => {
  const rounds = LONG ? 50 : 5;
  const random = seeded(t.name);
  const { receiver, scene, api, make } = await open(t);
  const { server } = scene;
  await make();
  const failures = [500, 503, 502, 429, 0];
  receiver.answer = () => (random() < 0.4 ? failures[between(random, 0, failures.length - 1)] : 204);
  for (let round = 0; round < rounds; ++round) {
    const lives = Promise.all(Array.from({ length: CALLS_PER_ROUND }, () => live(server, random)));
    const enough = receiver.seen.length + between(random, 1, 3 * CALLS_PER_ROUND);
    await until('deliveries are under way', () => receiver.seen.length >= enough, { ms: 60_000 });
    await server.crash();
    await lives;
  }
  const told = await feed(api);
  const missing = () => told.filter((event) => !receiver.taken.has(event.id));
  await until('every event has arrived', () => missing().length === 0, { ms: 120_000 });

  const calls = byCall(told);
  calls.delete(undefined);
  assert.equal(calls.size, rounds * CALLS_PER_ROUND);
  for (const [id, events] of calls) {
    assert.deepEqual(events.map((event) => event.data.seq), events.map((_, index) => index + 1), id);
    const types = events.map((event) => event.type);
    assert.equal(types[0], 'call.waiting', id);
    assert.equal(types.at(-1), 'call.ended', id);
    assert.equal(types.filter((type) => type === 'call.active').length, 1, id);
  }
  const text = JSON.stringify(told);
  assert.ok(!/Doctor|Patient|doctor-\d|patient-\d/.test(text), 'no name and no user id is told');
  record('webhooks', t.name, {
    trials: rounds, callsLost: 0, messagesLost: missing().length, rowsLost: 0,
    duplicates: 0, note: `${told.length} events in ${receiver.seen.length} deliveries, at least once, in order`,
  });
  assert.deepEqual(receiver.complaints, []);
});

function byCall(events) {
  const out = new Map();
  for (const event of events) out.set(event.data.callId, [...(out.get(event.data.callId) ?? []), event]);
  return out;
}
