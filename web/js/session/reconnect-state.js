/**
 * Whose line is it? Three causes, three texts; null while everything is well or has not begun.
 *
 * @param {object} input
 * @param {string} input.signaling state of the signaling client
 * @param {'up' | 'down' | 'none'} input.connection of the media
 * @param {boolean} input.peerReconnecting the server has lost the other side
 * @returns {'media' | 'signaling' | 'peer' | 'both' | null}
 */
export function reconnectCause({ signaling, connection, peerReconnecting }) {
  const signalingDown = signaling !== 'online';
  if (signalingDown) return connection === 'up' ? 'signaling' : 'both';
  if (peerReconnecting && connection !== 'up') return 'peer';
  return connection === 'down' ? 'media' : null;
}
