import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Emitter } from '../../web/js/lib/emitter.js';
import { RoomSession } from '../../web/js/session/room-session.js';
import { FakeClock, FakePeerConnection, settle } from './fakes.js';

class FakeSignaling extends Emitter {
  state = 'online';
  session = { iceServers: [] };
  requests = [];
  sent = [];
  closed = false;

  connect() {}

  close() { this.closed = true; }

  probes = 0;

  setConnection() {}

  probe() { this.probes += 1; }

  startOver() {}

  send(type, fields) { this.sent.push({ type, ...fields }); }

  request(type, fields) {
    return new Promise((resolve, reject) => this.requests.push({ type, fields, resolve, reject }));
  }

  take(type) {
    const index = this.requests.findIndex((each) => each.type === type);
    assert.notEqual(index, -1, `no ${type} was sent`);
    return this.requests.splice(index, 1)[0];
  }
}

class FakeMedia extends Emitter {
  tracks = { audio: { kind: 'audio' }, video: null };
  media = { audio: true, video: false };
}

const me = { participantId: 'p', userId: 'u-p', role: 'patient', name: 'P', admitted: true, inCall: false };
const person = (participantId, role) => ({
  participantId, userId: `u-${participantId}`, role, name: participantId, presence: 'online', inCall: false, admitted: true,
  media: { audio: false, video: false, screen: false, connection: 'none' } });
const seat = (participantId, order) => ({ participantId, userId: `u-${participantId}`, order, state: 'joined' });
const call = (state, ...participants) => ({ callId: 'c1', state, startedBy: 'u-p', participants });
const room = (more = {}) => ({
  key: 'apt', rev: 1, callStatus: 'inactive', canStart: true, canJoin: false, call: null,
  appointment: { id: 'apt', media: 'audio' }, participants: [person('p', 'patient'), person('d', 'doctor')], ...more });

let signaling;
let media;
let clock;
let asked;
let answers;
let session;
let ended;
let networkChanged;

beforeEach(() => {
  FakePeerConnection.all.length = 0;
  signaling = new FakeSignaling();
  media = new FakeMedia();
  clock = new FakeClock();
  asked = [];
  answers = {};
  session = new RoomSession({
    signaling, media, clock, wallClock: () => 1_000_000 + clock.now(), appointmentId: 'apt',
    api: { get: async (path) => { asked.push(path); return answers[path] ?? null; } },
    createConnection: (config) => new FakePeerConnection(config),
    watchNetwork: (changed) => { networkChanged = changed; return () => { networkChanged = null; }; },
  });
  ended = [];
  session.on('ended', (detail) => ended.push(detail));
});

const enter = (more = {}, message = {}) => signaling.emit('registered', {
  you: me, room: room(more), serverTime: new Date(1_005_000).toISOString(), ...message });

async function startCall() {
  enter();
  const started = session.startCall();
  signaling.take('startCall').resolve({ call: call('waiting', seat('p', 1)), order: 1, offerRelayed: false });
  await started;
}

test('knows how far the clock of the server is ahead', () => {
  enter();
  assert.equal(session.serverAheadMs, 5000);
  assert.equal(session.serverNow, 1_005_000);
});

test('starting takes the seat with the media of the appointment', async () => {
  enter();
  const started = session.startCall();
  assert.equal(session.place, 'entering');
  const request = signaling.take('startCall');
  assert.deepEqual(request.fields, { media: 'audio' });
  request.resolve({ call: call('waiting', seat('p', 1)), order: 1, offerRelayed: false });
  await started;
  assert.equal(session.place, 'in');
  assert.equal(session.room.callStatus, 'waiting');
});

test('a refused start leaves the person where they were', async () => {
  enter();
  const started = session.startCall();
  signaling.take('startCall').reject(Object.assign(new Error('x'), { code: 'payment-required' }));
  await assert.rejects(started, { code: 'payment-required' });
  assert.equal(session.place, 'out');
  assert.equal(session.engine, null);
});

test('giving up while the start is under way leaves the call that comes of it', async () => {
  enter();
  const started = session.startCall();
  session.leaveCall();
  signaling.take('startCall').resolve({ call: call('waiting', seat('p', 1)), order: 1, offerRelayed: false });
  await started;
  assert.equal(signaling.take('leave').fields.callId, 'c1');
  assert.equal(session.place, 'out');
});

