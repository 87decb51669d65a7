import { createApi } from './api.js';
import { storeToken, storedToken, takeFragment, tokenClaims } from './tab-store.js';

/**
 * Who opened a staff page: the token comes once in the fragment (`#token=JWT`), is kept for this tab, and
 * leaves the address bar.
 * @returns {import('../session/create.js').Identity & {userId: string, role: string, name: string} | null}
 *   null if there is no token
 */
export function staffIdentity() {
  const given = new URLSearchParams(takeFragment()).get('token');
  if (given) storeToken(given);
  if (!storedToken()) return null;
  const api = createApi({ getToken: storedToken });
  return { ...identityOf(storedToken()), server: location.origin, api, getToken: ({ fresh }) => staffToken(api, fresh) };
}

/**
 * @param {string} token
 */
export function identityOf(token) {
  const { sub = '', role = '', name = '' } = tokenClaims(token);
  return { userId: sub, role, name };
}

async function staffToken(api, fresh) {
  if (!fresh) return storedToken();
  const { token } = await api.post('/api/tokens/renew');
  storeToken(token);
  return token;
}
