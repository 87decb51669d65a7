import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { SignalingClient } from '../../web/js/signaling/signaling-client.js';
import { FakeClock, FakeSocket, settle } from './fakes.js';

let clock;
let client;
let tokens;
let events;
let probe;

function create(more = {}) {
  let id = 0;
  client = new SignalingClient({
    url: 'wss://clinic.example/ws', appointmentId: 'apt-1', instance: 'tab-1', WebSocket: FakeSocket, clock,
    random: () => 0.5, createId: () => `id-${++id}`,
    getToken: async ({ fresh }) => { tokens.push(fresh); return fresh ? 'new-token' : 'token'; },
    watchWake: (callback) => { probe = callback; return () => { probe = null; }; }, ...more,
  });
  for (const type of ['state', 'registered', 'message', 'closed']) {
    client.on(type, (detail) => events.push([type, detail]));
  }
  return client;
}

beforeEach(() => {
  FakeSocket.all.length = 0;
  clock = new FakeClock();
  tokens = [];
  events = [];
  create();
});

const heartbeat = { everyMs: 10000, timeoutMs: 10000, deadAfterMs: 25000 };

function registered(more = {}) {
  const socket = FakeSocket.last;
  socket.accept();
  socket.receive({
    type: 'registered', re: socket.lastSent('register').id, sessionId: 's1', resumeKey: 'k1', resumed: false,
    received: 0, heartbeat, room: { rev: 5 }, ...more,
  });
  return socket;
}

async function online(more) {
  client.connect();
  await settle();
  return registered(more);
}

const received = (type) => events.filter(([kind]) => kind === type).map(([, detail]) => detail);

test('offers the subprotocol and registers first, with the token in the message and not in the address', async () => {
  client.connect();
  await settle();
  const socket = FakeSocket.last;
  assert.deepEqual(socket.protocols, ['rendezvous.v1']);
  assert.equal(socket.url, 'wss://clinic.example/ws');
  assert.deepEqual(socket.sent, []);
  socket.accept();
  assert.deepEqual(socket.sent, [{
    type: 'register', id: 'id-1', token: 'token', instance: 'tab-1', appointmentId: 'apt-1' }]);
});

test('resolves a command with its answer and rejects it with the error code', async () => {
  const socket = await online();
  const start = client.request('startCall', { media: 'video' });
  const leave = client.request('leave');
  const [first, second] = socket.sent.slice(1);
  assert.equal(first.type, 'startCall');
  socket.receive({ type: 'error', re: second.id, seq: 1, code: 'no-call', message: 'none', retryable: false });
  socket.receive({ type: 'ok', re: first.id, seq: 2, order: 1 });
  assert.equal((await start).order, 1);
  await assert.rejects(leave, { code: 'no-call' });
});

test('a command without an answer times out, but not while the socket is down', async () => {
  const socket = await online();
  const answer = client.request('startCall');
  let failed = null;
  answer.catch((error) => { failed = error; });
  await clock.advance(9000);
  socket.drop();
  await clock.advance(60000);
  while (client.state !== 'connecting') await clock.advance(clock.nextIn);
  assert.equal(failed, null);
  registered();
  await clock.advance(9999);
  assert.equal(failed, null);
  await clock.advance(2);
  assert.equal(failed.code, 'timeout');
});

test('answers a ping inside the handler with what it has', async () => {
  const socket = await online();
  socket.receive({ type: 'chat', seq: 1 });
  socket.receive({ type: 'ping', n: 7, received: 0 });
  assert.deepEqual(socket.lastSent('pong'), { type: 'pong', n: 7, seq: 1 });
});

test('confirms unasked after 64 messages', async () => {
  const socket = await online();
  for (let seq = 1; seq <= 63; seq += 1) socket.receive({ type: 'chat', seq });
  assert.equal(socket.lastSent('pong'), undefined);
  socket.receive({ type: 'chat', seq: 64 });
  assert.deepEqual(socket.lastSent('pong'), { type: 'pong', seq: 64 });
});

