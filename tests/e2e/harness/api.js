import { request } from 'node:https';

/** The REST side of the server as a booking system sees it, with an API key. */
export class Api {
  #port;
  #certificate;
  #key;

  constructor(port, certificate, key) {
    this.#port = port;
    this.#certificate = certificate;
    this.#key = key;
  }

  /** @returns {Promise<{status: number, headers: object, body: any}>} body parsed if it is JSON */
  request(method, path, { body, token = this.#key, headers: more } = {}) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(text && { 'content-type': 'application/json' }), ...more };
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', servername: 'localhost', port: this.#port, ca: this.#certificate, method, path, headers, agent: false };
      const sent = request(options, (answer) => {
        let received = '';
        answer.setEncoding('utf8').on('data', (part) => (received += part));
        answer.on('error', reject).on('end', () => {
          const json = /json/.test(answer.headers['content-type'] ?? '');
          resolve({ status: answer.statusCode, headers: answer.headers, body: json && received ? JSON.parse(received) : received });
        });
      });
      sent.setTimeout(10000, () => sent.destroy(new Error(`${method} ${path}: no answer within 10 s`)));
      sent.on('error', reject).end(text);
    });
  }

  /** The same, but any other status than these is an error. */
  async expect(statuses, method, path, options) {
    const answer = await this.request(method, path, options);
    if (![statuses].flat().includes(answer.status)) {
      throw new Error(`${method} ${path}: ${answer.status} instead of ${statuses}: ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  putAppointment(id, fields) {
    return this.expect([200, 201], 'PUT', `/api/appointments/${id}`, { body: fields });
  }

  /** @returns {Promise<{inviteId: string, url: string, code: string, expiresAt: string}>} */
  invite(appointmentId, userId, more = {}) {
    return this.expect(201, 'POST', `/api/appointments/${appointmentId}/invites`, { body: { userId, ...more } });
  }

  callStatus(appointmentId) {
    return this.expect(200, 'GET', `/api/appointments/${appointmentId}/call-status`);
  }

  calls(appointmentId) {
    return this.expect(200, 'GET', `/api/calls?appointmentId=${encodeURIComponent(appointmentId)}`);
  }

  events(callId) {
    return this.expect(200, 'GET', `/api/calls/${callId}/events`);
  }
}
