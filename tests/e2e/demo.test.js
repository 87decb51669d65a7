import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { chromium } from './harness/browsers.js';
import { Person } from './harness/person.js';
import { Process, freePort } from './harness/process.js';
import { until } from './harness/until.js';

const LIMIT = { timeout: 120_000 };

/** `rendezvous demo` in an empty folder, on ports of its own. Gives the three links it prints. */
async function startDemo(folder, words = []) {
  const [port, socketPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
  const demo = new Process(process.env.RENDEZVOUS_BIN, ['demo', ...words], {
    cwd: folder,
    env: {
      ...process.env,
      RENDEZVOUS__SERVER__LISTEN: `0.0.0.0:${port}`,
      RENDEZVOUS__SERVER__WEBSOCKET_LISTEN: `0.0.0.0:${socketPort}`,
      RENDEZVOUS__METRICS__LISTEN: `127.0.0.1:${metricsPort}`,
    },
  });
  const links = await until('three links are printed', () => {
    demo.assertRunning();
    const found = Object.fromEntries([...demo.log.matchAll(/^(doctor|patient|admin): (https:\S+)$/gm)].map(([, who, url]) => [who, url]));
    return Object.keys(found).length === 3 && found;
  });
  return { demo, links, origin: new URL(links.doctor).origin };
}

describe('rendezvous demo', () => {
  let browser;
  let folder;

  before(async () => {
    [browser, folder] = await Promise.all([chromium(), mkdtemp(join(tmpdir(), 'rendezvous-demo-'))]);
  }, LIMIT);

  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  for (const [name, words] of [['as it is', []], ['for another address, on the same database', ['--host', '127.0.0.1']]]) {
    test(`${name}: open two links and talk, the third one shows the call`, LIMIT, async () => {
      const running = await startDemo(folder, words);
      try {
        if (words.length > 0) assert.equal(new URL(running.origin).hostname, words[1]);
        const doctor = await Person.open(browser, running, running.links.doctor);
        const patient = await Person.open(browser, running, running.links.patient);
        await patient.press('enter-waiting-room');
        await patient.press('start-call');
        await doctor.press('join-call');
        await Promise.all([doctor.receives(), patient.receives()]);

        const admin = await Person.open(browser, running, running.links.admin);
        await admin.waitForText(/^1$/m, 'calls-active');
        await doctor.press('end-call');
        await patient.waitForNo('remote-video');
        await admin.reload();
        await admin.waitForText(/Completed/, 'history-table');
        await admin.waitForText(/^0$/m, 'calls-active');
        for (const person of [doctor, patient, admin]) await person.leave();
      } finally {
        await running.demo.stop();
      }
    });
  }
});
