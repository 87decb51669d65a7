/** The seed of this run; `run` prints it, RENDEZVOUS_SEED repeats it. */
export const SEED = Number(process.env.RENDEZVOUS_SEED ?? 1) >>> 0;

/** True for the long counts (scripts/test --long). */
export const LONG = process.env.RENDEZVOUS_LONG === '1';

/**
 * A stream of pseudo-random numbers in [0, 1) that depends on the run's seed and on `name` only, so that one case can
 * be repeated without the others (mulberry32).
 *
 * @param {string} name
 * @returns {() => number}
 */
export function seeded(name) {
  let state = SEED;
  for (const letter of name) state = Math.imul(state ^ letter.codePointAt(0), 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `low` to `high`, both included. */
export const between = (random, low, high) => low + Math.floor(random() * (high - low + 1));

/** A UUID that follows `random`. */
export function uuid(random) {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
  hex[12] = '4';
  hex[16] = '8';
  return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
