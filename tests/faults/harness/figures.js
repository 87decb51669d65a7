import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { SEED } from './seed.js';

/** Where the figures of a run are collected. */
export const FIGURES = resolve(process.env.RENDEZVOUS_FIGURES
  ?? fileURLToPath(new URL('../../../build/faults/figures.jsonl', import.meta.url)));

/** The value below which `share` of `values` lie; null without values. */
export function quantile(values, share) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

/**
 * Appends what one case measured.
 *
 * @param {string} fault `F01`, or a word for a figure that is no fault of the list
 * @param {string} test the test's name
 * @param {{trials: number, callsLost?: number, messagesLost?: number, duplicates?: number, rowsLost?: number,
 *   recoverMs?: number[], note?: string}} measured
 */
export function record(fault, test, { recoverMs = [], ...measured }) {
  const round = (ms) => (ms === null ? null : Math.round(ms));
  const line = { fault, test, ...measured, recoverP50Ms: round(quantile(recoverMs, 0.5)), recoverP99Ms: round(quantile(recoverMs, 0.99)), seed: SEED };
  mkdirSync(dirname(FIGURES), { recursive: true });
  appendFileSync(FIGURES, `${JSON.stringify(line)}\n`);
  return line;
}
