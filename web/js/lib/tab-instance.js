const LOCK_PREFIX = 'rendezvous.instance.';
const WAIT_MS = 500;

/**
 * The id of this tab, which no other living tab has. A duplicated tab begins with a copy of `sessionStorage`;
 * with the same id towards the server, the two would take the seat from each other without end. So each tab
 * holds a lock named after its id for as long as it lives, and one that cannot get the lock makes a new id. A
 * reload may find the lock still held by the page it replaces, therefore it waits a little.
 *
 * @param {object} options
 * @param {{read: () => string | null, write: (instance: string) => void}} options.storage of this tab
 * @param {() => string} options.createId
 * @param {LockManager} [options.locks] without it a stored id is believed
 * @param {number} [options.waitMs]
 * @returns {Promise<string>}
 */
export async function claimInstance({ storage, createId, locks, waitMs = WAIT_MS }) {
  const stored = storage.read();
  if (stored && (!locks || await hold(locks, stored, waitMs))) return stored;
  const instance = createId();
  storage.write(instance);
  if (locks) await hold(locks, instance, waitMs);
  return instance;
}

/** @returns {Promise<boolean>} true once this tab holds the lock, which it never lets go; false if it is taken */
function hold(locks, instance, waitMs) {
  return new Promise((resolve) => {
    const held = () => new Promise(() => { resolve(true); });
    locks.request(LOCK_PREFIX + instance, { signal: AbortSignal.timeout(waitMs) }, held)
      .catch(({ name }) => resolve(name !== 'AbortError' && name !== 'TimeoutError'));
  });
}
