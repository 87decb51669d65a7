const POLL_MS = 500;
const STALLED_AFTER_MS = 1500;

/**
 * @param {{forEach: Function}} report an RTCStatsReport
 * @returns {number} bytes of media received so far; 0 if nothing is reported
 */
export function bytesReceived(report) {
  let bytes = 0;
  report.forEach((stats) => {
    if (stats.type === 'inbound-rtp') bytes += stats.bytesReceived ?? 0;
  });
  return bytes;
}

/**
 * Notices that media has stopped seconds before the browser does: no new bytes for 1.5 s although the other
 * side says it sends. A browser says `disconnected` after 5-9 s and `failed` after 18-30 s.
 */
export class StallWatchdog {
  #clock;
  #getStats;
  #isArmed;
  #onChange;
  #timer = null;
  #bytes = 0;
  #movedAt = 0;
  #stalled = false;

  /**
   * @param {object} options
   * @param {{now: () => number, setTimeout: Function, clearTimeout: Function}} options.clock
   * @param {() => Promise<any>} options.getStats
   * @param {() => boolean} options.isArmed false while silence is expected
   * @param {(stalled: boolean) => void} options.onChange
   */
  constructor({ clock, getStats, isArmed, onChange }) {
    this.#clock = clock;
    this.#getStats = getStats;
    this.#isArmed = isArmed;
    this.#onChange = onChange;
  }

  get stalled() {
    return this.#stalled;
  }

  start() {
    if (this.#timer !== null) return;
    this.#movedAt = this.#clock.now();
    this.#schedule();
  }

  stop() {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#stalled = false;
  }

  #schedule() {
    const timer = this.#clock.setTimeout(async () => {
      const askedAt = this.#clock.now();
      const bytes = await this.#getStats().then(bytesReceived, () => this.#bytes);
      if (this.#timer !== timer) return;
      this.#judge(bytes, askedAt);
      if (this.#timer === timer) this.#schedule();
    }, POLL_MS);
    this.#timer = timer;
  }

  #judge(bytes, now) {
    const moved = bytes !== this.#bytes;
    this.#bytes = bytes;
    // What has stalled is not healed by expecting nothing, only by bytes.
    if (moved || (!this.#stalled && !this.#isArmed())) this.#movedAt = now;
    const stalled = now - this.#movedAt >= STALLED_AFTER_MS;
    if (stalled === this.#stalled) return;
    this.#stalled = stalled;
    this.#onChange(stalled);
  }
}
