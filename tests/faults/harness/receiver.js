import { createServer } from 'node:http';

import { HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';

/**
 * The receiver of a booking system: checks every delivery with the libraries that receivers use, then answers as it is
 * told to. What it has seen is kept in the order of arrival.
 */
export class Receiver {
  /** Every delivery: {id, type, data, answered}; answered: the status that was sent, 0 without one. */
  seen = [];
  /** Ids of events that were taken with a 2xx. */
  taken = new Set();
  /** What was wrong with deliveries. */
  complaints = [];
  secrets = [];
  /** Status for a delivery; 0 cuts the connection, before (`early`) or after it was taken note of. */
  answer = () => 204;
  #waiting = [];
  #highest = new Map();

  static async open() {
    const receiver = new Receiver();
    receiver.server = createServer((request, reply) => receiver.#take(request, reply));
    await new Promise((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    receiver.url = `http://127.0.0.1:${receiver.server.address().port}/hooks`;
    return receiver;
  }

  #take(request, reply) {
    let body = '';
    request.setEncoding('utf8').on('data', (part) => (body += part)).on('end', () => {
      const event = this.#check(request.headers, body);
      const status = this.answer(event);
      this.seen.push({ id: event.id, type: event.type, data: event.data, answered: status, headers: request.headers });
      if (status >= 200 && status < 300) this.#accept(event);
      for (const each of this.#waiting) each();
      if (status === 0) return request.socket.destroy();
      reply.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
    });
  }

  /** @returns {{id: string, type: string, data: object}} */
  #check(headers, body) {
    for (const secret of this.secrets) {
      try {
        new Webhook(secret).verify(body, headers);
      } catch (error) {
        this.complaints.push(`${headers['webhook-id']}: ${error.message}`);
      }
    }
    const { type, timestamp, data } = JSON.parse(body);
    const cloud = HTTP.toEvent({ headers, body });
    if (!cloud.validate()) this.complaints.push(`${cloud.id} is no CloudEvent`);
    if (cloud.id !== headers['webhook-id'] || cloud.type !== type || cloud.time !== timestamp) {
      this.complaints.push(`${cloud.id}: headers and body differ`);
    }
    this.#order(cloud.id, data);
    return { id: cloud.id, type, data };
  }

  /** An event of a call comes when the one before it was taken, or once more. */
  #order(id, { callId, seq }) {
    if (callId === undefined) return;
    const highest = this.#highest.get(callId) ?? 0;
    if (seq > highest + 1) this.complaints.push(`${id}: seq ${seq} of a call came behind ${highest}`);
  }

  #accept({ id, data }) {
    this.taken.add(id);
    if (data.callId !== undefined) this.#highest.set(data.callId, Math.max(this.#highest.get(data.callId) ?? 0, data.seq));
  }

  /** The first delivery for which `condition` holds, now or later. */
  sees(condition, ms = 30_000) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.seen.find(condition);
        if (!found) return;
        clearTimeout(timer);
        this.#waiting = this.#waiting.filter((each) => each !== look);
        resolve(found);
      };
      const timer = setTimeout(() => reject(new Error(`no such delivery within ${ms} ms`)), ms);
      this.#waiting.push(look);
      look();
    });
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
