import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';

import { FaultProxy } from './harness/fault-proxy.js';
import { quantile } from './harness/figures.js';
import { duplicatesOf, lostSilently } from './harness/oracle.js';
import { until } from './harness/until.js';

const LIMIT = { timeout: 20_000 };

describe('the fault proxy', () => {
  let echo;
  let proxy;
  const served = new Set();

  before(async () => {
    echo = createServer((socket) => {
      served.add(socket.on('error', () => {}).on('close', () => served.delete(socket)));
      socket.pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await FaultProxy.start(echo.address().port);
  });

  after(async () => {
    await proxy.stop();
    echo.close();
  });

  async function client() {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.on('data', (bytes) => (socket.got = (socket.got ?? '') + bytes)).on('error', (error) => (socket.failed = error.code));
    await once(socket, 'connect');
    return socket;
  }

  // A reset that follows data at once may look like an end to node; without data it is told as what it is.
  for (const [cutWith, sign] of [['reset', (socket) => socket.closed && (socket.got || socket.failed === 'ECONNRESET')],
    ['end', (socket) => socket.readableEnded && !socket.failed]]) {
    test(`lets exactly k bytes pass, then: ${cutWith}`, LIMIT, async () => {
      for (const cutAfter of [0, 1, 7, 64]) {
        proxy.expect({ down: { cutAfter, cutWith } });
        const socket = await client();
        socket.write('x'.repeat(100));
        await until(`${cutWith} after ${cutAfter} bytes`, () => sign(socket));
        assert.equal((socket.got ?? '').length, cutAfter);
        socket.destroy();
      }
    });
  }

  test('swallows without a word, and the other end stays', LIMIT, async () => {
    proxy.expect({});
    const socket = await client();
    socket.write('before');
    await until('the echo', () => socket.got === 'before');
    proxy.apply({ up: { swallowed: true }, down: { swallowed: true } });
    socket.write('lost');
    const silent = await client();
    silent.write('lost too');
    proxy.expect({});
    const other = await client();
    other.write('passes');
    await until('the echo of a later one', () => other.got === 'passes');
    assert.equal(socket.got, 'before');
    assert.equal(silent.got, undefined);
    assert.equal(socket.closed || silent.closed, false);
    for (const each of [socket, silent, other]) each.destroy();
  });

  test('throttles and delays', LIMIT, async () => {
    proxy.expect({ up: { bytesPerS: 1000 }, down: { delayMs: 100 } });
    const socket = await client();
    const from = performance.now();
    socket.write('x'.repeat(300));
    await until('all of it', () => socket.got?.length === 300);
    const tookMs = performance.now() - from;
    assert.ok(tookMs >= 340 && tookMs < 2000, `${tookMs} ms`);
    socket.destroy();
  });

  test('stalls one way and lets go again', LIMIT, async () => {
    proxy.expect({ down: { stalled: true } });
    const socket = await client();
    socket.write('held');
    await until('it reached the server', () => [...proxy.links].some((link) => link.up.passed === 4));
    assert.equal(socket.got, undefined);
    proxy.apply({});
    await until('it comes', () => socket.got === 'held');
    socket.destroy();
  });

  test('cuts who is idle, and nobody else', LIMIT, async () => {
    proxy.expect({});
    proxy.idleMs = 200;
    const [idle, busy] = [await client(), await client()];
    const beat = setInterval(() => busy.write('.'), 50);
    await until('the idle one is cut', () => idle.closed);
    clearInterval(beat);
    assert.equal(busy.closed, false);
    assert.equal(proxy.idleCuts, 1);
    proxy.idleMs = 0;
    busy.destroy();
  });

  test('passes a half-close on', LIMIT, async () => {
    proxy.reset();
    proxy.expect({});
    const socket = await client();
    socket.end('last words');
    await once(socket, 'end');
    assert.equal(socket.got, 'last words');
    await until('nothing is left open', () => served.size === 0 && proxy.links.size === 0);
  });
});

describe('the oracle', () => {
  const person = (participantId) => ({ participantId, sent: [], received: [], events: [], notices: [], wire: { resets: [], refused: new Set() } });
  let a;
  let b;

  const say = (n, at) => a.sent.push({ n, at });
  const hear = (n, at) => b.received.push({ n, at, from: 'a' });
  const lost = () => lostSilently(a, b).map((each) => each.n);
  const setUp = () => {
    a = person('a');
    b = person('b');
    a.wire.resets.push({ at: 0 });
    b.wire.resets.push({ at: 0 });
    [1, 2, 3].forEach((n) => say(n, n * 10));
    hear(1, 11);
  };

  test('calls a probe lost if nobody was told', () => {
    setUp();
    hear(3, 31);
    assert.deepEqual(lost(), [2]);
  });

  test('accepts a loss that the sender was told of', () => {
    setUp();
    hear(3, 31);
    a.wire.refused.add(2);
    assert.deepEqual(lost(), []);
  });

  test('accepts a loss that a reset announced, before anything later came', () => {
    setUp();
    b.wire.resets.push({ at: 40 });
    assert.deepEqual(lost(), []);
    hear(3, 35);
    assert.deepEqual(lost(), [2]);
  });

  test('counts what the application saw twice', () => {
    setUp();
    hear(1, 12);
    b.events.push(...[1, 2].map(() => ({ type: 'callEnded', message: { callId: 'c' } })));
    assert.deepEqual(duplicatesOf(b), ['probe a 1', 'callEnded c']);
  });

  test('knows its quantiles', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    assert.equal(quantile(values, 0.99), 99);
    assert.equal(quantile([5], 0.99), 5);
    assert.equal(quantile([], 0.5), null);
  });
});
