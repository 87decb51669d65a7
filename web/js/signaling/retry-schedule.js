const FIRST_MAX_MS = 300;
const SECOND_MS = 1000;
const STEADY_MS = 3000;
const STEADY_COUNT = 3;
const GROWTH = 1.5;
const MAX_MS = 15000;
const JITTER = 0.2;

/**
 * When to come back: at once (0-300 ms, so that thousands do not arrive together), after 1 s, three times
 * after 3 s, then half as long again each time up to 15 s; all but the first up to 20 % earlier. Somebody in a
 * call never waits longer than 3 s: the server keeps the seat for a limited time only.
 */
export class RetrySchedule {
  #random;
  #attempt = 0;

  /** @param {() => number} random uniform in [0, 1) */
  constructor(random) {
    this.#random = random;
  }

  /** How many waits were handed out since the last reset. */
  get attempt() {
    return this.#attempt;
  }

  /**
   * @param {{inCall?: boolean}} [circumstances]
   * @returns {number} the next wait in milliseconds
   */
  next({ inCall = false } = {}) {
    const attempt = this.#attempt++;
    if (attempt === 0) return this.#random() * FIRST_MAX_MS;
    const grown = attempt === 1 ? SECOND_MS : STEADY_MS * GROWTH ** Math.max(0, attempt - 1 - STEADY_COUNT);
    return Math.min(grown, inCall ? STEADY_MS : MAX_MS) * (1 - JITTER * this.#random());
  }

  reset() {
    this.#attempt = 0;
  }
}
