import { createHmac } from 'node:crypto';

const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/**
 * A token (RFC 7519, HS256) as the booking system would sign it.
 *
 * @param {string} secret
 * @param {{iss: string, sub: string, role: string, appointment?: string | string[], ttlS?: number, nowS?: number}} claims
 */
export function signToken(secret, { ttlS = 3600, nowS = Math.floor(Date.now() / 1000), ...claims }) {
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ aud: 'rendezvous', iat: nowS, exp: nowS + ttlS, ...claims })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
