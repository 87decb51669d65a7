// Whole lists as files: every row, safe for spreadsheets, whatever the reader's pace.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';

import { Clinic } from './harness/clinic.js';

const ROWS = 430; // more than two pages of 200, and no multiple of a page
const FORMULA = '=HYPERLINK("http://x.invalid","Ana")';

/** RFC 4180, read strictly. */
function parseCsv(text) {
  const rows = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  let end = 0;
  for (const [whole, quoted, plain, separator] of text.matchAll(cell)) {
    end += whole.length;
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (separator === '\r\n') rows.push([]);
  }
  assert.equal(end, text.length, `not CSV from here: ${JSON.stringify(text.slice(end, end + 80))}`);
  rows.pop();
  return rows;
}

describe('a list as a file', () => {
  let clinic;
  const csv = { accept: 'text/csv' };
  before(async () => {
    clinic = await Clinic.open();
    for (let i = 0; i < ROWS; i += 10) {
      await Promise.all(Array.from({ length: 10 }, (_, k) => {
        const people = [{ userId: 'dr-7', role: 'doctor', name: FORMULA }, { userId: `p-${i + k}`, role: 'patient', name: `Ngô, "Minh" ${i + k}` }];
        return clinic.call('putAppointment', { status: 201, path: { id: `E-${i + k}` }, body: clinic.appointment({ participants: people }) });
      }));
    }
  });
  after(() => clinic?.close());

  it('has every row once, in columns of one header, with formulas disarmed', async () => {
    const { text, headers } = await clinic.call('listAppointments', { headers: csv });
    assert.equal(headers['content-type'], 'text/csv; charset=utf-8; header=present');
    const [names, ...rows] = parseCsv(text);
    assert.equal(new Set(rows.map((row) => row[0])).size, ROWS);
    assert.ok(rows.every((row) => row.length === names.length));
    const [{ id }] = (await clinic.call('listAppointments', { query: { limit: 1 } })).body;
    const first = Object.fromEntries(names.map((name, i) => [name, rows[0][i]]));
    assert.deepEqual([first.id, first['participants.userId'], first['participants.role']], [id, `dr-7\np-${id.slice(2)}`, 'doctor\npatient']);
    assert.equal(first['participants.name'], `'${FORMULA}\nNgô, "Minh" ${id.slice(2)}`);
  });

  it('has the same rows as NDJSON, in the order of the pages', async () => {
    const lines = (await clinic.call('listAppointments', { headers: { accept: 'application/x-ndjson' } })).text.trim().split('\n').map((line) => JSON.parse(line));
    const pages = [];
    let query = { limit: 200 };
    while (query) {
      const page = await clinic.call('listAppointments', { query });
      pages.push(...page.body);
      const next = /<([^>]+)>/.exec(page.headers.link ?? '')?.[1];
      query = next && Object.fromEntries(new URL(next, 'https://host.invalid').searchParams);
    }
    assert.deepEqual(lines, pages);
    assert.equal(lines.length, ROWS);
  });

  it('ends at a limit, and begins with a mark if asked to', async () => {
    const { text } = await clinic.call('listAppointments', { headers: csv, query: { limit: 203, bom: 1 } });
    assert.ok(text.startsWith('\ufeffid,'));
    assert.equal(parseCsv(text).length, 204);
    await clinic.call('listAppointments', { status: 422, headers: csv, query: { limit: 0 } });
    await clinic.call('listAppointments', { status: 422, headers: csv, query: { after: 'nowhere' } });
    await clinic.call('listAppointments', { status: 422, query: { limit: 203 } });
    const empty = await clinic.call('listAppointments', { headers: csv, query: { userId: 'nobody' } });
    assert.equal(parseCsv(empty.text).length, 1);
  });

  it('shows people their own rows only', async () => {
    const { text } = await clinic.call('listCalls', { as: clinic.doctor, headers: csv });
    assert.equal(parseCsv(text).length, 1);
    await clinic.call('listAppointments', { status: 403, as: clinic.doctor, headers: csv, query: { userId: 'p-1' } });
  });

  it('delays nobody while its reader does not read', async () => {
    const answer = await new Promise((resolve, reject) => {
      clinic.client.open('GET', '/api/appointments', { token: clinic.key, headers: csv }, resolve).on('error', reject);
    });
    answer.pause();
    const began = performance.now();
    for (let i = 0; i < 20; i += 1) await clinic.call('getCallStatus', { path: { id: `E-${i}` } });
    assert.ok(performance.now() - began < 5000, 'others are answered meanwhile');
    let text = '';
    answer.setEncoding('utf8').on('data', (part) => (text += part));
    answer.resume();
    await once(answer, 'end');
    assert.equal(parseCsv(text).length, ROWS + 1);
  });
});
