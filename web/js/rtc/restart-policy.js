const STEP_MS = 4000;
const QUICK_ATTEMPTS = 5;
const SLOW_STEP_MS = 15000;

/**
 * When to try an ICE restart while the media path is down: at once, then every 4 s. After five restarts in vain
 * a fresh connection is asked for; where there can be none, restarts go on every 15 s. The polite side lets the
 * impolite one go first and joins in one step later, so that two restarts rarely collide. What could not be
 * tried, because the server or the other side is away, does not count.
 */
export class RestartPolicy {
  #clock;
  #restart;
  #renew;
  #timer = null;
  #attempts = 0;

  /**
   * @param {{setTimeout: Function, clearTimeout: Function}} clock
   * @param {() => boolean} restart false: it cannot be tried now
   * @param {() => boolean} [renew] asks for a fresh connection; true: there will be one, this is over
   */
  constructor(clock, restart, renew = () => false) {
    this.#clock = clock;
    this.#restart = restart;
    this.#renew = renew;
  }

  /** Restarts tried since the path was last up. */
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

  /** Something has changed for the better: the next try is now. */
  hurry() {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#schedule(0);
  }

  /** Somebody else has just restarted: the next try comes a step later. */
  postpone() {
    if (this.#timer === null) return;
    this.#clock.clearTimeout(this.#timer);
    this.#schedule(STEP_MS);
  }

  /** The path is up, or the session is over. */
  stop() {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#attempts = 0;
  }

  #schedule(ms) {
    this.#timer = this.#clock.setTimeout(() => this.#try(), ms);
  }

  #try() {
    this.#timer = null;
    if (this.#attempts >= QUICK_ATTEMPTS && this.#renew()) return;
    if (this.#restart()) this.#attempts += 1;
    this.#schedule(this.#attempts <= QUICK_ATTEMPTS ? STEP_MS : SLOW_STEP_MS);
  }
}