test('confirms unasked within two seconds, and then is quiet', async () => {
  const socket = await online();
  socket.receive({ type: 'chat', seq: 1 });
  await clock.advance(1999);
  assert.deepEqual(socket.sent.filter((each) => each.type === 'pong'), [{ type: 'pong', seq: 1 }]);
  await clock.advance(5000);
  assert.equal(socket.sent.filter((each) => each.type === 'pong').length, 1);
});

test('drops a room event that the snapshot already contains, and counts it', async () => {
  const socket = await online();
  socket.receive({ type: 'participant', seq: 1, rev: 5 });
  socket.receive({ type: 'participant', seq: 2, rev: 6 });
  assert.deepEqual(received('message').map((each) => each.rev), [6]);
  socket.receive({ type: 'ping', n: 1, received: 0 });
  assert.equal(socket.lastSent('pong').seq, 2);
});

test('a resumed session gets everything beyond received, in order, and keeps counting', async () => {
  const socket = await online();
  client.send('signal', { data: 1 });
  const start = client.request('startCall');
  socket.receive({ type: 'chat', seq: 1 });
  socket.drop();
  client.send('signal', { data: 2 });
  await clock.advance(300);
  const next = registered({ resumed: true, received: 1, resumeKey: 'k2' });
  assert.deepEqual(next.sent[0].resume, { sessionId: 's1', resumeKey: 'k1', lastSeq: 1 });
  assert.deepEqual(next.sent.slice(1).map((each) => each.type), ['startCall', 'signal']);
  next.receive({ type: 'chat', seq: 1 });
  next.receive({ type: 'ok', re: next.sent[1].id, seq: 2, received: 3 });
  await start;
  assert.equal(received('message').length, 1);
});

test('a new session gets the unanswered commands only, never signals, with the same id', async () => {
  const socket = await online();
  const start = client.request('startCall');
  const startId = socket.lastSent('startCall').id;
  client.send('signal', { data: 1 });
  client.request('leave').catch(() => {});
  socket.receive({ type: 'ok', re: socket.lastSent('leave').id, seq: 1 });
  socket.drop();
  await clock.advance(300);
  const next = registered({ sessionId: 's2' });
  assert.deepEqual(next.sent.slice(1), [{ type: 'startCall', id: startId }]);
  next.receive({ type: 'chat', seq: 1 });
  next.receive({ type: 'ok', re: startId, seq: 2 });
  await start;
  assert.equal(received('message').length, 1);
});

test('an answer lost with its socket comes with the replay, and the command is not executed twice', async () => {
  const socket = await online();
  const start = client.request('startCall');
  const [, command] = socket.sent;
  socket.drop();
  await clock.advance(300);
  const next = registered({ resumed: true, received: 1, resumeKey: 'k2' });
  assert.equal(next.sent.length, 1, 'the server has the command');
  next.receive({ type: 'ok', re: command.id, seq: 1, received: 1, order: 1 });
  assert.equal((await start).order, 1);
});

test('the key before is used again when the answer with the new one was lost', async () => {
  const socket = await online();
  socket.drop();
  await clock.advance(300);
  FakeSocket.last.accept();
  FakeSocket.last.drop();
  await clock.advance(1000);
  FakeSocket.last.accept();
  assert.equal(FakeSocket.last.sent[0].resume.resumeKey, 'k1');
});

test('what a resumed session missed is told although the snapshot has it, that of a new session not', async () => {
  const socket = await online();
  socket.drop();
  await clock.advance(300);
  const next = registered({ resumed: true, received: 0, room: { rev: 9 } });
  next.receive({ type: 'joinerConnected', seq: 1, rev: 8 });
  assert.deepEqual(received('message').map((each) => each.rev), [8]);
});

test('a server that forgot what it had confirmed gets a new session, and only commands', async () => {
  const socket = await online();
  client.send('signal', { data: 1 });
  client.send('signal', { data: 2 });
  socket.receive({ type: 'ping', n: 1, received: 2 });
  socket.drop();
  await clock.advance(300);
  const next = registered({ resumed: true, received: 1 });
  assert.equal(next.closedWith, 4000);
  await clock.advance(1000);
  const last = registered();
  assert.equal(last.sent[0].resume, undefined);
  assert.equal(last.sent.length, 1);
});