test('leaving frees the seat at once, here and there', async () => {
  await startCall();
  session.leaveCall();
  assert.equal(signaling.take('leave').fields.callId, 'c1');
  assert.equal(session.place, 'out');
  assert.deepEqual(ended, [{ reason: 'left', durationSeconds: null }]);
  assert.deepEqual(session.room.call.participants.map((each) => each.state), ['left']);
});

test('the length of a call follows the clock of the server', async () => {
  await startCall();
  signaling.emit('message', { type: 'joinerConnected', rev: 2, participant: { ...person('d', 'doctor'), order: 2, inCall: true },
    call: { ...call('active', seat('p', 1), seat('d', 2)), answeredAt: new Date(1_005_000).toISOString() } });
  await clock.advance(65000);
  assert.equal(session.callSeconds, 65);
});

test('the end comes with its reason and length', async () => {
  await startCall();
  signaling.emit('message', { type: 'callEnded', rev: 3, callId: 'c1', endReason: 'completed', durationSeconds: 12 });
  assert.deepEqual(ended, [{ reason: 'completed', durationSeconds: 12 }]);
  assert.equal(session.place, 'out');
  assert.equal(session.room.callStatus, 'ended');
});

test('a call of others that ends is not mine', () => {
  enter({ callStatus: 'waiting', call: call('waiting', seat('d', 1)) });
  signaling.emit('message', { type: 'callEnded', rev: 2, callId: 'c1', endReason: 'cancelled', durationSeconds: 0 });
  assert.deepEqual(ended, []);
  assert.equal(session.room.callStatus, 'ended');
});

test('a call that ended while the socket was down is looked up', async () => {
  await startCall();
  answers['/api/calls/c1'] = { endReason: 'lost', durationSeconds: 40 };
  enter({ callStatus: 'ended' });
  await settle();
  assert.deepEqual(asked, ['/api/calls/c1']);
  assert.deepEqual(ended, [{ reason: 'lost', durationSeconds: 40 }]);
});

test('a replaced session asks for the seat back and keeps the engine', async () => {
  await startCall();
  const { engine } = session;
  enter({ callStatus: 'waiting', call: call('waiting', seat('p', 1)) });
  signaling.take('joinCall').resolve({ call: call('waiting', seat('p', 1)), order: 1, reattached: true });
  await settle();
  assert.equal(session.engine, engine);
  assert.equal(session.place, 'in');
});

test('a resumed session does not touch the seat', async () => {
  await startCall();
  enter({ callStatus: 'waiting', call: call('waiting', seat('p', 1)) }, { resumed: true });
  assert.deepEqual(signaling.requests, []);
  assert.equal(session.place, 'in');
});

test('a resumed session takes the snapshot, and what comes after it tells the call but turns nothing back', async () => {
  await startCall();
  const joiner = { ...person('d', 'doctor'), order: 2, inCall: true };
  enter({ rev: 9, callStatus: 'active', call: call('active', seat('p', 1), seat('d', 2)) }, { resumed: true });
  signaling.emit('message', { type: 'joinerConnected', rev: 7, participant: joiner, call: call('waiting', seat('p', 1), seat('d', 2)) });
  assert.equal(session.room.callStatus, 'active');
  assert.deepEqual(session.engine.peers.map((each) => each.participantId), ['d']);
  signaling.emit('message', { type: 'callEnded', rev: 10, callId: 'c1', endReason: 'completed', durationSeconds: 3 });
  assert.deepEqual(ended, [{ reason: 'completed', durationSeconds: 3 }]);
});

test('an end that was missed and replayed comes with its reason, though the snapshot has no call any more', async () => {
  await startCall();
  enter({ rev: 9, callStatus: 'ended' }, { resumed: true });
  assert.equal(session.place, 'in');
  signaling.emit('message', { type: 'callEnded', rev: 9, callId: 'c1', endReason: 'cancelled', durationSeconds: 0 });
  assert.deepEqual(ended, [{ reason: 'cancelled', durationSeconds: 0 }]);
  assert.deepEqual(asked, []);
});

test('after a restart the call goes on though nobody else is back yet', async () => {
  await startCall();
  const { engine } = session;
  const open = call('active', seat('p', 1), { ...seat('d', 2), state: 'reconnecting' });
  enter({ callStatus: 'active', call: open }, { reason: 'restart' });
  signaling.take('joinCall').resolve({ call: open, order: 1, reattached: true });
  await settle();
  assert.deepEqual([session.place, session.engine === engine, ended], ['in', true, []]);
});

