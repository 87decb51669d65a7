import { randomUUID } from 'node:crypto';

import WebSocket from 'ws';

import { until } from '../../e2e/harness/until.js';
import { SignalingClient } from '../../../web/js/signaling/signaling-client.js';

const clock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};

/** Somebody in the room of one appointment, with the protocol client of the pages and no browser. */
export class Member {
  /** Room events in the order they came. */
  told = [];
  room = null;

  /** @param {{port: number, certificate: Buffer}} server */
  constructor(server, appointmentId, token) {
    this.client = new SignalingClient({
      url: `wss://127.0.0.1:${server.port}/ws`, appointmentId, instance: randomUUID(), clock, random: Math.random,
      getToken: async () => token, createId: randomUUID,
      WebSocket: class extends WebSocket {
        constructor(url, protocols) {
          super(url, protocols, { ca: server.certificate, servername: 'localhost', perMessageDeflate: false });
          this.on('error', () => {});
        }
      },
    });
    this.client.on('registered', (message) => (this.room = message.room));
    this.client.on('message', (message) => this.told.push(message));
    this.client.on('closed', (detail) => (this.closed = detail));
  }

  static async enter(...how) {
    const member = new Member(...how);
    member.client.connect();
    await until('the member is in the room', () => {
      if (member.closed) throw new Error(JSON.stringify(member.closed));
      return member.client.state === 'online';
    });
    return member;
  }

  /** Waits until told so; gives the message. */
  hears(type, condition = () => true) {
    return until(`${type} is told`, () => this.told.find((each) => each.type === type && condition(each)));
  }

  async start() {
    return this.#seated(await this.client.request('startCall'));
  }

  async join() {
    return this.#seated(await this.client.request('joinCall'));
  }

  #seated({ call }) {
    this.callId = call.callId;
    return call;
  }

  /** As a page says it when sound and picture come through. */
  mediaFlows() {
    this.client.setConnection('up');
    this.client.send('mediaState', { callId: this.callId, audio: true, video: true, screen: false, connection: 'up' });
  }

  end() {
    return this.client.request('endCall', { callId: this.callId });
  }

  leaveRoom() {
    this.client.close();
  }
}
