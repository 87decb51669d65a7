/**
 * One code that a person can read out on the phone for each thing that can go wrong, whoever found it: the
 * server (its error codes), the socket (its close codes) or the browser (which uses these codes already).
 */
const BY_ERROR = new Map([
  ['gone', 'TOK-1'], ['locked', 'PIN-1'], ['token-expired', 'TOK-1'], ['unauthenticated', 'TOK-1'], ['no-link', 'TOK-3'],
  ['forbidden', 'TOK-2'], ['not-found', 'TOK-2'], ['outside-window', 'EARLY-1'], ['payment-required', 'PAY-1'],
  ['appointment-closed', 'ROOM-2'], ['room-full', 'ROOM-1'], ['removed', 'ROOM-3'], ['not-admitted', 'WAIT-1'],
  ['taken-over', 'MOVE-1'], ['in-call-elsewhere', 'MOVE-1'], ['too-many-devices', 'MOVE-2'],
  ['rate-limited', 'RATE-1'], ['network', 'SRV-1'], ['store-unavailable', 'SRV-1'], ['draining', 'SRV-1'],
  ['timeout', 'SRV-1'], ['busy', 'SRV-1'], ['closed', 'SRV-1'],
]);

/**
 * @param {string | undefined} code of the server or of the signaling client
 * @param {{closesAt?: string, now?: number, online?: boolean}} [context]
 * @returns {string} a code with texts under `problem`
 */
export function problemCode(code, { closesAt, now = Date.now(), online = true } = {}) {
  const mapped = BY_ERROR.get(code ?? '') ?? 'UNK-1';
  if (mapped === 'EARLY-1' && closesAt && Date.parse(closesAt) <= now) return 'LATE-1';
  if (mapped === 'SRV-1' && !online) return 'NET-1';
  return mapped;
}
