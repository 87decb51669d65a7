const FIRST_MAX_MS = 300;
const STEADY_MS = 3000;
const STEADY_COUNT = 3;
const GROWTH = 1.5;
const MAX_MS = 15000;
const JITTER = 0.2;

/**
 * When to come back: at once (0-300 ms, so that thousands do not arrive together), three times after 3 s,
 * then half as long again each time up to 15 s; everything but the first +-20 %.
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

  /** @returns {number} the next wait in milliseconds */
  next() {
    const attempt = this.#attempt++;
    if (attempt === 0) return this.#random() * FIRST_MAX_MS;
    const grown = STEADY_MS * GROWTH ** Math.max(0, attempt - STEADY_COUNT);
    return Math.min(grown, MAX_MS) * (1 - JITTER + 2 * JITTER * this.#random());
  }

  reset() {
    this.#attempt = 0;
  }
}
