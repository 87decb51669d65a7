/**
 * Notices a socket that is open and dead: nothing was heard for `deadAfterMs`, although the server pings
 * every few seconds. Never sends anything.
 */
export class Heartbeat {
  #clock;
  #onDead;
  #deadAfterMs = 0;
  #heardAt = 0;
  #timer = null;

  /**
   * @param {{now: () => number, setTimeout: Function, clearTimeout: Function}} clock
   * @param {() => void} onDead called once per start
   */
  constructor(clock, onDead) {
    this.#clock = clock;
    this.#onDead = onDead;
  }

  get heardAt() {
    return this.#heardAt;
  }

  /** @param {number} deadAfterMs as the server said in `registered` */
  start(deadAfterMs) {
    this.stop();
    this.#deadAfterMs = deadAfterMs;
    this.heard();
    this.#schedule(deadAfterMs);
  }

  heard() {
    this.#heardAt = this.#clock.now();
  }

  /**
   * To be called when the page wakes up, whose timers may have slept.
   * @returns {boolean} whether the socket has been silent for too long; then `onDead` was called
   */
  check() {
    if (this.#timer === null || this.#clock.now() - this.#heardAt < this.#deadAfterMs) return false;
    this.stop();
    this.#onDead();
    return true;
  }

  stop() {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #schedule(ms) {
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = null;
      const silentMs = this.#clock.now() - this.#heardAt;
      if (silentMs >= this.#deadAfterMs) this.#onDead();
      else this.#schedule(this.#deadAfterMs - silentMs);
    }, ms);
  }
}
