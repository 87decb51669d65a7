/**
 * What this side has sent, counted as the server counts it: every message after `register` but `pong` has
 * the number 1, 2, 3... of its session. Kept until the server says `received`, so that a resumed session
 * gets exactly what it misses; commands are kept until they are answered, so that a new session gets those
 * and nothing else (a signal of an old session is worse than none).
 */
export class Outbox {
  #log = [];
  #confirmed = 0;
  #commands = new Map();
  #count = 0;
  #overflowed = false;
  #entriesMax;

  /** @param {number} entriesMax unconfirmed messages kept; beyond it the session is no longer resumable */
  constructor(entriesMax = 256) {
    this.#entriesMax = entriesMax;
  }

  /** False once a message that might be missing was forgotten. */
  get resumable() {
    return !this.#overflowed;
  }

  get unconfirmed() {
    return this.#log.length;
  }

  /**
   * Counts a message. One with an `id` is a command and waits for its answer.
   * @param {{type: string, id?: string}} message
   */
  add(message) {
    this.#count += 1;
    this.#log.push({ number: this.#count, message });
    if (message.id) this.#commands.set(message.id, message);
    if (this.#log.length > this.#entriesMax) {
      this.#log.shift();
      this.#overflowed = true;
    }
  }

  /** @param {number | undefined} received what the server has seen of this session */
  confirm(received) {
    if (!Number.isInteger(received)) return;
    this.#confirmed = Math.max(this.#confirmed, received);
    while (this.#log.length > 0 && this.#log[0].number <= received) this.#log.shift();
  }

  /** @param {string} id the command needs no resending any more */
  settle(id) {
    this.#commands.delete(id);
  }

  /**
   * The session goes on.
   * @param {number} received
   * @returns {object[] | null} the messages beyond `received`, in order; null if the server has forgotten some
   *   it had confirmed, so that they cannot be sent again
   */
  resume(received) {
    if (!Number.isInteger(received) || received < this.#confirmed || received > this.#count) return null;
    this.confirm(received);
    return this.#log.map((entry) => entry.message);
  }

  /**
   * A new session starts counting at one.
   * @returns {object[]} the unanswered commands, in order; nothing else is sent again
   */
  restart() {
    const commands = [...this.#commands.values()];
    this.#log = commands.map((message, index) => ({ number: index + 1, message }));
    this.#count = commands.length;
    this.#confirmed = 0;
    this.#overflowed = false;
    return commands;
  }
}
