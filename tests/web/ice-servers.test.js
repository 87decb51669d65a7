import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { IceServers } from '../../web/js/session/ice-servers.js';
import { FakeClock, settle } from './fakes.js';

const START_S = 1_795_200_000;
const stun = { urls: ['stun:relay.example'] };
const relay = (inS, name = 'u-p') => ({ urls: ['turn:relay.example'], username: `${START_S + inS}:${name}`, credential: `for-${inS}` });

let clock;
let signaling;
let servers;
let fresh;

beforeEach(() => {
  clock = new FakeClock();
  signaling = {
    state: 'online',
    asked: [],
    request: (type, fields, options) => new Promise((resolve, reject) => signaling.asked.push({ type, fields, options, resolve, reject })),
  };
  servers = new IceServers({ signaling, clock, serverNow: () => START_S * 1000 + clock.now() });
  fresh = [];
  servers.on('fresh', (list) => fresh.push(list));
});

const answer = async (list) => {
  signaling.asked.shift().resolve({ iceServers: list });
  await settle();
};

test('are asked for after three quarters of their time, again and again', async () => {
  servers.take([stun, relay(600)]);
  await clock.advance(449_000);
  assert.equal(signaling.asked.length, 0);
  await clock.advance(1000);
  assert.equal(signaling.asked[0].type, 'ice');
  await answer([stun, relay(1050)]);
  assert.deepEqual(servers.list, [stun, relay(1050)]);
  assert.deepEqual(fresh, [[stun, relay(1050)]]);
  await clock.advance(449_000);
  assert.equal(signaling.asked.length, 0);
  await clock.advance(1000);
  await answer([stun, relay(1500)]);
  assert.equal(fresh.length, 2);
});

test('the first that ends counts', async () => {
  servers.take([relay(600), relay(60)]);
  await clock.advance(45_000);
  assert.equal(signaling.asked.length, 1);
});

test('without credentials that end there is nothing to ask for', async () => {
  servers.take([stun, { urls: ['turn:a'], username: 'fixed', credential: 'x' }]);
  assert.equal(clock.pending, 0);
  servers.take();
  assert.equal(clock.pending, 0);
  assert.deepEqual(servers.list, []);
});

test('the time of the server counts, whatever this device thinks', async () => {
  servers = new IceServers({ signaling, clock, serverNow: () => START_S * 1000 + clock.now() + 300_000 });
  servers.take([relay(600)]);
  await clock.advance(225_000);
  assert.equal(signaling.asked.length, 1);
});

test('what has ended is asked for soon, and not in a hurry', async () => {
  servers.take([relay(-5)]);
  assert.equal(clock.nextIn, 1000);
  await clock.advance(1000);
  await answer([relay(-5)]);
  assert.equal(clock.nextIn, 1000);
});

test('without an answer they are asked for again while they are good', async () => {
  servers.take([relay(600)]);
  await clock.advance(450_000);
  signaling.asked.shift().reject(new Error('timeout'));
  await settle();
  assert.deepEqual(servers.list, [relay(600)]);
  await clock.advance(30_000);
  await answer([relay(1080)]);
  assert.deepEqual(servers.list, [relay(1080)]);
});

test('while the server is away nothing is asked: the next session brings new ones', async () => {
  servers.take([relay(600)]);
  signaling.state = 'waiting';
  await clock.advance(600_000);
  assert.deepEqual([signaling.asked.length, clock.pending], [0, 0]);
  servers.take([relay(1200)]);
  signaling.state = 'online';
  await clock.advance(450_000);
  assert.equal(signaling.asked.length, 1);
});

test('an answer that comes behind newer ones changes nothing', async () => {
  servers.take([relay(600)]);
  await clock.advance(450_000);
  servers.take([relay(1200)]);
  await answer([relay(1050)]);
  assert.deepEqual([servers.list, fresh], [[relay(1200)], []]);
});

test('stopped, they leave no timer behind', () => {
  servers.take([relay(600)]);
  servers.stop();
  assert.equal(clock.pending, 0);
});
