/** An `error` answer of the server, or the reason why there was no answer (`timeout`, `closed`). */
export class SignalingError extends Error {
  /**
   * @param {string} code
   * @param {string} [message]
   * @param {{retryable?: boolean, retryAfterMs?: number}} [more]
   */
  constructor(code, message = code, more = {}) {
    super(message);
    this.name = 'SignalingError';
    this.code = code;
    this.retryable = more.retryable ?? false;
    this.retryAfterMs = more.retryAfterMs;
  }
}

/**
 * Commands in flight by id. The time limit runs only while a command is on its way to a live server:
 * `sent` starts it, `suspend` stops it when the socket is lost, since the command is sent again.
 */
export class Requests {
  #clock;
  #pending = new Map();

  /** @param {{setTimeout: Function, clearTimeout: Function}} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /**
   * @param {string} id
   * @param {number} timeoutMs
   * @param {() => void} onTimeout
   * @returns {Promise<any>} the answer; rejects with SignalingError
   */
  open(id, timeoutMs, onTimeout) {
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, timeoutMs, onTimeout, timer: null });
    });
  }

  /** @param {string} id */
  sent(id) {
    const entry = this.#pending.get(id);
    if (!entry || entry.timer !== null) return;
    entry.timer = this.#clock.setTimeout(() => {
      this.#pending.delete(id);
      entry.onTimeout();
      entry.reject(new SignalingError('timeout', 'the server did not answer', { retryable: true }));
    }, entry.timeoutMs);
  }

  suspend() {
    for (const entry of this.#pending.values()) {
      if (entry.timer !== null) this.#clock.clearTimeout(entry.timer);
      entry.timer = null;
    }
  }

  /**
   * @param {{type: string, re: string | null, code?: string, message?: string, retryable?: boolean, retryAfterMs?: number}} answer
   * @returns {boolean} false if nobody waits for it
   */
  settle(answer) {
    const entry = answer.re === null ? undefined : this.#pending.get(answer.re);
    if (!entry) return false;
    this.#pending.delete(answer.re);
    if (entry.timer !== null) this.#clock.clearTimeout(entry.timer);
    if (answer.type === 'error') entry.reject(new SignalingError(answer.code, answer.message, answer));
    else entry.resolve(answer);
    return true;
  }

  /** @param {SignalingError} error */
  rejectAll(error) {
    this.suspend();
    const entries = [...this.#pending.values()];
    this.#pending.clear();
    for (const entry of entries) entry.reject(error);
  }
}
