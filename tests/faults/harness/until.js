import { until as untilSlowly } from '../../e2e/harness/until.js';

/** As in tests/e2e, with a finer look: times to recover are measured with it. */
export const until = (what, condition, limits = {}) => untilSlowly(what, condition, { everyMs: 10, ms: 20000, ...limits });

/** Lets a fault last: how long it lasts is part of the fault. Nothing else may be waited for in this way. */
export function lasts(ms) {
  const over = performance.now() + ms;
  return untilSlowly(`${ms} ms of a fault`, () => performance.now() >= over, { everyMs: 5, ms: ms + 10000 });
}
