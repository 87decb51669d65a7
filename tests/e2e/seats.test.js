import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { chromium } from './harness/browsers.js';
import { connect, endedCall } from './harness/flow.js';
import { bookAppointment, openDoctor, openPatient } from './harness/scene.js';
import { Server } from './harness/server.js';
import { until } from './harness/until.js';

const LIMIT = { timeout: 120_000 };

describe('seats in a call', () => {
  let server;
  let browser;
  let appointment;
  let doctor;
  let patient;

  before(async () => {
    [server, browser] = await Promise.all([Server.start(), chromium()]);
  }, LIMIT);

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Both pages of a new appointment. */
  const arrive = async () => {
    appointment = await bookAppointment(server);
    [doctor, patient] = [await openDoctor(browser, server, appointment), await openPatient(browser, server, appointment)];
  };
  const depart = async () => {
    await doctor.leave();
    await patient.leave();
  };

  test('Start becomes Join on the other side, and Start again when the starter leaves', LIMIT, async () => {
    await arrive();
    await doctor.waitFor('start-call');
    assert.equal(await doctor.sees('join-call'), false);
    await patient.press('start-call');
    await doctor.waitFor('join-call');
    assert.equal(await doctor.sees('start-call'), false);
    assert.equal((await server.api.callStatus(appointment.id)).callStatus, 'waiting');

    await patient.press('leave-call');
    await doctor.waitFor('start-call');
    assert.equal((await endedCall(server, appointment)).endReason, 'cancelled');
    await depart();
  });

  test('both press Start at the same moment: one call, no error', LIMIT, async () => {
    const rounds = process.env.RENDEZVOUS_LONG ? 20 : 3;
    for (let round = 0; round < rounds; ++round) {
      await arrive();
      await Promise.all([doctor.waitFor('start-call'), patient.waitFor('start-call')]);
      await Promise.all([doctor.press('start-call'), patient.press('start-call')]);
      await Promise.all([doctor.receives(), patient.receives()]);
      assert.equal((await server.api.calls(appointment.id)).length, 1);
      await doctor.press('end-call');
      await endedCall(server, appointment);
      await depart();
    }
  });

  test('microphone and camera toggles are heard, seen and told on the other side', LIMIT, async () => {
    await arrive();
    await connect(server, appointment, doctor, patient, 'patient');

    const micLabel = await patient.label('toggle-microphone');
    await patient.press('toggle-microphone');
    await doctor.hearsNothing();
    assert.notEqual(await patient.label('toggle-microphone'), micLabel, 'the button says what it does next');
    await doctor.waitForText(/microphone is off|muted/i);
    await patient.press('toggle-microphone');
    await doctor.receives();
    await doctor.waitForNoText(/microphone is off|muted/i);

    await doctor.press('toggle-camera');
    await patient.seesNothingNew();
    await patient.waitForText(/camera is off/i);
    await doctor.press('toggle-camera');
    await patient.receives();
    await patient.waitForNoText(/camera is off/i);

    await doctor.press('end-call');
    await endedCall(server, appointment);
    await depart();
  });

  test('who leaves can come back to the same call', LIMIT, async () => {
    await arrive();
    const { callId } = await connect(server, appointment, doctor, patient, 'doctor');

    await patient.press('leave-call');
    await until('the seat is left', async () => {
      const { call } = await server.api.callStatus(appointment.id);
      return call.participants.find((p) => p.userId === appointment.patient.userId).state === 'left';
    });
    await patient.press('join-call');
    await Promise.all([doctor.receives(), patient.receives()]);
    assert.equal((await server.api.callStatus(appointment.id)).call.callId, callId);

    await doctor.press('leave-call');
    await patient.press('leave-call');
    assert.equal((await endedCall(server, appointment)).endReason, 'completed');
    await depart();
  });

  test('a duplicated tab does not take the seat until it is told to, and then the two do not fight for it', LIMIT, async () => {
    await arrive();
    const { callId } = await connect(server, appointment, doctor, patient, 'patient');
    const copy = await patient.duplicate();
    assert.match(await copy.waitForText(/\S/, 'error-code'), /MOVE-1/);
    await Promise.all([doctor.receives(), patient.receives()]);

    await copy.press('[data-action="takeover"]');
    assert.match(await patient.waitForText(/\S/, 'error-code'), /MOVE-1/);
    await Promise.all([doctor.receives(), copy.receives()]);
    const sockets = await Promise.all([patient.socketsMade(), copy.socketsMade()]);
    await doctor.press('toggle-camera');
    await copy.waitForText(/camera is off/i);
    await copy.listens(4); // longer than any wait before a socket is tried again
    assert.deepEqual(await Promise.all([patient.socketsMade(), copy.socketsMade()]), sockets, 'one switch and no more');
    assert.equal((await server.api.callStatus(appointment.id)).call.callId, callId);

    await doctor.press('end-call');
    assert.equal((await endedCall(server, appointment)).endReason, 'completed');
    await copy.assertNoFaults();
    await depart();
  });

  for (const who of ['doctor', 'patient']) {
    test(`a reload of the ${who}'s page in the call keeps the seat`, LIMIT, async () => {
      await arrive();
      const { callId } = await connect(server, appointment, doctor, patient, 'patient');
      const person = who === 'doctor' ? doctor : patient;
      await person.reload();
      await Promise.all([doctor.receives(), patient.receives()]);

      const { call } = await server.api.callStatus(appointment.id);
      assert.equal(call.callId, callId);
      assert.deepEqual(call.participants.map((p) => p.state), ['joined', 'joined']);
      await doctor.press('end-call');
      assert.equal((await endedCall(server, appointment)).endReason, 'completed');
      await depart();
    });
  }
});
