import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { claimInstance } from '../../web/js/lib/tab-instance.js';

const WAIT_MS = 20;

/** The locks of one origin, as the Web Locks API has them: one holder each, the others queue until aborted. */
class FakeLocks {
  #held = new Map();

  async request(name, { signal }, callback) {
    // The timer of AbortSignal.timeout alone does not keep node running.
    const awake = setInterval(() => {}, WAIT_MS);
    try {
      while (this.#held.has(name)) {
        await Promise.race([this.#held.get(name).gone, new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        })]);
      }
    } finally {
      clearInterval(awake);
    }
    let leave;
    const gone = new Promise((resolve) => { leave = () => { this.#held.delete(name); resolve(undefined); }; });
    this.#held.set(name, { gone, leave });
    await callback({ name });
  }

  /** The tab that holds it is closed. */
  close(instance) {
    this.#held.get(`rendezvous.instance.${instance}`).leave();
  }
}

let locks;
let made;

beforeEach(() => {
  locks = new FakeLocks();
  made = 0;
});

function tab(stored = null) {
  const storage = { value: stored, read: () => storage.value, write: (instance) => { storage.value = instance; } };
  return { storage, claim: (more = {}) => claimInstance({ storage, createId: () => `tab-${++made}`, locks, waitMs: WAIT_MS, ...more }) };
}

test('a new tab gets an id and keeps it', async () => {
  const { storage, claim } = tab();
  assert.equal(await claim(), 'tab-1');
  assert.equal(storage.value, 'tab-1');
});

test('a duplicated tab gets an id of its own, and the first one keeps its own', async () => {
  const first = tab();
  await first.claim();
  const second = tab(first.storage.value);
  assert.equal(await second.claim(), 'tab-2');
  const third = tab(second.storage.value);
  assert.equal(await third.claim(), 'tab-3');
  assert.equal(first.storage.value, 'tab-1');
});

test('a reload keeps the id, also when the old page lets go a moment later', async () => {
  const before = tab();
  await before.claim();
  const after = tab(before.storage.value);
  const claimed = after.claim();
  locks.close('tab-1');
  assert.equal(await claimed, 'tab-1');
});

test('where there are no locks a stored id is believed', async () => {
  assert.equal(await tab('tab-9').claim({ locks: undefined }), 'tab-9');
  assert.equal(await tab().claim({ locks: undefined }), 'tab-1');
});

test('locks that may not be used are as good as none', async () => {
  const denied = { request: async () => { throw new DOMException('x', 'SecurityError'); } };
  assert.equal(await tab('tab-9').claim({ locks: denied }), 'tab-9');
});
