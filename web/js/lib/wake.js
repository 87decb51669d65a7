/**
 * Calls `probe` when the page or the network comes back: the moments in which a socket is dead without
 * knowing it.
 * @param {() => void} probe
 * @returns {() => void} stops it
 */
export function watchWake(probe) {
  const visible = () => { if (document.visibilityState === 'visible') probe(); };
  window.addEventListener('online', probe);
  window.addEventListener('pageshow', probe);
  document.addEventListener('visibilitychange', visible);
  return () => {
    window.removeEventListener('online', probe);
    window.removeEventListener('pageshow', probe);
    document.removeEventListener('visibilitychange', visible);
  };
}

/**
 * Calls `changed` when this device has another network than before: it is online again, or went from one kind
 * (Wi-Fi, mobile) to another. What the browser merely estimates anew (speed, delay) is no change.
 * @param {() => void} changed
 * @returns {() => void} stops it
 */
export function watchNetwork(changed) {
  const connection = /** @type {any} */ (navigator).connection;
  let kind = connection?.type;
  const judge = () => {
    if (connection.type === kind) return;
    kind = connection.type;
    if (kind !== 'none') changed();
  };
  window.addEventListener('online', changed);
  connection?.addEventListener?.('change', judge);
  return () => {
    window.removeEventListener('online', changed);
    connection?.removeEventListener?.('change', judge);
  };
}

/**
 * Keeps the screen on while `wanted` says so; the lock is lost whenever the page is hidden, so it is asked for
 * again. Where there is no such thing, nothing happens.
 */
export class ScreenLock {
  #lock = null;
  #wanted = false;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#apply());
  }

  /** @param {boolean} wanted */
  set(wanted) {
    this.#wanted = wanted;
    this.#apply();
  }

  async #apply() {
    if (!this.#wanted) {
      this.#lock?.release().catch(() => {});
      this.#lock = null;
    } else if (document.visibilityState === 'visible' && (this.#lock === null || this.#lock.released)) {
      this.#lock = await navigator.wakeLock?.request('screen').catch(() => null) ?? null;
    }
  }
}
