import assert from 'node:assert/strict';

import { watchPage } from './in-page.js';
import { until } from './until.js';

/** One person at one browser page: presses buttons, reads screens, and notes everything that should not happen. */
export class Person {
  #server;
  #context;
  #faults = [];
  #expected = [];

  /**
   * @param {import('puppeteer-core').Browser} browser
   * @param {import('./server.js').Server} server
   * @param {string} url  of this server; anything it requests elsewhere is a fault
   * @param {{viewport?: object, scheme?: string}} [options]  Chromium only: not every Firefox ESR has the commands
   */
  static async open(browser, server, url, { viewport, scheme } = {}) {
    const person = new Person();
    person.#server = server;
    person.#context = await browser.createBrowserContext();
    person.page = await person.#context.newPage();
    if (viewport) await person.page.setViewport(viewport);
    if (scheme) await person.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    person.#watch();
    await person.page.evaluateOnNewDocument(watchPage);
    await person.page.goto(url, { waitUntil: 'domcontentloaded' });
    return person;
  }

  /** The same tab once more, as the browser's "duplicate" makes it: what the tab had stored is copied. */
  async duplicate() {
    const person = new Person();
    person.#server = this.#server;
    person.#context = this.#context;
    person.page = await this.#context.newPage();
    person.#watch();
    await person.page.evaluateOnNewDocument(watchPage);
    await person.page.evaluateOnNewDocument((stored) => {
      if (sessionStorage.length === 0) for (const [key, value] of stored) sessionStorage.setItem(key, value);
    }, await this.page.evaluate(() => Object.entries(sessionStorage)));
    await person.page.goto(this.page.url(), { waitUntil: 'domcontentloaded' });
    return person;
  }

