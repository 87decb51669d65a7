import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { BlockList, isIPv6 } from 'node:net';

// As much of STUN (RFC 8489) and TURN (RFC 8656) over UDP as the tests of the relay ask for.

const COOKIE = 0x2112a442;
const REQUEST = { binding: 0x0001, allocate: 0x0003, refresh: 0x0004, createPermission: 0x0008 };
const ATTRIBUTE = {
  username: 0x0006, integrity: 0x0008, error: 0x0009, lifetime: 0x000d, peer: 0x0012, realm: 0x0014, nonce: 0x0015,
  relayed: 0x0016, family: 0x0017, transport: 0x0019, software: 0x8022,
};
const UDP = Buffer.from([17, 0, 0, 0]);

const attribute = (type, value) => {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
};

const header = (type, length, transaction) => {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(type);
  head.writeUInt16BE(length, 2);
  head.writeUInt32BE(COOKIE, 4);
  return Buffer.concat([head, transaction]);
};

/** The sixteen bytes of an IPv6 address, or the four of an IPv4 one. */
export function addressBytes(text) {
  if (!isIPv6(text)) return Buffer.from(text.split('.').map(Number));
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const plain = dotted ? text.slice(0, dotted.index) + [1, 3].map((i) => (dotted[i] * 256 + Number(dotted[i + 1])).toString(16)).join(':') : text;
  const [head, tail = ''] = plain.split('::');
  const words = (part) => part.split(':').filter(Boolean).map((word) => parseInt(word, 16));
  const [first, last] = [words(head), words(tail)];
  const all = [...first, ...Array(8 - first.length - last.length).fill(0), ...last];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]));
}

/** XOR-PEER-ADDRESS. */
const xorAddress = (text, port, transaction) => {
  const bytes = addressBytes(text);
  const mask = Buffer.concat([Buffer.from('2112a442', 'hex'), transaction]);
  const head = Buffer.from([0, bytes.length === 4 ? 1 : 2, (port >> 8) ^ 0x21, (port & 255) ^ 0x12]);
  return Buffer.concat([head, bytes.map((byte, i) => byte ^ mask[i])]);
};

/** One allocation at most. Answers are `{code, attributes}`; `code` 0 is success. */
export class TurnClient {
  #socket = createSocket('udp4');
  #server;
  #username;
  #credential;
  #realm;
  #nonce;

  constructor(port, { username, credential }) {
    this.#server = port;
    this.#username = username;
    this.#credential = credential;
  }

  binding() {
    return this.#exchange(REQUEST.binding, () => []);
  }

  /** @param {{ipv6?: boolean, transport?: Buffer}} [options] the relay's own address family and protocol */
  allocate({ ipv6 = false, transport = UDP } = {}) {
    return this.#authenticated(REQUEST.allocate, () => [
      attribute(ATTRIBUTE.transport, transport), ...(ipv6 ? [attribute(ATTRIBUTE.family, Buffer.from([2, 0, 0, 0]))] : []),
    ]);
  }

  /** Asks to exchange packets with this address; nothing is sent to it. */
  permit(address) {
    return this.#authenticated(REQUEST.createPermission, (transaction) => [
      attribute(ATTRIBUTE.peer, xorAddress(address, 9, transaction)),
    ]);
  }

  close() {
    this.#socket.close();
  }

  async #authenticated(type, body) {
    if (!this.#nonce) this.#learn(await this.#exchange(type, body));
    let answer = await this.#exchange(type, body, true);
    if (answer.code !== 438) return answer;
    this.#learn(answer); // the nonce had grown old
    answer = await this.#exchange(type, body, true);
    return answer;
  }

  #learn({ attributes }) {
    this.#realm = attributes.get(ATTRIBUTE.realm);
    this.#nonce = attributes.get(ATTRIBUTE.nonce);
  }

  async #exchange(type, body, signed = false) {
    const transaction = randomBytes(12);
    let message = Buffer.concat(body(transaction));
    if (signed) message = this.#signed(type, message, transaction);
    const packet = Buffer.concat([header(type, message.length, transaction), message]);
    this.#socket.send(packet, this.#server, '127.0.0.1');
    const [answer] = await once(this.#socket, 'message', { signal: AbortSignal.timeout(5000) });
    if (!answer.subarray(8, 20).equals(transaction)) throw new Error('an answer to something else');
    return parse(answer);
  }

  #signed(type, body, transaction) {
    const given = Buffer.concat([
      body, attribute(ATTRIBUTE.username, Buffer.from(this.#username)),
      attribute(ATTRIBUTE.realm, this.#realm), attribute(ATTRIBUTE.nonce, this.#nonce),
    ]);
    const key = createHash('md5').update(`${this.#username}:${this.#realm}:${this.#credential}`).digest();
    const mac = createHmac('sha1', key).update(header(type, given.length + 24, transaction)).update(given).digest();
    return Buffer.concat([given, attribute(ATTRIBUTE.integrity, mac)]);
  }
}

function parse(packet) {
  const attributes = new Map();
  for (let at = 20; at + 4 <= packet.length;) {
    const length = packet.readUInt16BE(at + 2);
    attributes.set(packet.readUInt16BE(at), packet.subarray(at + 4, at + 4 + length));
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  const error = attributes.get(ATTRIBUTE.error);
  return {
    code: error ? error[2] * 100 + error[3] : 0,
    realm: attributes.get(ATTRIBUTE.realm)?.toString(),
    software: attributes.get(ATTRIBUTE.software)?.toString(),
    attributes,
  };
}

/** The addresses right before and right after a range, in its own family; none beyond the ends of the family. */
export function neighbours(first, last) {
  const step = (bytes, by) => {
    const out = [...bytes];
    for (let i = out.length - 1; i >= 0; --i) {
      out[i] += by;
      if (out[i] >= 0 && out[i] <= 255) return out;
      out[i] = by > 0 ? 0 : 255;
    }
    return null;
  };
  const text = (bytes) => (bytes.length === 4 ? bytes.join('.') : Array.from({ length: 8 }, (_, i) => (bytes[2 * i] * 256 + bytes[2 * i + 1]).toString(16)).join(':'));
  return [step(addressBytes(first), -1), step(addressBytes(last), 1)].filter(Boolean).map(text);
}

/** Ranges as a list that can be asked. */
export function blockList(ranges) {
  const list = new BlockList();
  for (const [first, last] of ranges) list.addRange(first, last, isIPv6(first) ? 'ipv6' : 'ipv4');
  return list;
}