test('a session left on purpose is followed by a new one at once', async () => {
  const socket = await online();
  client.startOver();
  assert.equal(socket.closedWith, 4000);
  await clock.advance(300);
  FakeSocket.last.accept();
  assert.equal(FakeSocket.last.sent[0].resume, undefined);
});

test('an answer that came too late is shown to whoever wants it', async () => {
  const late = [];
  client.on('unclaimed', (message) => late.push(message.order));
  const socket = await online();
  const start = client.request('startCall');
  start.catch(() => {});
  await clock.advance(10000);
  socket.receive({ type: 'ok', re: socket.lastSent('startCall').id, seq: 1, order: 1 });
  assert.deepEqual(late, [1]);
});

test('the id of the tab may take a moment', async () => {
  let claim;
  create({ instance: new Promise((resolve) => { claim = resolve; }) });
  client.connect();
  await settle();
  assert.equal(FakeSocket.all.length, 0);
  claim('tab-9');
  await settle();
  FakeSocket.last.accept();
  assert.equal(FakeSocket.last.sent[0].instance, 'tab-9');
});

test('a session that lost sight of a message asks for a new one', async () => {
  const socket = await online();
  for (let i = 0; i < 257; i += 1) client.send('signal', { data: i });
  socket.drop();
  await clock.advance(300);
  FakeSocket.last.accept();
  assert.equal(FakeSocket.last.sent[0].resume, undefined);
});

test('a gap in the numbers ends the session instead of going unnoticed', async () => {
  const socket = await online();
  socket.receive({ type: 'chat', seq: 1 });
  socket.receive({ type: 'chat', seq: 3 });
  assert.equal(received('message').length, 1);
  assert.equal(socket.closedWith, 4000);
  await clock.advance(300);
  FakeSocket.last.accept();
  assert.equal(FakeSocket.last.sent[0].resume, undefined);
});

async function waitsWithoutServer(count) {
  client.connect();
  await settle();
  const waits = [];
  for (let i = 0; i < count; i += 1) {
    FakeSocket.last.drop();
    waits.push(Math.round(clock.nextIn));
    await clock.advance(clock.nextIn);
  }
  return waits;
}

test('waits at once, after 1 s, three times 3 s, then up to 15 s', async () => {
  create({ random: () => 0 });
  assert.deepEqual(await waitsWithoutServer(10), [0, 1000, 3000, 3000, 3000, 4500, 6750, 10125, 15000, 15000]);
});

test('in a call nobody waits longer than 3 s', async () => {
  create({ random: () => 0 });
  client.setConnection('up');
  assert.deepEqual(await waitsWithoutServer(8), [0, 1000, 3000, 3000, 3000, 3000, 3000, 3000]);
});

test('jitter spreads the first try over 300 ms and brings the others at most 20 % forward', async () => {
  create({ random: () => 0.999999 });
  assert.deepEqual(await waitsWithoutServer(3), [300, 800, 2400]);
});

test('a server that accepts and drops at once is not hammered', async () => {
  await online();
  for (let i = 0; i < 3; i += 1) {
    FakeSocket.last.drop();
    await clock.advance(clock.nextIn);
    registered();
  }
  FakeSocket.last.drop();
  assert.ok(clock.nextIn >= 800);
  await clock.advance(clock.nextIn);
  registered();
  await clock.advance(6000);
  FakeSocket.last.drop();
  assert.ok(clock.nextIn <= 300);
});

for (const code of [1000, 1002, 1003, 1007, 1009, 4100, 4101, 4102, 4103, 4104, 4400, 4401, 4403, 4422]) {
  test(`does not come back after ${code}`, async () => {
    const socket = await online();
    socket.drop(code);
    await clock.advance(120000);
    assert.equal(FakeSocket.all.length, 1);
    assert.equal(received('closed')[0].code, code);
    assert.equal(clock.pending, 0);
    assert.equal(probe, null);
  });
}

