import { claimInstance } from './tab-instance.js';

/**
 * What belongs to this tab alone, kept in `sessionStorage` so that a reload does not lose it: the token, the
 * invite it came from, and the tab's id towards the server.
 */
const TOKEN = 'rendezvous.token';
const INVITE = 'rendezvous.invite';
const INSTANCE = 'rendezvous.instance';
const PLACE = 'rendezvous.place';

/** A random UUID; `crypto.randomUUID` exists in secure contexts only, and the page must explain itself in others. */
export function createId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

let instance = null;

/** @returns {Promise<string>} the same for the life of this tab, reloads included, and no other tab's */
export function tabInstance() {
  instance ??= claimInstance({
    storage: { read: () => sessionStorage.getItem(INSTANCE), write: (id) => sessionStorage.setItem(INSTANCE, id) },
    createId, locks: navigator.locks });
  return instance;
}

/** @returns {string | null} */
export function storedToken() {
  return sessionStorage.getItem(TOKEN);
}

/** @param {string | null} token */
export function storeToken(token) {
  if (token === null) sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, token);
}

/** @returns {string | null} */
export function storedInvite() {
  return sessionStorage.getItem(INVITE);
}

/** @param {string} code */
export function storeInvite(code) {
  sessionStorage.setItem(INVITE, code);
}

/**
 * Where this tab was when it was reloaded.
 * @returns {{appointmentId: string, place: 'waiting' | 'call'} | null}
 */
export function storedPlace() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {{appointmentId: string, place: 'waiting' | 'call'} | null} place */
export function storePlace(place) {
  if (place === null) sessionStorage.removeItem(PLACE);
  else sessionStorage.setItem(PLACE, JSON.stringify(place));
}

/**
 * Takes the fragment out of the address bar, and with it every secret that came along.
 * @returns {string} the fragment without `#`
 */
export function takeFragment() {
  const fragment = location.hash.slice(1);
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  return decodeURIComponent(fragment);
}

/**
 * The claims of a token, unverified: good for what to show, never for what is allowed.
 * @param {string} token
 * @returns {{sub?: string, role?: string, exp?: number, appointment?: string | string[], locale?: string, name?: string}}
 */
export function tokenClaims(token) {
  try {
    const part = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (char) => char.charCodeAt(0))));
  } catch {
    return {};
  }
}
