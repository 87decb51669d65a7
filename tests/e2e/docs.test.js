import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { chromium } from './harness/browsers.js';
import { Server } from './harness/server.js';

const LIMIT = { timeout: 120_000 };
const PHONE = { width: 360, height: 740, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** The page that shows /openapi.json to people. */
describe('/docs/api', () => {
  let server;
  let browser;

  before(async () => {
    server = await Server.start();
    browser = await chromium();
  }, LIMIT);

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  async function open(fragment, viewport, scheme) {
    const page = await browser.newPage();
    const seen = { requests: [], complaints: [] };
    page.on('request', (request) => seen.requests.push(request.url()));
    page.on('console', (message) => ['error', 'warn'].includes(message.type()) && seen.complaints.push(message.text()));
    page.on('pageerror', (error) => seen.complaints.push(error.message));
    if (viewport) await page.setViewport(viewport);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await page.goto(`${server.origin}/docs/api${fragment}`);
    await page.waitForSelector('.operation');
    return { page, ...seen };
  }

  test('shows every operation and every object, with nothing from elsewhere', LIMIT, async () => {
    const { page, requests, complaints } = await open('', undefined, 'light');
    const { body: api } = await server.api.request('GET', '/openapi.json', { token: null });
    const shown = await page.$$eval('.operation', (cards) => cards.map((card) => card.id));
    const described = Object.values(api.paths).flatMap((methods) => Object.values(methods).map((operation) => operation.operationId));
    assert.deepEqual(shown.sort(), described.sort());
    assert.equal((await page.$$('.schema')).length, Object.keys(api.components.schemas).length);
    const dead = await page.$$eval('a[href^="#"]', (links) => links.map((link) => link.hash.slice(1)).filter((id) => !document.getElementById(id)));
    assert.deepEqual(dead, []);
    assert.match(await page.$eval('#startCall pre', (node) => node.textContent), /^curl -X POST -H "Authorization: Bearer \$token" "\$server\/api\/appointments\/\$id\/start-call"/);
    assert.deepEqual(requests.filter((url) => !url.startsWith(server.origin)), []);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  for (const scheme of ['light', 'dark']) {
    test(`opens at the place in the address, on a phone in ${scheme} colours`, LIMIT, async () => {
      const { page, complaints } = await open('#listCalls', PHONE, scheme);
      await page.waitForFunction(() => Math.abs(document.getElementById('listCalls').getBoundingClientRect().top) < 120, { timeout: 10_000 });
      const view = await page.evaluate(() => ({
        sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        background: getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number),
      }));
      assert.ok(view.sideways <= 0, `scrolls sideways by ${view.sideways} px`);
      assert.equal(view.background[0] > 128, scheme === 'light');
      assert.deepEqual(complaints, []);
      await page.close();
    });
  }
});
