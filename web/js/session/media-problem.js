/**
 * What to offer after microphone or camera could not be had.
 *
 * @param {string} code of media-errors.js
 * @param {{microphoneOn: boolean, userAgent: string}} context
 * @returns {{code: string, steps?: string, actions: {name: string, label: string}[]}}
 */
export function mediaProblem(code, { microphoneOn, userAgent }) {
  const again = { name: 'retry', label: 'problem.tryAgain' };
  const sound = { name: 'sound', label: 'problem.continueSound' };
  const listen = { name: 'listen', label: 'problem.continueListen' };
  if (microphoneOn) return { code, actions: [sound, again] };
  if (code === 'PERM-1') {
    return { code, steps: `problem.PERM-1.steps.${browserFamily(userAgent)}`, actions: [again, listen] };
  }
  if (code === 'SEC-1' || code === 'BRW-1' || code === 'BRW-2') return { code, actions: [] };
  return { code, actions: [again, listen] };
}

/**
 * @param {string} userAgent
 * @returns {'ios' | 'android' | 'firefox' | 'safari' | 'chrome'} whose permission dialog to describe
 */
export function browserFamily(userAgent) {
  if (/iPhone|iPad|iPod/.test(userAgent)) return 'ios';
  if (/Android/.test(userAgent)) return 'android';
  if (/Firefox/.test(userAgent)) return 'firefox';
  return /Chrome|Chromium|Edg/.test(userAgent) ? 'chrome' : 'safari';
}
