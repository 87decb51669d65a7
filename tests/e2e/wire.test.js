import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { FaultProxy } from '../faults/harness/fault-proxy.js';
import { chromium } from './harness/browsers.js';
import { assertNoGap, longestGaps, report } from './harness/figures.js';
import { connect, endedCall } from './harness/flow.js';
import { bookAppointment, openDoctor, openPatient } from './harness/scene.js';
import { Server } from './harness/server.js';
import { until } from './harness/until.js';

const LIMIT = { timeout: 120_000 };
const ROUNDS = process.env.RENDEZVOUS_LONG ? 5 : 1;
const SILENCE = { up: { swallowed: true }, down: { swallowed: true } };

describe('the wire between one browser and the server is pulled', () => {
  let server;
  let proxy;
  const browsers = {};

  before(async () => {
    server = await Server.start({ rooms: { heartbeat_ms: 1000, pong_timeout_ms: 1000 } });
    proxy = await FaultProxy.start(server.port);
    const detour = `--host-resolver-rules=MAP localhost:${server.port} 127.0.0.1:${proxy.port}`;
    [browsers.doctor, browsers.patient] = await Promise.all([chromium(), chromium({ args: [detour] })]);
  }, LIMIT);

  after(async () => {
    await Promise.all(Object.values(browsers).map((browser) => browser.close()));
    await proxy?.stop();
    await server?.stop();
  });

  const presence = async (appointment) => {
    const { call } = await server.api.callStatus(appointment.id);
    return call?.participants.find((each) => each.userId === appointment.patient.userId)?.state;
  };

  test('the other one sees and hears on, the server knows, and both come together again', LIMIT, async () => {
    const appointment = await bookAppointment(server);
    const doctor = await openDoctor(browsers.doctor, server, appointment);
    const patient = await openPatient(browsers.patient, server, appointment);
    patient.expectFaults(/WebSocket connection to .* failed/, /ERR_TIMED_OUT|ERR_CONNECTION/);
    const { callId } = await connect(server, appointment, doctor, patient, 'doctor');
    assert.ok(proxy.accepted > 0, 'the patient goes through the proxy');
    for (const person of [doctor, patient]) await person.measureFlow();

    const recoverMs = [];
    for (let round = 0; round < ROUNDS; ++round) {
      proxy.apply(SILENCE);
      const pulledAt = performance.now();
      await until('the server has noticed', async () => (await presence(appointment)) === 'reconnecting', { ms: 10_000 });
      assert.ok(performance.now() - pulledAt <= 5000, 'within two heartbeats and a bit');
      await patient.waitForText(/keep talking/i, 'reconnecting', { ms: 20_000 });
      assert.equal(await doctor.sees('reconnecting'), false, 'whose own line is well reads nothing');
      await Promise.all([doctor.receives(), patient.receives()]);

      proxy.reset();
      proxy.apply({});
      const healedAt = performance.now();
      await until('the patient is back', async () => (await presence(appointment)) === 'joined' && patient.isInSync(), { everyMs: 50 });
      recoverMs.push(performance.now() - healedAt);
    }
    assert.deepEqual(await patient.sessions(), ['new', ...Array(ROUNDS).fill('resumed')], 'the session went on');
    const gaps = await longestGaps(doctor, patient);
    report('F10', 'wire of one browser pulled', { trials: recoverMs.length, recoverMs, ...gaps });
    assertNoGap(gaps);
    const { call } = await server.api.callStatus(appointment.id);
    assert.deepEqual([call.callId, call.participants.map((each) => each.order)], [callId, [1, 2]], 'on the same seats');

    await doctor.press('end-call');
    await patient.waitForNo('remote-video');
    assert.equal((await endedCall(server, appointment)).endReason, 'completed');
    await doctor.leave();
    await patient.leave();
  });
});
