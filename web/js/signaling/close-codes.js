/**
 * What a client does after each WebSocket close code (docs/protocol.md, "close codes").
 *
 * @typedef {'stop' | 'retry' | 'token' | 'hint' | 'elsewhere'} CloseAction
 *   stop: never by itself; retry: reconnect and resume with backoff; token: fetch a new token, once;
 *   hint: come back after the server's hint, spread by jitter; elsewhere: the next node is asked, after a hint
 *   if there is one, else as quickly as after a crash.
 */

const STOP = new Set([1000, 1002, 1003, 1007, 1009, 4100, 4101, 4102, 4103, 4104, 4400, 4401, 4403, 4422]);
const TOKEN = new Set([4200, 4201]);
const HINT = new Set([4300, 4301, 4429]);
const ELSEWHERE = 4302;

/** Codes this client closes with itself. 4000 and up are the only ones a page may choose besides 1000. */
export const OWN_CLOSE = { done: 1000, silent: 4001, restart: 4000 };

/**
 * @param {number} code
 * @returns {CloseAction} unknown codes come from proxies and crashes, so they mean `retry`
 */
export function closeAction(code) {
  if (STOP.has(code)) return 'stop';
  if (TOKEN.has(code)) return 'token';
  if (HINT.has(code)) return 'hint';
  if (code === ELSEWHERE) return 'elsewhere';
  return 'retry';
}

const PROBLEMS = new Map([
  [4100, 'taken-over'], [4101, 'taken-over'], [4102, 'too-many-devices'], [4103, 'appointment-closed'],
  [4104, 'removed'], [4200, 'token-expired'], [4201, 'token-expired'], [4403, 'forbidden'],
  [4422, 'unauthenticated'], [4429, 'rate-limited'],
]);

/**
 * The problem a person is told about when a socket stays closed. A deliberate 1000 is none.
 * @param {number} code
 * @returns {string | null}
 */
export function closeProblem(code) {
  return code === 1000 ? null : PROBLEMS.get(code) ?? 'internal';
}
