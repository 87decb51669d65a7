import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';

import { record } from './harness/figures.js';
import { book } from './harness/pair.js';
import { Person } from './harness/person.js';
import { Scene } from './harness/scene.js';
import { LONG, between, seeded } from './harness/seed.js';
import { lasts, until } from './harness/until.js';

const LIMIT = { timeout: LONG ? 1_800_000 : 90_000 };
const LANES = 4;

/** A person whose first connection is cut after k bytes of one direction: register, start, end. */
async function exchange(server, proxy, { id, patient }, cut, random) {
  proxy.expect(cut);
  const person = new Person({ server, appointmentId: id, ...patient, port: proxy.port, random, retryRandom: () => 0 });
  try {
    return await exchangeOf(person, proxy, cut);
  } finally {
    person.vanish();
    await until('the connection is gone', () => proxy.links.size === 0);
  }
}

async function exchangeOf(person, proxy, cut) {
  const { accepted } = proxy;
  person.client.connect();
  await until('the first connection', () => proxy.accepted > accepted, { everyMs: 1 }).catch((error) => person.fail(error.message));
  const [link] = proxy.links;
  proxy.expect({});
  await until('it is over', () => person.client.state !== 'connecting');
  person.client.retryNow();
  await person.online();
  const { call } = await person.start();
  await person.end();
  const passed = link ? [link.up.passed, link.down.passed] : [0, 0];
  const events = await person.server.api.events(call.callId);
  assert.deepEqual(events.map((event) => event.type), ['call.started', 'call.ended'], JSON.stringify(cut));
  assert.equal(person.events.filter((each) => each.type === 'callEnded').length <= 1, true);
  assert.deepEqual(person.wire.gaps.concat(person.wire.repeats), []);
  return passed;
}

test('F17 cut after k bytes of an exchange: every command has one effect', LIMIT, async (t) => {
  const scene = await Scene.open(t);
  const random = seeded(t.name);
  const lanes = await Promise.all(Array.from({ length: LANES }, async () => ({ proxy: await scene.proxy(), visit: await book(scene.server) })));
  const [upBytes, downBytes] = await exchange(scene.server, lanes[0].proxy, lanes[0].visit, {}, random);
  const cuts = [];
  for (const [way, bytes] of [['up', upBytes], ['down', downBytes]]) {
    const stride = LONG ? 1 : Math.ceil(bytes / 100);
    for (let k = LONG ? 0 : between(random, 0, stride - 1); k <= bytes; k += stride) cuts.push({ [way]: { cutAfter: k, cutWith: 'reset' } });
  }
  const trials = cuts.length;
  await Promise.all(lanes.map(async ({ proxy, visit }) => {
    while (cuts.length > 0) await exchange(scene.server, proxy, visit, cuts.pop(), random);
  }));
  const calls = await Promise.all(lanes.map(async ({ visit }) => scene.server.api.expect(200, 'GET', `/api/calls?appointmentId=${visit.id}&limit=200`)));
  assert.ok(LONG || calls.flat().length === trials + 1, `${calls.flat().length} calls after ${trials} exchanges`);
  record('F17', t.name, { trials, note: `k of ${upBytes} bytes up, ${downBytes} down` });
});

test('F18 a flapping network: the session survives, nothing lost, nothing twice', LIMIT, async (t) => {
  const flaps = LONG ? 150 : 8;
  const random = seeded(t.name);
  const scene = await Scene.open(t, { config: { rooms: { heartbeat_ms: 1000, pong_timeout_ms: 1000 } } });
  const proxy = await scene.proxy();
  const [pair] = await scene.talking(1, { patientPort: proxy.port, doctorPort: proxy.port });
  for (let i = 0; i < flaps; ++i) {
    proxy.refuse(true);
    proxy.reset();
    await lasts(between(random, 100, 1000));
    proxy.refuse(false);
    pair.hurry();
    await lasts(between(random, 0, 1000));
  }
  const recoverMs = await scene.inSync(performance.now());
  const made = pair.people.map((person) => person.wire.sockets.length);
  await scene.settle('F18', { trials: flaps, recoverMs, note: `${made.join(' and ')} sockets` });
  assert.ok(pair.people.every((person) => person.wire.resets.length === 1), 'resumed each time');
  // Each flap costs the socket it broke and the tries in vain while it was down.
  assert.ok(Math.max(...made) <= 4 * flaps + 1, `${made} sockets`);
});

const openFiles = (server) => readdirSync(`/proc/${server.pid}/fd`).length;

test('F74 half-closed connections and resets in the TLS handshake: no socket leaks', LIMIT, async (t) => {
  const count = 50;
  const scene = await Scene.open(t, { config: { limits: { tls_timeout_ms: 1000, header_timeout_ms: 1000, register_timeout_ms: 1000 } } });
  await scene.talking(1);
  const { port, certificate } = scene.server;
  await until('the certificate checks are over', () => openFiles(scene.server) > 0);
  const before = openFiles(scene.server);
  const sockets = [];
  const tcp = async () => {
    const socket = connectTcp({ port, host: '127.0.0.1' });
    sockets.push(socket.on('error', () => {}).resume());
    await once(socket, 'connect');
    return socket;
  };
  const tls = async () => {
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: certificate });
    sockets.push(socket.on('error', () => {}).resume());
    await once(socket, 'secureConnect');
    return socket;
  };
  for (let i = 0; i < count; ++i) {
    (await tcp()).end();
    (await tcp()).end(Buffer.from('160301', 'hex'));
    const reset = await tcp();
    reset.write(Buffer.from('1603010200010001fc0303', 'hex'));
    reset.resetAndClosing = true;
    reset.destroy();
    (await tls()).end();
    (await tls()).end('GET /healthz HTTP/1.1\r\nHost: local');
    (await tls()).end(`GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`);
  }
  await until('the server has let go of all of them', () => openFiles(scene.server) <= before, { ms: 10000 }).catch((error) => {
    throw new Error(`${error.message}: ${openFiles(scene.server)} open files, ${before} before`);
  });
  sockets.forEach((socket) => socket.destroy());
  await scene.settle('F74', { trials: 6 * count, note: 'sockets leaked 0' });
});
