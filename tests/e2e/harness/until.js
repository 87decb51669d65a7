import { setInterval } from 'node:timers/promises';

/**
 * Waits until `condition` gives something truthy and returns that. A condition that throws is not yet true; its last
 * error is part of the message when time is over.
 *
 * @template T
 * @param {string} what  for the message, as the end of "not within 10 s: ..."
 * @param {() => T | Promise<T>} condition
 * @param {{ms?: number, everyMs?: number}} [limits]
 * @returns {Promise<T>}
 */
export async function until(what, condition, { ms = 15000, everyMs = 100 } = {}) {
  const deadline = performance.now() + ms;
  let last;
  for await (const _ of setInterval(everyMs)) {
    try {
      const result = await condition();
      if (result) return result;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) break;
  }
  throw new Error(`not within ${ms / 1000} s: ${what}`, { cause: last });
}
