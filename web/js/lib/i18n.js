/**
 * Texts, dates and durations in the language of the person. Texts live in /locales/LOCALE.json, one flat
 * object; a value is a text or an object of plural forms. `{name}` is replaced and isolated, so that a name in
 * the other writing direction does not disturb the sentence.
 */

/** Offered languages, each in its own name. */
export const LOCALES = new Map([['en', 'English'], ['ro', 'Română'], ['vi', 'Tiếng Việt'], ['ar', 'العربية']]);

const RIGHT_TO_LEFT = new Set(['ar']);
const STORAGE_KEY = 'rendezvous.locale';
const ISOLATE = ['\u2068', '\u2069'];

let locale = 'en';
let texts = {};
let fallback = {};
const listeners = new Set();

/** The language in use. */
export function currentLocale() {
  return locale;
}

/** @returns {'ltr' | 'rtl'} */
export function direction() {
  return RIGHT_TO_LEFT.has(locale) ? 'rtl' : 'ltr';
}

/** For Intl: Arabic with Latin digits, so that times and numbers match text messages and phones. */
function intlLocale() {
  return locale === 'ar' ? 'ar-u-nu-latn' : locale;
}

/**
 * @param {string} code
 * @param {Record<string, any>} messages
 * @param {Record<string, any>} [fallbackMessages] used for a key that `messages` does not have
 */
export function useMessages(code, messages, fallbackMessages = fallback) {
  locale = code;
  texts = messages;
  fallback = fallbackMessages;
  for (const listener of [...listeners]) listener();
}

/**
 * @param {() => void} listener called after each change of language
 * @returns {() => void} removes it
 */
export function onLocaleChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values] `n` picks the plural form
 * @returns {string} the key itself if no language has it
 */
export function t(key, values = {}) {
  let text = texts[key] ?? fallback[key] ?? key;
  if (typeof text === 'object') {
    const form = new Intl.PluralRules(intlLocale()).select(Number(values.n ?? 0));
    text = text[form] ?? text.other;
  }
  return text.replace(/\{(\w+)\}/g, (match, name) => (
    values[name] === undefined ? match : `${ISOLATE[0]}${values[name]}${ISOLATE[1]}`));
}

/** @param {string} key */
export function hasText(key) {
  return key in texts || key in fallback;
}

/**
 * @param {string} number of a phone, as the clinic writes it
 * @returns {string} the same, never broken over two lines
 */
export function formatPhone(number) {
  return number.replace(/ /g, '\u00a0').replace(/-/g, '\u2011');
}

/** @param {string | number | Date} time */
export function formatTime(time) {
  return new Intl.DateTimeFormat(intlLocale(), { hour: '2-digit', minute: '2-digit' }).format(new Date(time));
}

/** @param {string | number | Date} time */
export function formatDay(time) {
  return new Intl.DateTimeFormat(intlLocale(), { weekday: 'long', day: 'numeric', month: 'long' })
    .format(new Date(time));
}

/** @param {string | number | Date} time */
export function formatDateTime(time) {
  return new Intl.DateTimeFormat(intlLocale(), { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time));
}

/**
 * A length of time in words, never glued together by hand.
 * @param {number} seconds
 */
export function formatDuration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  /** @type {[string, number][]} */
  const parts = [['hour', Math.floor(whole / 3600)], ['minute', Math.floor(whole / 60) % 60], ['second', whole % 60]];
  const shown = parts.filter(([unit, value]) => value > 0 || (unit === 'second' && whole === 0));
  const words = shown.map(([unit, value]) => new Intl.NumberFormat(intlLocale(), {
    style: 'unit', unit, unitDisplay: 'long' }).format(value));
  return new Intl.ListFormat(intlLocale(), { type: 'unit', style: 'long' }).format(words);
}

/**
 * The language to begin with.
 * @param {{saved?: string | null, wished?: string, browser?: readonly string[]}} sources
 */
export function chooseLocale({ saved, wished, browser = [] }) {
  const candidates = [saved, wished, ...browser].filter(Boolean).map((each) => each.toLowerCase().split('-')[0]);
  return candidates.find((each) => LOCALES.has(each)) ?? 'en';
}

async function load(code) {
  const response = await fetch(`/locales/${code}.json`);
  if (!response.ok) throw new Error(`locale ${code}: ${response.status}`);
  return response.json();
}

function applyToDocument() {
  document.documentElement.lang = locale;
  document.documentElement.dir = direction();
}

/**
 * Loads a language and turns the page to it.
 * @param {string} code
 * @param {{remember?: boolean}} [options]
 */
export async function setLocale(code, { remember = false } = {}) {
  const [messages, english] = await Promise.all([load(code), code === 'en' ? null : load('en')]);
  useMessages(code, messages, english ?? messages);
  applyToDocument();
  if (remember) localStorage.setItem(STORAGE_KEY, code);
}

/**
 * To be awaited once by each page before it shows anything.
 * @param {string} [wished] a language somebody else chose for this person
 */
export function startLocale(wished) {
  return setLocale(chooseLocale({ saved: localStorage.getItem(STORAGE_KEY), wished, browser: navigator.languages }));
}
