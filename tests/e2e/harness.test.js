import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { chromium, firefox } from './harness/browsers.js';
import { assertNoGap } from './harness/figures.js';
import { serveLoopback } from './harness/loopback-page.js';
import { Person } from './harness/person.js';
import { until } from './harness/until.js';

const LIMIT = { timeout: 90_000 };
const SHORT = { ms: 3000 };

const setTracks = (person, kind, enabled) =>
  person.page.evaluate((k, on) => window.local.getTracks().filter((t) => t.kind === k).forEach((t) => (t.enabled = on)), kind, enabled);

for (const [name, launch] of Object.entries({ chromium, firefox })) {
  describe(`what the other tests measure with, in ${name}`, () => {
    let server;
    let browser;
    let person;

    before(async () => {
      [server, browser] = await Promise.all([serveLoopback(), launch()]);
    }, LIMIT);

    after(async () => {
      await browser?.close();
      server?.close();
    });

    test('tells frames and sound from silence and darkness', LIMIT, async () => {
      person = await Person.open(browser, server, `${server.origin}/`);
      await assert.rejects(person.receives(SHORT), /decoded frames/, 'nothing is received before the call');
      await person.press('start-call');
      await person.receives();
      await assert.rejects(person.hearsNothing(SHORT), /silence/, 'sound is not silence');
      await assert.rejects(person.seesNothingNew(SHORT), /new frames/, 'video is not a still');

      await setTracks(person, 'audio', false);
      await person.hearsNothing();
      await assert.rejects(person.receives(SHORT), /sound/, 'silence is not sound');
      await person.receives({ audio: false });
      await setTracks(person, 'audio', true);

      await setTracks(person, 'video', false);
      await assert.rejects(person.receives(SHORT), /frames/, 'black frames are no picture');
      await setTracks(person, 'video', true);
      await person.receives();

      await person.measureFlow();
      await person.receives();
      const flowing = await person.flowGaps();
      assert.ok(Math.max(flowing.videoGapMs, flowing.audioGapMs) < 1000, `gaps while all is well: ${JSON.stringify(flowing)}`);
      await person.page.evaluate(() => window.watched.connections[0].close()); // the sending one
      let gaps;
      await until('the gaps are seen', async () => {
        gaps = await person.flowGaps();
        return gaps.videoGapMs >= 1500 && gaps.audioGapMs >= 1500;
      });
      assert.throws(() => assertNoGap(gaps), /no new frame/);
      await person.leave();
    });

    test('does not press what cannot be pressed', LIMIT, async () => {
      person = await Person.open(browser, server, `${server.origin}/`);
      await assert.rejects(person.press('end-call', { ms: 1000 }), /can be pressed/, 'disabled');
      await assert.rejects(person.press('join-call', { ms: 1000 }), /can be pressed/, 'absent');
      await person.leave();
    });

    test('notes errors, refused scripts and requests to others', LIMIT, async () => {
      const faulty = async (act) => {
        const page = await Person.open(browser, server, `${server.origin}/`);
        await page.page.evaluate(act);
        await assert.rejects(page.leave(), /complained/);
      };
      await faulty(() => console.error('a console error'));
      await faulty(() => new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', resolve);
        const inline = document.createElement('script');
        inline.textContent = '1';
        document.head.append(inline);
      }));
      await faulty(() => fetch('https://third-party.invalid/').catch(() => {}));
    });
  });
}
