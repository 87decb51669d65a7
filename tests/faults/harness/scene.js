import { FaultProxy } from './fault-proxy.js';
import { Pair } from './pair.js';
import { assertNothingLost, judge } from './oracle.js';
import { record } from './figures.js';
import { SEED } from './seed.js';
import { Server } from './server.js';

// How many pairs are opened at once.
const TOGETHER = 10;

let leaving = false;

/**
 * Node 20 sometimes spins for ever in its own cleanup (Environment::CleanupHandles) at the end of a process that reset
 * many sockets. When `exit` is told, everything here is closed and reported; this listener is the last one.
 */
function skipCleanup() {
  if (!leaving) process.on('exit', () => process.exit());
  leaving = true;
}

/**
 * One case: a server with `config`, and what is opened on it; everything is closed at the end, also after a failure.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} [options] of the server
 */
export class Scene {
  #ends = [];
  pairs = [];
  /** The longest time from a kill to serving again. */
  bootMs = 0;

  static async open(t, options) {
    skipCleanup();
    const scene = new Scene();
    scene.t = t;
    t.diagnostic(`seed ${SEED}`);
    t.after(() => scene.#close());
    scene.server = await Server.start(options);
    scene.onEnd(() => scene.server.stop());
    return scene;
  }

  onEnd(action) {
    this.#ends.unshift(action);
  }

  async #close() {
    for (const pair of this.pairs) pair.close();
    for (const end of this.#ends) await end();
  }

  async proxy() {
    const proxy = await FaultProxy.start(this.server.port);
    this.onEnd(() => proxy.stop());
    return proxy;
  }

  /** `count` new pairs who are in their rooms, without a call. */
  connected(count, options) {
    return this.#open(count, (name) => Pair.connect(this.server, { name, ...options }));
  }

  /** `count` new pairs who talk in their calls. */
  talking(count, options) {
    return this.#open(count, (name) => Pair.inCall(this.server, { name, ...options }));
  }

  async #open(count, openOne) {
    const from = this.pairs.length;
    while (this.pairs.length < from + count) {
      const some = Math.min(TOGETHER, from + count - this.pairs.length);
      const opened = await Promise.allSettled(Array.from({ length: some }, () => openOne(this.t.name)));
      this.pairs.push(...opened.filter((each) => each.status === 'fulfilled').map((each) => each.value));
      const failed = opened.find((each) => each.status === 'rejected');
      if (failed) throw failed.reason;
    }
    return this.pairs.slice(from);
  }

  /**
   * Waits until all pairs talk again.
   * @returns {Promise<number[]>} for each, how long after `since`
   */
  inSync(since, limits) {
    return Promise.all(this.pairs.map(async (pair) => (await pair.inSync(since, limits)) - since));
  }

  /** kill -9, a new process, everybody back. @returns {Promise<number[]>} milliseconds from serving again until in sync */
  async crash() {
    const { killedAt, servingAt } = await this.server.crash();
    this.bootMs = Math.max(this.bootMs, servingAt - killedAt);
    return this.inSync(servingAt);
  }

  /** All pairs settle down and are judged; the bar is zero everywhere. */
  async settle(fault, { trials, recoverMs, note, going = true } = {}) {
    if (going) await Promise.all(this.pairs.map((pair) => pair.quiet()));
    const judged = await judge(this.pairs, { going });
    const { complaints, ...figures } = judged;
    record(fault, this.t.name, { trials, ...figures, recoverMs, note });
    assertNothingLost(judged);
  }
}