test('a seat that comes too late is given back', async () => {
  enter();
  signaling.emit('unclaimed', { type: 'ok', re: 'x', call: call('waiting', seat('p', 1)) });
  assert.equal(signaling.take('leave').fields.callId, 'c1');
  signaling.emit('unclaimed', { type: 'error', re: null, code: 'peer-absent' });
  signaling.emit('unclaimed', { type: 'ok', re: 'y', iceServers: [] });
  assert.deepEqual(signaling.requests, []);
});

test('another network is a reason to look after the socket, in a call or not', async () => {
  networkChanged();
  assert.equal(signaling.probes, 1);
  session.close();
  assert.equal(networkChanged, null);
});

test('relay only comes with the session', async () => {
  signaling.session = { iceServers: [], iceTransportPolicy: 'relay' };
  enter({ callStatus: 'waiting', canJoin: true, call: call('waiting', seat('d', 1)) });
  const joined = session.joinCall();
  await settle();
  assert.equal(FakePeerConnection.all[0].config.iceTransportPolicy, 'relay');
  signaling.take('joinCall').reject(Object.assign(new Error('x'), { code: 'room-full' }));
  await assert.rejects(joined, { code: 'room-full' });
});

test('what may be started comes with the appointment, or is asked for', async () => {
  enter({ canStart: false, reason: 'payment-required' });
  signaling.emit('message', { type: 'appointment', rev: 2, appointment: { id: 'apt', canStart: true, canJoin: false } });
  await clock.advance(1000);
  assert.deepEqual([session.room.canStart, asked], [true, []]);
  answers['/api/appointments/apt/call-status'] = { canStart: false, canJoin: false, reason: 'appointment-closed' };
  signaling.emit('message', { type: 'appointment', rev: 3, appointment: { id: 'apt' } });
  await clock.advance(1000);
  assert.deepEqual([session.room.canStart, session.room.reason], [false, 'appointment-closed']);
});

test('asks again when the window opens', async () => {
  enter({ canStart: false, reason: 'outside-window', appointment: { id: 'apt', opensAt: new Date(1_065_000).toISOString() } });
  answers['/api/appointments/apt/call-status'] = { canStart: true, canJoin: false, opensAt: new Date(1_065_000).toISOString() };
  await clock.advance(59000);
  assert.deepEqual(asked, []);
  await clock.advance(2000);
  assert.equal(session.room.canStart, true);
});

test('a socket closed for good ends the call here', async () => {
  await startCall();
  const closed = [];
  session.on('closed', (detail) => closed.push(detail.problem));
  signaling.emit('closed', { code: 4101, problem: 'taken-over' });
  assert.deepEqual(closed, ['taken-over']);
  assert.equal(session.engine, null);
});

test('closing leaves nothing behind', async () => {
  await startCall();
  session.close();
  assert.equal(signaling.closed, true);
  assert.equal(clock.pending, 0);
});

const relay = (untilS, credential) => [{ urls: ['turn:relay.example'], username: `${untilS}:u-p`, credential }];

test('a call that starts late, and one that goes on, have credentials of the relay that are still good', async () => {
  const credentials = () => FakePeerConnection.all.map((each) => each.config.iceServers[0].credential);
  enter({}, { iceServers: relay(1005 + 600, 'first') });
  await clock.advance(450_000);
  signaling.take('ice').resolve({ iceServers: relay(1005 + 1050, 'second') });
  await settle();
  const started = session.startCall();
  signaling.take('startCall').resolve({ call: call('active', seat('d', 1), seat('p', 2)), order: 2, joinedExisting: true, offerRelayed: false });
  await started;
  assert.deepEqual(credentials(), ['second']);
  const negotiations = signaling.sent.filter((each) => each.data?.description).length;

  await clock.advance(5000);
  FakePeerConnection.all[0].become('connected');
  await clock.advance(445_000);
  const { iceServers } = { iceServers: relay(1005 + 1500, 'third') };
  signaling.take('ice').resolve({ iceServers });
  await settle();
  assert.deepEqual(credentials(), ['third'], 'the same connection');
  assert.equal(signaling.sent.filter((each) => each.data?.description).length, negotiations, 'nothing was negotiated for it');
});
