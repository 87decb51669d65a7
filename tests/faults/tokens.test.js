import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Person } from './harness/person.js';
import { Scene } from './harness/scene.js';
import { seeded } from './harness/seed.js';
import { lasts, until } from './harness/until.js';

const LIMIT = { timeout: 60_000 };
// The server lets clocks differ by 60 s: such a token is over ten seconds from now, which a busy machine needs to seat both.
const NEARLY_OVER_S = -50;
const OVER_AFTER_MS = 11_000;

test('F40 the token ends in the middle of a call: the call goes on, also over a lost socket', LIMIT, async (t) => {
  const scene = await Scene.open(t);
  const proxy = await scene.proxy();
  const ttlS = (role) => (role === 'patient' ? NEARLY_OVER_S : 3600);
  const tokenOf = (user, role, id) => scene.server.token(user, role, id, { ttlS: ttlS(role) });
  const signedAt = performance.now();
  const [pair] = await scene.talking(1, { patientPort: proxy.port, tokenOf });
  const { userId } = pair.patient;
  await lasts(signedAt + OVER_AFTER_MS - performance.now());
  await pair.inSync(performance.now());
  assert.equal(pair.patient.wire.sockets.length, 1, 'the socket was not closed');
  const cutAt = performance.now();
  proxy.reset();
  await until('the patient notices', () => pair.patient.client.state !== 'online');
  const recoverMs = [(await pair.inSync(cutAt)) - cutAt];
  assert.equal(pair.patient.wire.resumed, 1);
  // Somebody else's token of that age, without a seat, is over.
  const late = new Person({ server: scene.server, appointmentId: pair.appointmentId, userId: pair.doctor.userId, role: 'doctor',
    token: scene.server.token(pair.doctor.userId, 'doctor', pair.appointmentId, { ttlS: NEARLY_OVER_S - OVER_AFTER_MS / 1000 }), random: seeded('late') });
  scene.onEnd(() => late.vanish());
  late.client.connect();
  await until('the late one is refused', () => late.closed);
  assert.equal(late.closed.code, 4200);
  // A new token on the same socket.
  const fresh = scene.server.token(userId, 'patient', pair.appointmentId);
  await pair.patient.client.request('refresh', { token: fresh });
  await scene.settle('F40', { trials: 1, recoverMs });
});
