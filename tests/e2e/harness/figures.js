import assert from 'node:assert/strict';

import { record } from '../../faults/harness/figures.js';

/** Longer without a new frame or sound than this is a gap; a busy machine stays below it. */
const GAP_MAX_MS = 1000;

/** The longest gaps of several pages together. */
export async function longestGaps(...people) {
  const all = await Promise.all(people.map((person) => person.flowGaps()));
  return {
    videoGapMs: Math.max(...all.map((each) => each.videoGapMs)),
    audioGapMs: Math.max(...all.map((each) => each.audioGapMs)),
  };
}

/** Fails if the media of anybody stood still. */
export function assertNoGap({ videoGapMs, audioGapMs }) {
  assert.ok(videoGapMs <= GAP_MAX_MS, `no new frame for ${videoGapMs} ms`);
  assert.ok(audioGapMs <= GAP_MAX_MS, `no new sound for ${audioGapMs} ms`);
}

/** Appends what a test with two browsers measured to the figures of the fault tests, and shows it. */
export function report(fault, test, { videoGapMs, audioGapMs, ...figures }) {
  const note = videoGapMs === undefined ? 'browsers' : `browsers: longest gap video ${videoGapMs} ms, audio ${audioGapMs} ms`;
  console.log(JSON.stringify(record(fault, `e2e: ${test}`, { callsLost: 0, duplicates: 0, videoGapMs, audioGapMs, note, ...figures })));
}
