const PONG_AFTER_MESSAGES = 64;
const PONG_AFTER_MS = 1500;

/**
 * Counts the server's numbered messages and says when to confirm them: in answer to a ping, after 64
 * messages, or 1.5 s after the first unconfirmed one (the protocol allows 2 s; the rest is for the way).
 */
export class Inbox {
  #clock;
  #confirm;
  #lastSeq = 0;
  #unconfirmed = 0;
  #timer = null;

  /**
   * @param {{setTimeout: Function, clearTimeout: Function}} clock
   * @param {() => void} confirm sends an unasked `pong`
   */
  constructor(clock, confirm) {
    this.#clock = clock;
    this.#confirm = confirm;
  }

  get lastSeq() {
    return this.#lastSeq;
  }

  /**
   * @param {number | undefined} seq
   * @returns {'new' | 'duplicate' | 'gap'} a gap cannot happen on a sound session
   */
  accept(seq) {
    if (!Number.isInteger(seq)) return 'new';
    if (seq <= this.#lastSeq) return 'duplicate';
    const gap = seq > this.#lastSeq + 1;
    this.#lastSeq = seq;
    this.#unconfirmed += 1;
    return gap ? 'gap' : 'new';
  }

  /** To be called after the message was handled, so that a pong confirms only what was taken in. */
  afterMessage() {
    if (this.#unconfirmed >= PONG_AFTER_MESSAGES) {
      this.#confirm();
    } else if (this.#unconfirmed > 0 && this.#timer === null) {
      this.#timer = this.#clock.setTimeout(() => {
        this.#timer = null;
        if (this.#unconfirmed > 0) this.#confirm();
      }, PONG_AFTER_MS);
    }
  }

  /** A pong with the present `lastSeq` has gone out. */
  confirmed() {
    this.#unconfirmed = 0;
    this.stop();
  }

  /** The socket is gone; what was received stays counted for the resume. */
  stop() {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** A new session counts from one. */
  restart() {
    this.stop();
    this.#lastSeq = 0;
    this.#unconfirmed = 0;
  }
}
