import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { chromium } from './harness/browsers.js';
import { Person } from './harness/person.js';
import { bookAppointment, openDoctor, openInvite, openPatient, tomorrow } from './harness/scene.js';
import { Server } from './harness/server.js';

const LIMIT = { timeout: 90_000 };
const REFUSED_BY_SERVER = /Failed to load resource: the server responded with a status of 4\d\d/;

describe('what cannot go on says why', () => {
  let server;
  let browser;

  before(async () => {
    [server, browser] = await Promise.all([Server.start(), chromium()]);
  }, LIMIT);

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('a wrong link', LIMIT, async () => {
    const person = await Person.open(browser, server, `${server.origin}/join#AAAAAAAAAAAAAAAAAAAAAA`);
    person.expectFaults(REFUSED_BY_SERVER);
    assert.match(await person.waitForText(/\S/, 'error-code'), /TOK-1/);
    await person.waitForText(/link no longer works/i);
    assert.equal(await person.sees('start-call'), false);
    await person.leave();
  });

  test('a link that was revoked', LIMIT, async () => {
    const appointment = await bookAppointment(server);
    const { url, inviteId } = await server.api.invite(appointment.id, appointment.patient.userId);
    await server.api.expect(204, 'DELETE', `/api/appointments/${appointment.id}/invites/${inviteId}`);
    const person = await Person.open(browser, server, url);
    person.expectFaults(REFUSED_BY_SERVER);
    assert.match(await person.waitForText(/\S/, 'error-code'), /TOK-1/);
    await person.leave();
  });

  test('a link with a PIN asks for it, and is locked after too many wrong ones', LIMIT, async () => {
    const appointment = await bookAppointment(server);
    const invite = (pin) => server.api.invite(appointment.id, appointment.patient.userId, { pin });
    const person = await Person.open(browser, server, (await invite('4711')).url);
    person.expectFaults(REFUSED_BY_SERVER);
    await person.type('pin', '0000');
    await person.press('enter-pin');
    await person.waitForText(/tries left: .?4/i);
    await person.type('pin', '4711');
    await person.press('enter-pin');
    await person.waitFor('check-devices');
    await person.leave();

    const thief = await Person.open(browser, server, (await invite('4711')).url);
    thief.expectFaults(REFUSED_BY_SERVER);
    for (let left = 4; left >= 0; --left) {
      await thief.type('pin', '0000');
      await thief.press('enter-pin');
      if (left > 0) await thief.waitForText(new RegExp(`tries left: .?${left}`, 'i'));
    }
    assert.match(await thief.waitForText(/\S/, 'error-code'), /PIN-1/);
    await thief.leave();
  });

  test('a staff page without or with a bad token', LIMIT, async () => {
    const person = await Person.open(browser, server, `${server.origin}/appointments#token=not.a.token`);
    person.expectFaults(REFUSED_BY_SERVER);
    await person.waitFor('error-code');
    assert.equal(new URL(person.page.url()).hash, '', 'the token leaves the address bar');
    await person.leave();
  });

  test('too early', LIMIT, async () => {
    const appointment = await bookAppointment(server, tomorrow());
    const person = await openInvite(browser, server, appointment);
    for (const enter of [false, true]) {
      if (enter) await person.press('enter-waiting-room');
      await person.waitForText(/EARLY-1/, 'error-code');
      await person.waitForText(/you can come in from/i);
      assert.equal(await person.sees('start-call'), false);
    }
    await person.leave();
  });

  test('unpaid, and the button comes by itself once it is paid', LIMIT, async () => {
    const appointment = await bookAppointment(server, { paymentStatus: 'unpaid' });
    const person = await openInvite(browser, server, appointment);
    await person.waitForText(/PAY-1/, 'error-code');
    await person.press('enter-waiting-room');
    await person.waitForText(/PAY-1/, 'error-code');
    await person.waitForText(/payment is needed/i);
    assert.equal(await person.sees('start-call'), false);

    const booked = await server.api.expect(200, 'GET', `/api/appointments/${appointment.id}`);
    await server.api.putAppointment(appointment.id, {
      status: booked.status, paymentStatus: 'paid', start: booked.start, end: booked.end, media: booked.media,
      participants: [appointment.doctor, appointment.patient],
    });
    await person.waitFor('start-call');
    await person.leave();
  });

  test('an appointment that was cancelled', LIMIT, async () => {
    const appointment = await bookAppointment(server, { status: 'cancelled' });
    const person = await openInvite(browser, server, appointment);
    await person.waitForText(/ROOM-2/, 'error-code');
    await person.waitForText(/cancelled/i);
    assert.equal(await person.sees('start-call'), false);
    await person.leave();
  });

  test('refused camera and microphone', LIMIT, async () => {
    const strict = await chromium({ permission: 'deny' });
    try {
      const appointment = await bookAppointment(server);
      for (const [open, button] of [[openInvite, 'enter-waiting-room'], [openInvite, 'check-devices'], [openDoctor, 'start-call']]) {
        const person = await open(strict, server, appointment);
        await person.press(button);
        assert.match(await person.waitForText(/\S/, 'error-code'), /PERM-1/);
        await person.waitForText(/blocking your camera and microphone/i);
        await person.leave();
      }
      assert.deepEqual(await server.api.calls(appointment.id), [], 'nobody was called');
    } finally {
      await strict.close();
    }
  });

  test('no camera: the call goes on with sound', LIMIT, async () => {
    const blind = await chromium({ devices: 'device-count=0' });
    try {
      const appointment = await bookAppointment(server);
      const patient = await openPatient(blind, server, appointment);
      assert.match(await patient.waitForText(/\S/, 'error-code'), /DEV-2/);
      await patient.press('[data-action="sound"]');
      await patient.press('start-call');

      const doctor = await openDoctor(browser, server, appointment);
      await doctor.press('join-call');
      await Promise.all([patient.receives(), doctor.receives({ video: false })]);
      await doctor.waitForText(/camera is off/i);
      await doctor.leave();
      await patient.leave();
    } finally {
      await blind.close();
    }
  });
});
