import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { LOCALES, chooseLocale, formatDuration, t, useMessages } from '../../web/js/lib/i18n.js';

const WEB = new URL('../../web/', import.meta.url);
const FORMS = { en: ['one', 'other'], ro: ['few', 'one', 'other'], vi: ['other'], ar: ['few', 'many', 'one', 'other', 'two', 'zero'] };

const read = async (path) => readFile(new URL(path, WEB), 'utf8');
const load = async (code) => JSON.parse(await read(`locales/${code}.json`));
const values = (text) => [...new Set([...JSON.stringify(text).matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort();

async function sources(folder, ending) {
  const names = await readdir(new URL(folder, WEB), { recursive: true });
  return Promise.all(names.filter((name) => name.endsWith(ending)).map(async (name) => [name, await read(`${folder}/${name}`)]));
}

test('every language has every text, with the same values', async () => {
  const english = await load('en');
  for (const code of LOCALES.keys()) {
    const other = await load(code);
    assert.deepEqual(Object.keys(other).sort(), Object.keys(english).sort(), code);
    for (const [key, text] of Object.entries(other)) {
      assert.ok(JSON.stringify(text).length > 2, `${code} ${key} is empty`);
      assert.deepEqual(values(text), values(english[key]), `${code} ${key}`);
      if (typeof english[key] === 'object') assert.deepEqual(Object.keys(text).sort(), FORMS[code], `${code} ${key}`);
      else assert.equal(typeof text, 'string', `${code} ${key}`);
    }
  }
});

test('every text asked for by name exists, and none is there for nothing', async () => {
  const english = await load('en');
  const files = [...await sources('js', '.js'), ['index.html', await read('index.html')]];
  const literals = new Set(files.flatMap(([, text]) => [...text.matchAll(/['"`]([a-z]+\.[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)['"`]/g)].map(([, key]) => key)));
  const prefixes = files.flatMap(([, text]) => [...text.matchAll(/`([a-z]+(?:\.[A-Za-z0-9-]+)*\.)\$\{/g)].map(([, prefix]) => prefix));
  const families = new Set(Object.keys(english).map((key) => key.split('.')[0]));
  for (const key of literals) {
    if (!families.has(key.split('.')[0]) || /\.(js|json|html|css|svg)$/.test(key) || key.startsWith('rendezvous.')) continue;
    assert.ok(key in english, `${key} has no text`);
  }
  for (const key of Object.keys(english)) {
    const built = prefixes.some((prefix) => key.startsWith(prefix)) || literals.has(key)
      || files.some(([, text]) => text.includes(`'${key}'`));
    assert.ok(built, `${key} is used nowhere`);
  }
});

test('patients read short sentences', async () => {
  for (const [key, text] of Object.entries(await load('en'))) {
    if (!/^(landing|check|wait|call|end|re|problem)\./.test(key) || typeof text !== 'string') continue;
    for (const sentence of text.split(/[.?!\n]/)) {
      assert.ok(sentence.trim().split(/\s+/).length <= 15, `${key}: ${sentence}`);
    }
  }
});

test('styles know start and end, not left and right', async () => {
  for (const [name, text] of [...await sources('css', '.css'), ...await sources('js/elements', '.js')]) {
    const found = text.replace(/safe-area-inset-\w+/g, '').match(/\b(margin|padding|border|inset)-(left|right)\b|(^|[{;\s])(left|right)\s*:|text-align:\s*(left|right)|float:/m);
    assert.equal(found, null, `${name}: ${found?.[0]}`);
  }
});

test('pages have no inline script, style or handler, and load nothing from elsewhere', async () => {
  for (const [name, text] of await sources('.', '.html')) {
    assert.doesNotMatch(text, /<script(?![^>]*\bsrc="\/)|<style|\sstyle=|\son\w+=/, name);
    assert.doesNotMatch(text, /(src|href)="(https?:)?\/\//, name);
  }
  for (const [name, text] of await sources('js', '.js')) {
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, name);
  }
});

test('plural forms follow the language', async () => {
  useMessages('ar', await load('ar'));
  assert.match(t('list.count', { n: 2 }), /^مريضان/);
  useMessages('ro', await load('ro'));
  assert.match(t('list.count', { n: 3 }), /pacienți/);
  assert.match(t('list.count', { n: 20 }), /de pacienți/);
});

test('values are isolated from the direction of the sentence', async () => {
  useMessages('en', await load('en'));
  assert.equal(t('landing.title', { name: 'مريم' }), 'Your appointment with \u2068مريم\u2069');
});

test('an unknown key shows itself and a missing text falls back to English', () => {
  useMessages('ro', {}, { 'a.b': 'in English' });
  assert.equal(t('a.b'), 'in English');
  assert.equal(t('c.d'), 'c.d');
});

test('a saved choice wins over an invitation, that over the browser', () => {
  assert.equal(chooseLocale({ saved: 'vi', wished: 'ro', browser: ['ar-EG'] }), 'vi');
  assert.equal(chooseLocale({ saved: null, wished: 'ro', browser: ['ar-EG'] }), 'ro');
  assert.equal(chooseLocale({ browser: ['de-DE', 'ar-EG'] }), 'ar');
  assert.equal(chooseLocale({ browser: ['de'] }), 'en');
});

test('durations are words of the language', async () => {
  useMessages('en', await load('en'));
  assert.equal(formatDuration(3723), '1 hour, 2 minutes, 3 seconds');
  assert.equal(formatDuration(0), '0 seconds');
  useMessages('ar', await load('ar'));
  assert.match(formatDuration(180), /3/);
});
