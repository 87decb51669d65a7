const STEP_MS = 4000;
const QUICK_ATTEMPTS = 5;
const SLOW_STEP_MS = 15000;

/**
 * When to try an ICE restart while the media path is down: at once, then every 4 s, after five attempts
 * every 15 s. The polite side lets the impolite one go first and joins in one step later, so that two
 * restarts rarely collide; a network change on this side is a reason of its own.
 */
export class RestartPolicy {
  #clock;
  #restart;
  #timer = null;
  #attempts = 0;

  /**
   * @param {{setTimeout: Function, clearTimeout: Function}} clock
   * @param {() => void} restart
   */
  constructor(clock, restart) {
    this.#clock = clock;
    this.#restart = restart;
  }

  get attempts() {
    return this.#attempts;
  }

  /**
   * The path is down.
   * @param {{polite: boolean}} side
   */
  down({ polite }) {
    if (this.#timer !== null) return;
    this.#schedule(polite ? STEP_MS : 0);
  }

  /** The path is up, or the session is over. */
  stop() {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#attempts = 0;
  }

  #schedule(ms) {
    this.#timer = this.#clock.setTimeout(() => {
      this.#attempts += 1;
      this.#schedule(this.#attempts < QUICK_ATTEMPTS ? STEP_MS : SLOW_STEP_MS);
      this.#restart();
    }, ms);
  }
}
