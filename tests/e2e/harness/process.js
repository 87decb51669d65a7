import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

const LOG_MAX = 200_000;

/** A port that was free a moment ago; the configuration has no port 0. */
export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/** One running binary: what it wrote, and its two kinds of end. */
export class Process {
  #child;
  #log = '';

  constructor(binary, words, options) {
    this.#child = spawn(binary, words, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.#log = (this.#log + text).slice(-LOG_MAX)));
    }
    this.#child.on('error', (error) => (this.#log += error.message));
  }

  get log() {
    return this.#log;
  }

  get running() {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Throws, with what it wrote, if it has ended. */
  assertRunning() {
    if (!this.running) throw new Error(`the server ended with ${this.#child.exitCode ?? this.#child.signalCode}:\n${this.#log}`);
  }

  /** SIGSTOP, SIGCONT and the like. */
  signal(name) {
    this.#child.kill(name);
  }

  /** kill -9: no goodbye, nothing written any more. */
  async kill() {
    if (!this.running) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  /** SIGTERM; not ending cleanly within 20 s is an error. */
  async stop() {
    if (!this.running) return;
    const gone = once(this.#child, 'exit');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    this.#child.kill('SIGTERM');
    const [code, signal] = await gone;
    clearTimeout(timer);
    if (code !== 0) throw new Error(`the server ended with ${code ?? signal} after SIGTERM:\n${this.#log.slice(-4000)}`);
  }
}
