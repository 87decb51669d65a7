import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from './harness/browsers.js';
import { connect } from './harness/flow.js';
import { Person } from './harness/person.js';
import { bookAppointment, openDoctor, openInvite, tomorrow } from './harness/scene.js';
import { Server } from './harness/server.js';
import { until } from './harness/until.js';

const LIMIT = { timeout: 180_000 };
const FOLDER = fileURLToPath(new URL('../../build/screenshots/', import.meta.url));

const PHONE = { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const SMALL = { width: 320, height: 640, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const DESKTOP = { width: 1280, height: 800 };
const LOOKS = [
  { name: 'phone-light-en', viewport: PHONE, scheme: 'light', language: 'en', showsServerGone: true },
  { name: 'phone-dark-ar', viewport: PHONE, scheme: 'dark', language: 'ar' },
  { name: 'small-light-ar', viewport: SMALL, scheme: 'light', language: 'ar' },
  { name: 'desktop-light-en', viewport: DESKTOP, scheme: 'light', language: 'en' },
  { name: 'desktop-dark-ar', viewport: DESKTOP, scheme: 'dark', language: 'ar', showsServerGone: true },
];

/** Pictures for a person to look at; what a machine can tell (direction, no sideways scrolling) is asserted here. */
describe('screens', () => {
  let server;

  before(async () => {
    await mkdir(FOLDER, { recursive: true });
    server = await Server.start();
  }, LIMIT);

  after(async () => {
    await server?.stop();
  });

  for (const { name, viewport, scheme, language, showsServerGone } of LOOKS) {
    test(name, LIMIT, async () => {
      const browser = await chromium({ args: [`--lang=${language}`, `--accept-lang=${language}`] });
      const shoot = async (person, screen) => {
        await until('the page speaks the language', () => person.page.evaluate((l) => document.documentElement.lang === l, language));
        const layout = await person.page.evaluate(() => ({
          direction: getComputedStyle(document.documentElement).direction,
          sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        }));
        assert.equal(layout.direction, language === 'ar' ? 'rtl' : 'ltr');
        assert.ok(layout.sideways <= 0, `${screen} scrolls sideways by ${layout.sideways} px`);
        await person.page.screenshot({ path: `${FOLDER}${name}-${screen}.png` });
      };
      try {
        const appointment = await bookAppointment(server);
        const look = { viewport, scheme };
        const doctor = await openDoctor(browser, server, appointment, look);
        await doctor.waitFor('start-call');
        await shoot(doctor, 'list');
        const patient = await openInvite(browser, server, appointment, look);
        await patient.waitFor('check-devices');
        await shoot(patient, 'landing');
        await patient.press('check-devices');
        await patient.waitForNo('check-devices');
        await shoot(patient, 'check');
        await patient.press('enter-waiting-room');
        await patient.waitFor('start-call');
        await shoot(patient, 'waiting-room');
        await connect(server, appointment, doctor, patient, 'patient');
        await shoot(doctor, 'call-doctor');
        await shoot(patient, 'call-patient');
        if (showsServerGone) {
          for (const person of [doctor, patient]) person.expectFaults(/WebSocket connection to .* failed/, /ERR_CONNECTION/);
          await server.kill();
          await Promise.all([doctor.waitFor('reconnecting'), patient.waitFor('reconnecting')]);
          await shoot(patient, 'call-server-gone');
          await server.launch();
          await Promise.all([doctor.waitForNo('reconnecting'), patient.waitForNo('reconnecting')]);
        }
        await doctor.press('end-call');
        await patient.waitForNo('remote-video');
        await shoot(patient, 'ended');
        await doctor.leave();
        await patient.leave();

        const early = await openInvite(browser, server, await bookAppointment(server, tomorrow()), look);
        await early.waitFor('error-code');
        await shoot(early, 'too-early');
        await early.leave();

        const wrong = await Person.open(browser, server, `${server.origin}/join#AAAAAAAAAAAAAAAAAAAAAA`, look);
        wrong.expectFaults(/status of 4\d\d/);
        await wrong.waitFor('error-code');
        await shoot(wrong, 'wrong-link');
        await wrong.leave();

        const locked = await bookAppointment(server);
        const { url } = await server.api.invite(locked.id, locked.patient.userId, { pin: '4711' });
        const asked = await Person.open(browser, server, url, look);
        asked.expectFaults(/status of 4\d\d/);
        await asked.type('pin', '12');
        await asked.press('enter-pin');
        await until('the PIN was wrong', () => asked.page.evaluate(() => window.watched.byTestId('pin')[0].getAttribute('aria-invalid') === 'true'));
        await shoot(asked, 'pin');
        await asked.leave();

        const front = await Person.open(browser, server, `${server.origin}/`, look);
        await shoot(front, 'front');
        await front.leave();
      } finally {
        await browser.close();
      }
    });
  }
});
