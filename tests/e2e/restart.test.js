import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { chromium } from './harness/browsers.js';
import { connect } from './harness/flow.js';
import { bookAppointment, openDoctor, openPatient } from './harness/scene.js';
import { Server } from './harness/server.js';
import { until } from './harness/until.js';

const LIMIT = { timeout: 120_000 };

describe('the server is killed in the middle of a call', () => {
  let server;
  let browser;

  before(async () => {
    [server, browser] = await Promise.all([Server.start(), chromium()]);
  }, LIMIT);

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('the pair goes on, the pages come back, the history has the call', LIMIT, async () => {
    const appointment = await bookAppointment(server);
    const doctor = await openDoctor(browser, server, appointment);
    const patient = await openPatient(browser, server, appointment);
    for (const person of [doctor, patient]) {
      person.expectFaults(/WebSocket connection to .* failed/, /ERR_CONNECTION_REFUSED/);
    }
    const { callId } = await connect(server, appointment, doctor, patient, 'patient');

    await server.kill();
    // Media is peer to peer: with no server at all, both still decode new frames and hear each other.
    await Promise.all([doctor.receives(), patient.receives()]);

    await server.launch();
    const rows = await server.api.calls(appointment.id);
    assert.deepEqual(rows.map((row) => row.callId), [callId], 'the call that was announced is in the history');
    const events = await server.api.events(callId);
    assert.ok(events.length >= 2, 'and so are its transitions');

    // Both pages find the server again by themselves and can talk in a new call.
    await until('both are in the room again', async () => {
      await Promise.all([doctor.waitFor('start-call', { ms: 30000 }), patient.waitFor('start-call', { ms: 30000 })]);
      return true;
    }, { ms: 60000 });
    await connect(server, appointment, doctor, patient, 'doctor');
    await doctor.press('end-call');
    const calls = await until('the second call has ended', async () => {
      const all = await server.api.calls(appointment.id);
      return all.every((call) => call.state === 'ended') && all;
    });
    assert.deepEqual(calls.map((call) => call.endReason).sort(), ['completed', 'lost']);
    await doctor.leave();
    await patient.leave();
  });
});
