import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { chromium, firefox } from './harness/browsers.js';
import { connect, endedCall } from './harness/flow.js';
import { bookAppointment, openDoctor, openPatient } from './harness/scene.js';
import { Server } from './harness/server.js';
import { until } from './harness/until.js';

const LIMIT = { timeout: 120_000 };

function assertRow(row, appointment, starter) {
  assert.equal(row.appointmentId, appointment.id);
  assert.equal(row.kind, 'appointment');
  assert.equal(row.endReason, 'completed');
  assert.equal(row.startedBy, appointment[starter].userId);
  assert.ok(row.answeredAt && row.connectedAt && row.endedAt, 'answered, connected and ended');
  assert.ok(Date.parse(row.createdAt) <= Date.parse(row.answeredAt) && Date.parse(row.answeredAt) <= Date.parse(row.endedAt));
  // Whole seconds of the boot clock, between two times of the wall clock: each pair is read within a few milliseconds.
  const span = (Date.parse(row.endedAt) - Date.parse(row.answeredAt)) / 1000;
  assert.ok(row.durationSeconds >= span - 1.2 && row.durationSeconds <= span + 0.2, `${row.durationSeconds} s in the row, ${span} s between its times`);
  assert.ok(row.billableSeconds <= row.durationSeconds);
  assert.deepEqual(row.participants.map((p) => [p.userId, p.role, p.state]).sort(), [
    [appointment.doctor.userId, 'doctor', 'left'],
    [appointment.patient.userId, 'patient', 'left'],
  ]);
}

describe('a call between two browsers', () => {
  let server;
  const browsers = {};

  before(async () => {
    [server, browsers.chromium, browsers.firefox] = await Promise.all([Server.start(), chromium(), firefox()]);
  }, LIMIT);

  after(async () => {
    await Promise.all(Object.values(browsers).map((browser) => browser.close()));
    await server?.stop();
  });

  const cases = [
    { doctor: 'chromium', patient: 'chromium', starter: 'patient', ender: 'doctor' },
    { doctor: 'chromium', patient: 'chromium', starter: 'doctor', ender: 'patient' },
    { doctor: 'chromium', patient: 'firefox', starter: 'patient', ender: 'patient' },
    { doctor: 'chromium', patient: 'firefox', starter: 'doctor', ender: 'doctor' },
    { doctor: 'firefox', patient: 'chromium', starter: 'doctor', ender: 'patient' },
    { doctor: 'firefox', patient: 'chromium', starter: 'patient', ender: 'doctor' },
  ];
  for (const { doctor: doctorBrowser, patient: patientBrowser, starter, ender } of cases) {
    const name = `doctor in ${doctorBrowser}, patient in ${patientBrowser}: started by the ${starter}, ended by the ${ender}`;
    test(name, LIMIT, async () => {
      const appointment = await bookAppointment(server);
      const doctor = await openDoctor(browsers[doctorBrowser], server, appointment);
      const patient = await openPatient(browsers[patientBrowser], server, appointment);

      const call = await connect(server, appointment, doctor, patient, starter);
      assert.equal(call.startedBy, appointment[starter].userId);
      await until('both pages told the server that media flows', async () => (await server.api.calls(appointment.id))[0].connectedAt);

      await (ender === 'doctor' ? doctor : patient).press('end-call');
      await Promise.all([doctor.waitForNo('remote-video'), patient.waitForNo('remote-video')]);

      const row = await endedCall(server, appointment);
      assert.equal(row.callId, call.callId);
      assertRow(row, appointment, starter);
      const { callStatus } = await server.api.callStatus(appointment.id);
      assert.equal(callStatus, 'ended');
      await doctor.leave();
      await patient.leave();
    });
  }
});
