/**
 * Stable problem codes for what can go wrong with microphone and camera; the texts are in the locales under
 * `problem`.
 */

/** A refusal this fast was no person's: the operating system or a policy said no. */
const SYSTEM_REFUSAL_MS = 50;

/**
 * @param {{name?: string, message?: string}} error as rejected by getUserMedia
 * @param {{kind: 'audio' | 'video' | 'both', permission?: string, tookMs?: number}} context
 * @returns {string} PERM-1, PERM-2, PERM-3, DEV-1, DEV-2, DEV-3, DEV-4, SEC-1 or UNK-1
 */
export function mediaErrorCode(error, { kind, permission = 'prompt', tookMs = Infinity }) {
  switch (error.name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
      if (/policy/i.test(error.message ?? '')) return 'PERM-3';
      return permission === 'prompt' && tookMs >= SYSTEM_REFUSAL_MS && /dismiss/i.test(error.message ?? '')
        ? 'PERM-2' : 'PERM-1';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
      return kind === 'video' ? 'DEV-2' : 'DEV-1';
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'DEV-3';
    case 'OverconstrainedError':
      return 'DEV-4';
    case 'SecurityError':
      return 'SEC-1';
    default:
      return 'UNK-1';
  }
}

/**
 * Why no device can be asked for at all on this page, or null.
 * @param {{isSecureContext: boolean, navigator: any, RTCPeerConnection?: any}} scope a window
 * @returns {'SEC-1' | 'BRW-1' | 'BRW-2' | null}
 */
export function environmentProblem(scope) {
  if (!scope.isSecureContext) return 'SEC-1';
  const inApp = /FBAN|FBAV|Zalo|Instagram|Line\/|MicroMessenger/i.test(scope.navigator.userAgent ?? '');
  if (!scope.navigator.mediaDevices?.getUserMedia) return inApp ? 'BRW-2' : 'BRW-1';
  return scope.RTCPeerConnection ? null : 'BRW-1';
}
