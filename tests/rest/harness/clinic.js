import assert from 'node:assert/strict';

import { Server } from '../../e2e/harness/server.js';
import { Client } from './client.js';
import { Description } from './description.js';

const people = {
  doctor: { userId: 'dr-7', role: 'doctor', name: 'Dr. Ana Pop' },
  patient: { userId: 'p-42', role: 'patient', name: 'Ion Ionescu', locale: 'ro' },
};

/** A server, its description, and those who call it. */
export class Clinic {
  static async open(more) {
    const clinic = new Clinic();
    clinic.server = await Server.start(more);
    clinic.client = new Client(clinic.server.port, clinic.server.certificate);
    clinic.description = new Description(JSON.parse((await clinic.client.send('GET', '/openapi.json')).text));
    const made = await Promise.all([
      clinic.server.command('api-key', 'create', '--name', 'conformance'),
      clinic.#token(people.doctor),
      clinic.#token({ userId: 'boss-1', role: 'admin', name: 'Admin' }),
      ...['A-1', 'A-2', 'A-3'].map((id) => clinic.#token(people.patient, id)),
    ]);
    [clinic.key, clinic.doctor, clinic.admin, ...clinic.patients] = made;
    return clinic;
  }

  #token({ userId, role, name }, appointment) {
    const words = ['token', '--sub', userId, '--role', role, '--name', name, '--ttl', '3600'];
    return this.server.command(...words, ...(appointment ? ['--appointment', appointment] : []));
  }

  /** What the booking system says about an appointment that is open now. */
  appointment(more = {}) {
    const at = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
    return { start: at(0), end: at(30), participants: [people.doctor, people.patient], ...more };
  }

  /**
   * Calls an operation by its name and holds request and answer against the description.
   * @param {string} id operationId
   * @param {{status?: number, as?: string, path?: object, query?: object, body?: any, headers?: object}} how
   */
  async call(id, { status = 200, as = this.key, path = {}, query, body, headers = {} } = {}) {
    const operation = this.description.operation(id);
    const target = operation.path.replace(/\{(\w+)\}/g, (_, name) => {
      assert.ok(path[name] !== undefined, `${id} needs ${name}`);
      return encodeURIComponent(path[name]);
    });
    if (status < 400) this.description.checkRequest(operation, body);
    const search = query ? `?${new URLSearchParams(query)}` : '';
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await this.client.send(operation.method, target + search, { token: as ?? undefined, headers, text });
    assert.equal(answer.status, status, `${id}: ${answer.text.slice(0, 1000)}`);
    this.description.checkAnswer(operation, answer);
    const type = answer.headers['content-type'] ?? '';
    return { ...answer, body: /json\b/.test(type) && !/ndjson/.test(type) && answer.text ? JSON.parse(answer.text) : answer.text };
  }

  /** The same twice: once, and once more with the `ETag` of the first answer, which gets 304. */
  async read(id, how = {}) {
    const first = await this.call(id, how);
    assert.ok(first.headers.etag, `${id} has an ETag`);
    const again = await this.call(id, { ...how, status: 304, headers: { ...how.headers, 'if-none-match': first.headers.etag } });
    assert.equal(again.headers.etag, first.headers.etag);
    return first;
  }

  /** A list in its three forms; gives the rows of the JSON one. */
  async list(id, how = {}) {
    const { body } = await this.read(id, how);
    const lines = await this.call(id, { ...how, headers: { accept: 'application/x-ndjson' } });
    const csv = await this.call(id, { ...how, headers: { accept: 'text/csv' } });
    assert.deepEqual(lines.text.split('\n').slice(0, -1).map((line) => JSON.parse(line)), body, `${id}: the same rows as NDJSON`);
    assert.match(csv.headers['content-disposition'], /^attachment; filename="[a-z-]+\.csv"$/);
    assert.equal(csv.headers['transfer-encoding'], 'chunked');
    return body;
  }

  async close() {
    this.client.close();
    await this.server.stop();
  }
}