  #watch() {
    this.page.on('console', (message) => message.type() === 'error' && this.#fault(`console: ${message.text()}`));
    this.page.on('pageerror', (error) => this.#fault(`page error: ${error.stack ?? error}`));
    this.page.on('request', (request) => {
      const url = new URL(request.url());
      const own = url.host === new URL(this.#server.origin).host || ['data:', 'blob:', 'about:'].includes(url.protocol);
      if (!own) this.#fault(`third-party request: ${url.origin}`);
    });
  }

  #fault(text) {
    this.#faults.push(text);
  }

  /** From now on, and for what has been noted so far, such faults are part of the test. */
  expectFaults(...patterns) {
    this.#expected.push(...patterns);
  }

  /** Fails if anything happened on this page that should not have. */
  async assertNoFaults() {
    const violations = await this.page.evaluate(() => window.watched?.violations ?? []);
    const faults = [...this.#faults, ...violations].filter((text) => !this.#expected.some((pattern) => pattern.test(text)));
    assert.deepEqual(faults, [], 'the page complained');
  }

  /** The first visible element with this data-testid, as a handle; throws while there is none. */
  async #element(testid) {
    const handle = await this.page.evaluateHandle((id) => window.watched.byTestId(id).find(window.watched.visible) ?? null, testid);
    const element = handle.asElement();
    if (!element) throw new Error(`no visible ${testid}`);
    return element;
  }

  /** Waits for the button, as a person does, and presses it with the mouse. */
  async press(testid, limits) {
    await until(`${testid} can be pressed`, async () => {
      const element = await this.#element(testid);
      if (await element.evaluate((e) => e.matches(':disabled, [aria-disabled="true"]'))) return false;
      await element.click();
      return true;
    }, limits);
  }

  /** Types into an empty field, as with a keyboard. */
  async type(testid, text) {
    await until(`${testid} is empty`, async () => (await this.#element(testid)).evaluate((e) => e.value === ''));
    await (await this.#element(testid)).type(text);
  }

  sees(testid) {
    return this.page.evaluate((id) => window.watched.byTestId(id).some(window.watched.visible), testid);
  }

  waitFor(testid, limits) {
    return until(`${testid} is seen`, () => this.sees(testid), limits);
  }

  waitForNo(testid, limits) {
    return until(`${testid} is gone`, async () => !(await this.sees(testid)), limits);
  }

  /** Visible text of the page, or of one element. */
  text(testid) {
    return this.page.evaluate(
      (id) => (id ? window.watched.byTestId(id).filter(window.watched.visible).map((e) => e.innerText ?? e.textContent).join('\n') : window.watched.text()),
      testid,
    );
  }

  waitForText(pattern, testid, limits) {
    return until(`${testid ?? 'the page'} says ${pattern}`, async () => {
      const text = await this.text(testid);
      if (!pattern.test(text)) throw new Error(`it says: ${text}`);
      return text;
    }, limits);
  }

  waitForNoText(pattern, limits) {
    return until(`the page no longer says ${pattern}`, async () => !pattern.test(await this.text()), limits);
  }

  /** What a control says it does. */
  async label(testid) {
    const element = await this.#element(testid);
    return element.evaluate((e) => e.getAttribute('aria-label') || e.innerText || e.title);
  }

  media() {
    return this.page.evaluate(() => window.watched.media());
  }

  /**
   * Waits until new frames were decoded, sound came in and the picture on the screen is alive. Returns what was gained.
   * A connection that was replaced starts to count anew.
   */
  async receives({ video = true, audio = true, ms = 20000 } = {}) {
    let before = await this.media();
    let first;
    return until(`decoded ${video ? 'frames' : ''} ${audio ? 'and sound' : ''} of the other side`, async () => {
      const now = await this.media();
      if (now.frames < before.frames || now.audioSeconds < before.audioSeconds) before = now;
      const gained = { frames: now.frames - before.frames, audioEnergy: now.audioEnergy - before.audioEnergy };
      if (video && gained.frames < 10) throw new Error(`${gained.frames} frames`);
      if (audio && !(gained.audioEnergy > 1e-6)) throw new Error(`audio energy ${gained.audioEnergy}`);
      if (!video) return gained;
      const picture = await this.page.evaluate(() => window.watched.picture('remote-video'));
      if (!picture) throw new Error('remote-video shows nothing');
      if (Math.max(...picture) < 40) throw new Error('remote-video is black');
      first ??= picture;
      if (picture.every((value, i) => value === first[i])) throw new Error('remote-video stands still');
      return gained;
    }, { ms });
  }

  /** Listens for so many seconds of decoded sound: time passes, and the other side is heard. */
  async listens(seconds) {
    const before = await this.media();
    await until(`${seconds} s of sound`, async () => (await this.media()).audioSeconds - before.audioSeconds >= seconds, { ms: 15000 + 1000 * seconds });
  }

  /** Waits until the other side's sound has been silent for longer than the pauses between the beeps of a fake microphone. */
  hearsNothing({ ms = 15000 } = {}) {
    let before;
    return until('silence', async () => {
      const now = await this.media();
      if (!before || now.audioSeconds < before.audioSeconds || now.audioEnergy - before.audioEnergy > 1e-5) before = now;
      return now.audioSeconds - before.audioSeconds >= 2.5;
    }, { ms });
  }

  /** Waits until no frame has been decoded over as much decoded audio. */
  seesNothingNew({ ms = 15000 } = {}) {
    let before;
    return until('no new frames', async () => {
      const now = await this.media();
      if (!before || now.audioSeconds < before.audioSeconds || now.frames > before.frames) before = now;
      return now.audioSeconds - before.audioSeconds >= 2.5;
    }, { ms });
  }

  /** Begins to measure how long no new frame and no new sound arrives. */
  async measureFlow() {
    await this.page.evaluate(() => {
      window.watched.flow?.stop();
      window.watched.flow = window.watched.sampleFlow(100);
    });
  }

  /** @returns {Promise<{videoGapMs: number, audioGapMs: number}>} the longest gaps since `measureFlow` */
  flowGaps() {
    return this.page.evaluate(() => window.watched.flow.read());
  }

  /** Whether the page's own word about the call is: connected, and the server is there. */
  isInSync() {
    return this.page.evaluate(() => {
      const status = window.watched.byTestId('call-status').find(window.watched.visible);
      return status?.dataset.connection === 'up' && status.dataset.signaling === 'online';
    });
  }

  /** Whether the box of one visible element overlaps that of another. */
  covers(testid, other) {
    return this.page.evaluate((...ids) => {
      const [a, b] = ids.map((id) => window.watched.byTestId(id).find(window.watched.visible)?.getBoundingClientRect());
      if (!a || !b) throw new Error(`not both are seen: ${ids}`);
      return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    }, testid, other);
  }

  /** How each socket of the page began, the oldest first: `resumed`, or the reason of the new session. */
  sessions() {
    return this.page.evaluate(() => window.watched.sessions);
  }

  /** How many WebSockets the page has made so far. */
  socketsMade() {
    return this.page.evaluate(() => window.watched.sockets.length);
  }

  async reload() {
    await this.page.reload({ waitUntil: 'domcontentloaded' });
  }

  /** Checks the page a last time and closes it, and its duplicates with it. */
  async leave() {
    try {
      await this.assertNoFaults();
    } finally {
      await this.#context.close();
    }
  }
}