for (const code of [1001, 1005, 1006, 1011, 1012, 1013, 1014, 3999, 4000, 4001, 4008, 4999]) {
  test(`comes back by itself after ${code}`, async () => {
    const socket = await online();
    socket.drop(code);
    await clock.advance(300);
    assert.equal(FakeSocket.all.length, 2);
  });
}

test('the code of bye counts when a proxy changes the close code', async () => {
  const socket = await online();
  socket.receive({ type: 'bye', code: 4101, reason: 'taken over' });
  socket.drop(1006);
  assert.deepEqual(received('closed')[0].problem, 'taken-over');
});

test('4200 fetches a new token once, then gives up', async () => {
  const socket = await online();
  socket.drop(4200);
  await clock.advance(1);
  assert.deepEqual(tokens, [false, true]);
  FakeSocket.last.accept();
  assert.equal(FakeSocket.last.sent[0].token, 'new-token');
  FakeSocket.last.drop(4200);
  await clock.advance(60000);
  assert.equal(FakeSocket.all.length, 2);
  assert.equal(received('closed')[0].problem, 'token-expired');
});

test('4201 is a new token too, and one that helps only for a moment is not followed by another', async () => {
  const socket = await online();
  socket.drop(4201);
  await clock.advance(1);
  registered();
  await clock.advance(100);
  FakeSocket.last.drop(4201);
  assert.deepEqual(tokens, [false, true]);
  assert.equal(received('closed')[0].code, 4201);
});

test('a token that ends hours later is replaced again', async () => {
  const socket = await online();
  socket.drop(4200);
  await clock.advance(1);
  const second = registered();
  second.receive({ type: 'ping', n: 1, received: 0 });
  await clock.advance(20000);
  second.drop(4200);
  await clock.advance(1);
  assert.deepEqual(tokens, [false, true, true]);
});

test('4302 without a hint goes elsewhere at once, again and again with backoff', async () => {
  const socket = await online();
  socket.drop(4302);
  assert.ok(clock.nextIn <= 300);
  await clock.advance(300);
  FakeSocket.last.drop(4302);
  assert.ok(clock.nextIn >= 800);
});

test('430x and 4429 come back after the hint, spread by jitter', async () => {
  for (const code of [4300, 4301, 4302, 4429]) {
    create();
    const socket = await online();
    socket.receive({ type: 'bye', code, reason: 'x', retryAfterMs: 5000 });
    socket.drop(code);
    assert.equal(clock.nextIn, 6500);
    client.close();
  }
});

test('goaway: a moment before the server would close, the socket is changed without a wait', async () => {
  const socket = await online();
  socket.receive({ type: 'goaway', inMs: 2000, reason: 'drain' });
  await clock.advance(1799);
  assert.equal(socket.closedWith, null);
  await clock.advance(1);
  assert.equal(socket.closedWith, 1000);
  assert.equal(FakeSocket.all.length, 2);
  FakeSocket.last.accept();
  assert.equal(FakeSocket.last.sent[0].resume.sessionId, 's1');
});

test('goaway repeated, or overtaken by the close, changes the socket once', async () => {
  const socket = await online();
  socket.receive({ type: 'goaway', inMs: 2000, reason: 'drain' });
  socket.receive({ type: 'goaway', inMs: 4000, reason: 'drain' });
  socket.receive({ type: 'bye', code: 4300, reason: 'draining', retryAfterMs: 2000 });
  socket.drop(4300);
  await clock.advance(1999);
  assert.equal(FakeSocket.all.length, 1);
  await clock.advance(3001);
  assert.equal(FakeSocket.all.length, 2);
});

test('a successor that is still draining says when to come back', async () => {
  const socket = await online();
  socket.receive({ type: 'goaway', inMs: 100, reason: 'drain' });
  await clock.advance(100);
  const refusing = FakeSocket.last;
  refusing.accept();
  refusing.receive({ type: 'error', re: refusing.sent[0].id, code: 'draining', message: 'x', retryable: true, retryAfterMs: 2000 });
  refusing.receive({ type: 'bye', code: 4300, reason: 'draining', retryAfterMs: 2000 });
  refusing.drop(4300);
  assert.equal(clock.nextIn, 3500);
  probe();
  assert.equal(FakeSocket.all.length, 2, 'what the server asked to wait is waited for');
});

