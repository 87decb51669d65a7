import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { between, seeded } from '../faults/harness/seed.js';
import { chromium, firefox } from './harness/browsers.js';
import { assertNoGap, longestGaps, report } from './harness/figures.js';
import { connect, endedCall } from './harness/flow.js';
import { bookAppointment, openDoctor, openPatient } from './harness/scene.js';
import { Server } from './harness/server.js';
import { until } from './harness/until.js';

const LIMIT = { timeout: process.env.RENDEZVOUS_LONG ? 600_000 : 150_000 };
const KILLS = process.env.RENDEZVOUS_LONG ? 25 : 3;
// A page in a call tries at the latest 3 s after the try before; the rest is for the machine.
const BACK_MAX_MS = 4500;

describe('the server goes away in the middle of a call', () => {
  let server;
  const browsers = {};
  let appointment;
  let doctor;
  let patient;
  let callId;

  before(async () => {
    [server, browsers.doctor, browsers.patient] = await Promise.all([Server.start({ rooms: { drain_ms: 2000 } }), firefox(), chromium()]);
  }, LIMIT);

  after(async () => {
    await Promise.all(Object.values(browsers).map((browser) => browser.close()));
    await server?.stop();
  });

  beforeEach(async () => {
    if (!server.running) await server.launch(); // a test that failed may have left it dead
    appointment = await bookAppointment(server);
    doctor = await openDoctor(browsers.doctor, server, appointment);
    patient = await openPatient(browsers.patient, server, appointment);
    doctor.expectFaults(/Firefox can’t establish a connection to the server|connection to .* was interrupted/);
    patient.expectFaults(/WebSocket connection to .* failed/, /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_CONNECTION_CLOSED/);
    ({ callId } = await connect(server, appointment, doctor, patient, 'patient'));
    await until('both pages are in sync', bothInSync);
    for (const person of [doctor, patient]) await person.measureFlow();
  }, LIMIT);

  afterEach(async () => {
    await doctor.leave();
    await patient.leave();
  }, LIMIT);

  const bothInSync = async () => (await Promise.all([doctor.isInSync(), patient.isInSync()])).every(Boolean);

  /** Until both pages and the server say that the same call goes on; gives the time since the server listened again. */
  const backInSync = async (listeningAt) => {
    await until('both are back in the same call', async () => {
      if (!(await bothInSync())) return false;
      const { call } = await server.api.callStatus(appointment.id);
      assert.equal(call?.callId, callId);
      return call.participants.every((each) => each.state === 'joined');
    }, { ms: 20_000, everyMs: 50 });
    return performance.now() - listeningAt;
  };

  /** While the server is gone, a note beside the name says so, and the picture stays. */
  const readNotes = () => Promise.all([doctor, patient].map(async (person) => {
    await person.waitForText(/keep talking/i, 'reconnecting');
    assert.equal(await person.covers('reconnecting', 'remote-video'), false, 'the note covers nothing of the picture');
  }));

  /** Ends the call as the doctor does; the history has this one call and no other. */
  const finish = async () => {
    await doctor.press('end-call');
    await patient.waitForNo('remote-video');
    const row = await endedCall(server, appointment);
    assert.deepEqual([row.callId, row.endReason], [callId, 'completed']);
    assert.ok(row.participants.every((each) => each.state === 'left'));
    return row;
  };

  test(`kill -9, ${KILLS} times at random: the pair never stops talking`, LIMIT, async () => {
    const random = seeded('e2e restart');
    const recoverMs = [];
    for (let kill = 0; kill < KILLS; ++kill) {
      await patient.listens(between(random, 0, 1500) / 1000);
      await server.kill();
      if (kill === 0) await readNotes();
      else await patient.listens(between(random, 0, 2500) / 1000);
      await server.launch();
      recoverMs.push(await backInSync(performance.now()));
      assert.ok((await Promise.all([doctor, patient].map((person) => person.sees('reconnecting')))).every((seen) => !seen));
    }
    await Promise.all([doctor.receives(), patient.receives()]);
    assert.equal((await patient.sessions()).filter((each) => each === 'restart').length, KILLS, 'each reset says why');
    const gaps = await longestGaps(doctor, patient);
    report('F01', 'kill -9 at random', { trials: KILLS, recoverMs, ...gaps });
    assertNoGap(gaps);
    assert.ok(Math.max(...recoverMs) <= BACK_MAX_MS, `back in sync after ${recoverMs.map(Math.round)} ms`);
    await finish();
  });

  test('SIGTERM: both are sent away, and are back in the same call after the restart', LIMIT, async () => {
    await server.terminate();
    await patient.listens(0.5);
    await server.launch();
    const recoverMs = [await backInSync(performance.now())];
    const gaps = await longestGaps(doctor, patient);
    report('F05', 'SIGTERM with a pair in a call', { trials: 1, recoverMs, ...gaps });
    assertNoGap(gaps);
    await finish();
  });

  test('a page reloaded while the server is gone comes back to the call', LIMIT, async () => {
    patient.expectFaults(/Failed to load resource/);
    await server.kill();
    await patient.reload().catch(() => {});
    assert.match(await patient.page.evaluate(() => location.href), /^chrome-error:/, 'the page itself is gone');
    await server.launch();
    const listeningAt = performance.now();
    await patient.reload();
    await Promise.all([doctor.receives(), patient.receives()]);
    const recoverMs = [await backInSync(listeningAt)];
    report('F01', 'reload while the server is gone', { trials: 1, recoverMs });
    await finish();
  });

  test('frozen for 5 s (SIGSTOP): nobody notices', LIMIT, async () => {
    const sockets = await Promise.all([doctor.socketsMade(), patient.socketsMade()]);
    server.signal('SIGSTOP');
    try {
      await Promise.all([doctor.listens(5), patient.listens(5)]);
    } finally {
      server.signal('SIGCONT');
    }
    const recoverMs = [await backInSync(performance.now())];
    assert.deepEqual(await Promise.all([doctor.socketsMade(), patient.socketsMade()]), sockets, 'the sockets are the same');
    const gaps = await longestGaps(doctor, patient);
    report('F07', 'SIGSTOP for 5 s', { trials: 1, recoverMs, ...gaps });
    assertNoGap(gaps);
    await finish();
  });
});
