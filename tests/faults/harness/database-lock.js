import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('lock.py', import.meta.url));

/** Another process that locks the database, as a careless administrator's would. */
export class DatabaseLock {
  #child;

  /** @param {string} file @param {'writer' | 'reader'} kind */
  static async hold(file, kind) {
    const lock = new DatabaseLock();
    lock.#child = spawn('python3', [SCRIPT, file, kind], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [text] = await once(lock.#child.stdout, 'data');
    if (!String(text).startsWith('held')) throw new Error(`no lock: ${text}`);
    return lock;
  }

  async release() {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.stdin.end();
    await gone;
  }
}
