import { spawn } from 'node:child_process';
import { once } from 'node:events';

const LOG_MAX = 4_000_000;

/** One running binary: what it wrote and when, and the signals it can be given. */
export class Process {
  #child;
  #gone;
  #waiting = [];
  #log = '';

  /**
   * @param {string[]} words
   * @param {{cwd: string, env?: object, output?: number}} options output: a file descriptor for what it writes,
   *   instead of the log kept here
   */
  constructor(words, { cwd, env = {}, output = 'pipe' }) {
    this.#child = spawn(words[0], words.slice(1), { cwd, env: { ...process.env, ...env }, stdio: ['ignore', output, output] });
    this.#gone = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => this.#take(text));
    }
    this.#child.on('error', (error) => this.#take(error.message));
    this.#gone.then(() => this.#take(''));
  }

  get log() {
    return this.#log;
  }

  get pid() {
    return this.#child.pid;
  }

  get running() {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #take(text) {
    this.#log = (this.#log + text).slice(-LOG_MAX);
    for (const each of [...this.#waiting]) each();
  }

  /** Resolves with the moment (performance.now()) at which the log contains `text`; rejects if it ends before. */
  says(text, ms = 20000) {
    return new Promise((resolve, reject) => {
      const finish = (settle, value) => {
        clearTimeout(timer);
        this.#waiting = this.#waiting.filter((each) => each !== look);
        settle(value);
      };
      const look = () => {
        if (this.#log.includes(text)) finish(resolve, performance.now());
        else if (!this.running) finish(reject, new Error(`the server ended without saying "${text}":\n${this.#log.slice(-4000)}`));
      };
      const timer = setTimeout(() => finish(reject, new Error(`no "${text}" within ${ms} ms:\n${this.#log.slice(-4000)}`)), ms);
      this.#waiting.push(look);
      look();
    });
  }

  signal(name) {
    if (this.running) this.#child.kill(name);
  }

  /** kill -9: no goodbye, nothing written any more. */
  async kill() {
    this.signal('SIGKILL');
    await this.#gone;
  }

  /** @returns {Promise<{code: number | null, signal: string | null}>} how it ended; kills it after `ms` */
  async ended(ms = 20000) {
    const timer = setTimeout(() => this.signal('SIGKILL'), ms);
    const [code, signal] = await this.#gone;
    clearTimeout(timer);
    return { code, signal };
  }
}
