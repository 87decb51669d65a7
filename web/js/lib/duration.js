/**
 * A clock for a running call: `4:05`, `1:00:09`.
 * @param {number} seconds
 */
export function clockText(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value) => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/**
 * How far the server's clock is ahead of this one.
 * @param {string | undefined} serverTime RFC 3339
 * @param {number} now
 * @returns {number} milliseconds; 0 if the server did not say
 */
export function clockOffsetMs(serverTime, now) {
  const server = Date.parse(serverTime ?? '');
  return Number.isNaN(server) ? 0 : server - now;
}