test('a refused register reports the reason of the server', async () => {
  client.connect();
  await settle();
  const socket = FakeSocket.last;
  socket.accept();
  socket.receive({ type: 'error', re: socket.sent[0].id, code: 'not-found', message: 'x', retryable: false });
  socket.receive({ type: 'bye', code: 4403, reason: 'x' });
  socket.drop(4403);
  assert.equal(received('closed')[0].problem, 'not-found');
});

test('notices a silent socket', async () => {
  const socket = await online();
  await clock.advance(20000);
  socket.receive({ type: 'ping', n: 1, received: 0 });
  await clock.advance(24999);
  assert.equal(socket.closedWith, null);
  await clock.advance(1);
  assert.equal(socket.closedWith, 4001);
  await clock.advance(300);
  assert.equal(FakeSocket.all.length, 2);
});

test('a wake-up probes the socket and replaces a dead one after 3 s', async () => {
  const socket = await online();
  probe();
  assert.equal(socket.lastSent('ice').type, 'ice');
  await clock.advance(3000);
  assert.equal(socket.closedWith, 4001);
});

test('a wake-up that is answered leaves the socket alone', async () => {
  const socket = await online();
  probe();
  socket.receive({ type: 'ok', re: socket.lastSent('ice').id, seq: 1, iceServers: [] });
  await clock.advance(4000);
  assert.equal(socket.closedWith, null);
});

test('a page that slept longer than a dead socket lives gives it up at once', async () => {
  const socket = await online();
  clock.sleep(60000);
  probe();
  assert.equal(socket.closedWith, 4001);
});

test('a wake-up replaces an attempt that hangs on the old network, not one that has just begun', async () => {
  client.connect();
  await settle();
  await clock.advance(1000);
  probe();
  await settle();
  assert.equal(FakeSocket.all.length, 1);
  await clock.advance(1000);
  probe();
  await settle();
  assert.equal(FakeSocket.all.length, 2);
  assert.equal(FakeSocket.all[0].closedWith, 4001);
});

test('a wake-up while waiting tries at once', async () => {
  client.connect();
  await settle();
  FakeSocket.last.drop();
  await clock.advance(200);
  FakeSocket.last.drop();
  probe();
  await settle();
  assert.equal(FakeSocket.all.length, 3);
});

test('an expiring token is replaced on the same socket', async () => {
  const socket = await online();
  socket.receive({ type: 'tokenExpiring', seq: 1, inMs: 60000 });
  await settle();
  assert.equal(socket.lastSent('refresh').token, 'new-token');
  assert.equal(FakeSocket.all.length, 1);
});

test('a token that cannot be fetched now is tried again; one that does not exist ends it', async () => {
  let error = Object.assign(new Error('offline'), { retryable: true });
  create({ getToken: async () => { throw error; } });
  client.connect();
  await settle();
  assert.equal(client.state, 'waiting');
  error = Object.assign(new Error('gone'), { code: 'gone' });
  await clock.advance(5000);
  assert.equal(received('closed')[0].problem, 'gone');
});

test('a connection attempt that hangs is given up', async () => {
  client.connect();
  await settle();
  await clock.advance(10000);
  assert.equal(FakeSocket.last.closedWith, 4001);
  assert.equal(client.state, 'waiting');
});

test('closing rejects what is pending and leaves nothing behind', async () => {
  await online();
  const pending = client.request('startCall');
  client.close();
  await assert.rejects(pending, { code: 'closed' });
  assert.equal(FakeSocket.last.closedWith, 1000);
  assert.equal(clock.pending, 0);
});

test('the media connection travels with each pong', async () => {
  const socket = await online();
  client.setConnection('up');
  socket.receive({ type: 'ping', n: 1, received: 0 });
  assert.equal(socket.lastSent('pong').connection, 'up');
});
