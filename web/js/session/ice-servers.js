import { Emitter } from '../lib/emitter.js';

const RENEW_AT = 0.75;
const RETRY_AT = 0.05;
const SHORTEST_WAIT_MS = 1000;
const ANSWER_TIMEOUT_MS = 5000;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The ICE servers of a session, kept fresh: credentials of a relay are good for some minutes, and whoever waits longer
 * for the call, or has to find another way during it, needs new ones. They are asked for after three quarters of
 * their time, as long as the server is there; a socket that comes back brings new ones itself.
 *
 * Events: `fresh` (the new list).
 */
export class IceServers extends Emitter {
  #signaling;
  #clock;
  #serverNow;
  #list = [];
  #timer = null;

  /**
   * @param {object} options
   * @param {import('../signaling/signaling-client.js').SignalingClient} options.signaling
   * @param {import('../signaling/signaling-client.js').Clock} options.clock
   * @param {() => number} options.serverNow the server's time in milliseconds of the epoch
   */
  constructor({ signaling, clock, serverNow }) {
    super();
    this.#signaling = signaling;
    this.#clock = clock;
    this.#serverNow = serverNow;
  }

  /** @returns {RTCIceServer[]} */
  get list() {
    return this.#list;
  }

  /** @param {RTCIceServer[]} [list] as the server has just given it */
  take(list = []) {
    this.#list = list;
    const leftMs = endOf(list) - this.#serverNow();
    this.#arm(leftMs * RENEW_AT, leftMs);
  }

  stop() {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(inMs, lifeMs) {
    this.stop();
    if (!Number.isFinite(inMs)) return;
    const waitMs = Math.min(Math.max(inMs, SHORTEST_WAIT_MS), MAX_TIMER_MS);
    this.#timer = this.#clock.setTimeout(() => this.#renew(lifeMs), waitMs);
  }

  async #renew(lifeMs) {
    this.#timer = null;
    if (this.#signaling.state !== 'online') return;
    const before = this.#list;
    const answer = await this.#signaling.request('ice', {}, { timeoutMs: ANSWER_TIMEOUT_MS }).catch(() => null);
    if (this.#list !== before) return;
    if (!answer?.iceServers) {
      if (this.#signaling.state === 'online') this.#arm(lifeMs * RETRY_AT, lifeMs);
      return;
    }
    this.take(answer.iceServers);
    this.emit('fresh', this.#list);
  }
}

/** When the first of the credentials ends (user names are `expiry:user...`, in seconds); Infinity without any. */
function endOf(list) {
  const ends = list.map(({ username }) => /^(\d+):/.exec(username ?? '')?.[1]).filter(Boolean);
  return Math.min(...ends.map((seconds) => Number(seconds) * 1000));
}
