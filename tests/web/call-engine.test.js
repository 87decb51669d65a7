import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { CallEngine } from '../../web/js/rtc/call-engine.js';
import { FakeClock, FakePeerConnection, settle } from './fakes.js';

const seat = (participantId, order, state = 'joined') => ({ participantId, order, state, role: 'patient', name: participantId });
const call = (...participants) => ({ callId: 'c1', state: 'active', participants });

/** Plays the signaling client: records what is sent; the test answers. */
class FakeSignaling {
  state = 'online';
  sent = [];
  requests = [];
  connection = null;
  startedOver = 0;

  startOver() {
    this.startedOver += 1;
  }

  request(type, fields) {
    return new Promise((resolve, reject) => this.requests.push({ type, fields, resolve, reject }));
  }

  send(type, fields) {
    this.sent.push({ type, ...fields });
  }

  setConnection(connection) {
    this.connection = connection;
  }

  take(type) {
    const index = this.requests.findIndex((each) => each.type === type);
    assert.notEqual(index, -1, `no ${type} was sent`);
    return this.requests.splice(index, 1)[0];
  }

  signals() {
    return this.sent.filter((each) => each.type === 'signal');
  }
}

let signaling;
let clock;
let engine;
let ended;

function create(me = 'p2') {
  signaling = new FakeSignaling();
  clock = new FakeClock();
  ended = [];
  FakePeerConnection.all.length = 0;
  engine = new CallEngine({
    signaling, clock, me, iceServers: [{ urls: 'stun:one' }], createConnection: (config) => new FakePeerConnection(config),
    tracks: { audio: { kind: 'audio' }, video: { kind: 'video' } }, media: { audio: true, video: true },
  });
  engine.on('ended', (detail) => ended.push(detail));
  return engine;
}

beforeEach(() => create());

const pcs = () => FakePeerConnection.all;

async function joined(others = [seat('p1', 1)], order = 2, more = {}) {
  const result = engine.join(call(...others));
  await settle();
  const request = signaling.take('joinCall');
  request.resolve({ call: call(...others, seat('p2', order)), order, offerRelayed: others.length === 1, ...more });
  await result;
  await settle();
  return request;
}

test('joining one other carries the offer, and candidates follow once the call is known', async () => {
  const result = engine.join(call(seat('p1', 1)));
  await settle();
  const request = signaling.take('joinCall');
  assert.equal(request.fields.offer.type, 'offer');
  pcs()[0].gather('early');
  assert.deepEqual(signaling.signals(), []);
  request.resolve({ call: call(seat('p1', 1), seat('p2', 2)), order: 2, offerRelayed: true });
  await result;
  assert.deepEqual(signaling.signals(), [{
    type: 'signal', to: 'p1', callId: 'c1', data: { candidate: { candidate: 'early', sdpMid: '0', sdpMLineIndex: 0 } } }]);
  assert.equal(engine.peers[0].session.polite, false);
});

test('an offer that was not relayed goes by signal', async () => {
  await joined([seat('p1', 1)], 2, { offerRelayed: false });
  assert.equal(signaling.signals()[0].data.description.type, 'offer');
});

test('joining several offers to each by signal', async () => {
  const request = await joined([seat('p1', 1), seat('p3', 2), seat('p4', 4, 'left')], 5);
  assert.equal(request.fields.offer, undefined);
  assert.deepEqual(signaling.signals().map((each) => each.to), ['p1', 'p3']);
  assert.ok(signaling.signals().every((each) => each.data.description.type === 'offer'));
});

test('starting second joins the first one, who answers', async () => {
  const result = engine.start('video');
  signaling.take('startCall').resolve({
    call: call(seat('p1', 1), seat('p2', 2)), order: 2, joinedExisting: true, offerRelayed: false });
  await result;
  await settle();
  assert.equal(signaling.signals()[0].data.description.type, 'offer');
});

test('the one who was there is polite and answers the joiner; an older connection is dropped', async () => {
  const result = engine.start('video');
  signaling.take('startCall').resolve({ call: call(seat('p2', 1)), order: 1, offerRelayed: false });
  await result;
  const offer = { type: 'offer', sdp: JSON.stringify({ mids: ['audio', 'video'], ufrag: 'x' }) };
  const join = (order) => engine.handle({
    type: 'joinerConnected', rev: 1, call: call(seat('p2', 1), seat('p1', order)),
    participant: { participantId: 'p1', order }, offer });
  join(2);
  await settle();
  assert.equal(signaling.signals()[0].data.description.type, 'answer');
  assert.equal(engine.peers[0].session.polite, true);
  join(3);
  await settle();
  assert.deepEqual(pcs().map((each) => each.closed), [true, false]);
  assert.equal(engine.peers.length, 1);
});

test('signals of another call or an older seat are dropped', async () => {
  await joined();
  const pc = pcs()[0];
  const signal = { type: 'signal', from: 'p1', callId: 'c1', order: 1, data: { description: { type: 'answer', sdp: '{"mids":[],"ufrag":"x"}' } } };
  engine.handle({ ...signal, callId: 'c0' });
  engine.handle({ ...signal, order: 7 });
  engine.handle({ ...signal, from: 'p9' });
  await settle();
  assert.equal(pc.signalingState, 'have-local-offer');
  engine.handle(signal);
  await settle();
  assert.equal(pc.signalingState, 'stable');
});

test('what arrives while joining is applied after it', async () => {
  const result = engine.join(call(seat('p1', 1)));
  await settle();
  engine.handle({ type: 'signal', from: 'p1', callId: 'c1', order: 1, data: { description: { type: 'answer', sdp: '{"mids":[],"ufrag":"x"}' } } });
  signaling.take('joinCall').resolve({ call: call(seat('p1', 1), seat('p2', 2)), order: 2, offerRelayed: true });
  await result;
  await settle();
  assert.equal(pcs()[0].signalingState, 'stable');
});

test('a refused join leaves no connection behind and can be tried again', async () => {
  const result = engine.join(call(seat('p1', 1)));
  await settle();
  signaling.take('joinCall').reject(Object.assign(new Error('x'), { code: 'in-call-elsewhere' }));
  await assert.rejects(result, { code: 'in-call-elsewhere' });
  assert.equal(pcs()[0].closed, true);
  const again = engine.join(call(seat('p1', 1)), { takeover: true });
  await settle();
  assert.equal(signaling.take('joinCall').fields.takeover, true);
  again.catch(() => {});
});

test('a replaced session takes the seat back and keeps the media', async () => {
  await joined();
  const pc = pcs()[0];
  engine.handle({ type: 'signal', from: 'p1', callId: 'c1', order: 1, data: { description: { type: 'answer', sdp: '{"mids":[],"ufrag":"x"}' } } });
  await settle();
  pc.become('connected');
  signaling.sent.length = 0;
  const back = engine.sessionReplaced(call(seat('p1', 1), seat('p2', 2)));
  const request = signaling.take('joinCall');
  assert.deepEqual(request.fields, { callId: 'c1', keep: true });
  request.resolve({ call: call(seat('p1', 1), seat('p2', 2)), order: 2, reattached: true });
  await back;
  await settle();
  assert.equal(pc.closed, false);
  assert.deepEqual(signaling.signals(), []);
  assert.equal(signaling.sent[0].type, 'mediaState');
});

test('a replaced session while the answer was under way offers again', async () => {
  await joined();
  signaling.sent.length = 0;
  const back = engine.sessionReplaced(call(seat('p1', 1), seat('p2', 2)));
  signaling.take('joinCall').resolve({ call: call(seat('p1', 1), seat('p2', 2)), order: 2, reattached: true });
  await back;
  await settle();
  assert.equal(signaling.signals().length, 1);
  assert.equal(signaling.signals()[0].data.description.type, 'offer');
});

test('a session replaced during the join itself offers again, since the answer to the first is lost', async () => {
  const result = engine.join(call(seat('p1', 1)));
  await settle();
  engine.sessionReplaced(call(seat('p1', 1), seat('p2', 2)));
  signaling.take('joinCall').resolve({ call: call(seat('p1', 1), seat('p2', 2)), order: 2, offerRelayed: true });
  await result;
  await settle();
  assert.equal(signaling.signals().filter((each) => each.data.description?.type === 'offer').length, 1);
});

test('a seat that was given away is a new join: new connections, offers by signal', async () => {
  await joined();
  const back = engine.sessionReplaced(call(seat('p1', 1), seat('p2', 2)));
  signaling.take('joinCall').resolve({ call: call(seat('p1', 1), seat('p2', 3)), order: 3, reattached: false });
  await back;
  await settle();
  assert.deepEqual(pcs().map((each) => each.closed), [true, false]);
  assert.equal(signaling.signals().at(-1).data.description.type, 'offer');
});

test('a call that is over when the session comes back ends here too', async () => {
  await joined();
  await engine.sessionReplaced(null);
  assert.deepEqual(ended, [{ reason: 'gone', code: 'call-ended' }]);
  assert.equal(pcs()[0].closed, true);
});

test('the other one coming back with lost messages gets a new offer from the impolite side', async () => {
  await joined();
  signaling.sent.length = 0;
  engine.handle({ type: 'participant', change: 'back', reset: true, participant: { participantId: 'p1', presence: 'online' } });
  await settle();
  assert.equal(signaling.signals()[0].data.description.type, 'offer');
});

test('one who leaves takes only their own connection along', async () => {
  await joined([seat('p1', 1), seat('p3', 2)], 3);
  engine.handle({ type: 'participant', change: 'left', participant: { participantId: 'p1', inCall: false } });
  assert.deepEqual(engine.peers.map((each) => each.participantId), ['p3']);
  assert.deepEqual(pcs().map((each) => each.closed), [true, false]);
});

test('the end of the call closes everything, that of another call nothing', async () => {
  await joined();
  engine.handle({ type: 'callEnded', callId: 'c0' });
  assert.equal(pcs()[0].closed, false);
  engine.handle({ type: 'callEnded', callId: 'c1' });
  assert.equal(pcs()[0].closed, true);
  assert.deepEqual(ended, [{ reason: 'ended' }]);
});

test('media state is reported at each change and not otherwise', async () => {
  await joined();
  const states = () => signaling.sent.filter((each) => each.type === 'mediaState');
  assert.deepEqual(states(), [{ type: 'mediaState', callId: 'c1', audio: true, video: true, screen: false, connection: 'none' }]);
  pcs()[0].become('connected');
  pcs()[0].become('connected');
  assert.equal(states().length, 2);
  assert.equal(states()[1].connection, 'up');
  assert.equal(signaling.connection, 'up');
  await engine.setMedia({ audio: null, video: null }, { audio: false, video: true });
  assert.equal(states()[2].audio, false);
});

test('stalled media is noticed within two seconds and restarted by the impolite side', async () => {
  await joined();
  const pc = pcs()[0];
  engine.peers[0].update({ media: { audio: true, video: true }, presence: 'online' });
  pc.bytes = 100;
  pc.become('connected');
  await clock.advance(500);
  assert.equal(engine.connection, 'up');
  await clock.advance(1500);
  assert.equal(engine.connection, 'down');
  await clock.advance(1);
  signaling.take('ice').resolve({ iceServers: [{ urls: 'stun:two' }] });
  await settle();
  assert.deepEqual(pc.config.iceServers, [{ urls: 'stun:two' }]);
  assert.equal(pc.wantsRestart, true);
  pc.bytes = 200;
  await clock.advance(500);
  assert.equal(engine.connection, 'up');
});

test('silence of one who sends nothing is no stall', async () => {
  await joined();
  engine.peers[0].update({ media: { audio: false, video: false }, presence: 'online' });
  pcs()[0].become('connected');
  await clock.advance(10000);
  assert.equal(engine.connection, 'up');
});

test('the polite side lets the other one restart first', async () => {
  const result = engine.start('video');
  signaling.take('startCall').resolve({ call: call(seat('p2', 1)), order: 1, offerRelayed: false });
  await result;
  engine.handle({ type: 'joinerConnected', call: call(seat('p2', 1), seat('p1', 2)), participant: { participantId: 'p1', order: 2 } });
  pcs()[0].become('connected');
  pcs()[0].become('connected', 'disconnected');
  await clock.advance(3999);
  assert.equal(signaling.requests.length, 0);
  await clock.advance(1);
  assert.equal(signaling.take('ice').type, 'ice');
});

test('a restart waits for the socket and comes the moment it is back', async () => {
  await joined();
  const pc = pcs()[0];
  pc.become('connected');
  signaling.state = 'waiting';
  pc.become('failed');
  await clock.advance(30000);
  assert.equal(signaling.requests.length, 0);
  assert.equal(engine.peers[0].restarts, 0, 'what could not be tried does not count');
  signaling.state = 'online';
  engine.sessionResumed();
  await clock.advance(0);
  assert.equal(signaling.take('ice').type, 'ice');
});

test('a restart waits for the other side, and comes when they are back', async () => {
  await joined();
  pcs()[0].become('connected');
  engine.handle({ type: 'participant', change: 'reconnecting', participant: { participantId: 'p1', presence: 'reconnecting' } });
  pcs()[0].become('failed');
  await clock.advance(9000);
  assert.equal(signaling.requests.length, 0);
  engine.handle({ type: 'participant', change: 'back', participant: { participantId: 'p1', presence: 'online' } });
  await clock.advance(0);
  assert.equal(signaling.take('ice').type, 'ice');
});

/** The path is down and every restart is in vain for so long. */
async function failFor(ms) {
  pcs().at(-1).become('failed');
  await clock.advance(ms);
}

test('after five restarts in vain a new session takes a new seat with a fresh connection', async () => {
  await joined();
  pcs()[0].become('connected');
  await failFor(19000);
  assert.equal(signaling.requests.filter((each) => each.type === 'ice').length, 5);
  assert.equal(signaling.startedOver, 0);
  await clock.advance(1000);
  assert.equal(signaling.startedOver, 1);
  engine.sessionReplaced(call(seat('p1', 1), seat('p2', 2, 'reconnecting')));
  await settle();
  const { fields, resolve } = signaling.take('joinCall');
  assert.equal(fields.keep, undefined);
  assert.equal(fields.offer.type, 'offer');
  resolve({ call: call(seat('p1', 1), seat('p2', 3)), order: 3, offerRelayed: true });
  await settle();
  assert.deepEqual(pcs().map((each) => each.closed), [true, false]);
  assert.equal(engine.connection, 'down', 'it is no new call that has yet to connect');
  pcs()[1].become('connected');
  assert.equal(engine.connection, 'up');
});

test('fresh connections are not made while media flows with somebody, nor without end', async () => {
  await joined([seat('p1', 1), seat('p3', 2)], 3);
  pcs()[0].become('connected');
  pcs()[1].become('connected');
  pcs()[0].become('failed');
  await clock.advance(120000);
  assert.equal(signaling.startedOver, 0);
  create();
  await joined();
  pcs()[0].become('connected');
  for (let round = 0; round < 6; round += 1) {
    await failFor(60000);
    if (signaling.startedOver !== round + 1) break;
    engine.sessionReplaced(call(seat('p1', 1), seat('p2', 2)));
    await settle();
    signaling.take('joinCall').resolve({ call: call(seat('p1', 1), seat('p2', 3 + round)), order: 3 + round, offerRelayed: true });
    await settle();
  }
  assert.equal(signaling.startedOver, 3);
});

test('both renew at once: whoever comes last offers, the stale news of the first is dropped', async () => {
  await joined();
  pcs()[0].become('connected');
  await failFor(20000);
  engine.sessionReplaced(call(seat('p1', 1), seat('p2', 2)));
  await settle();
  const { resolve } = signaling.take('joinCall');
  engine.handle({ type: 'joinerConnected', call: call(seat('p1', 3), seat('p2', 2)), participant: { participantId: 'p1', order: 3 },
    offer: { type: 'offer', sdp: '{"mids":[],"ufrag":"x"}' } });
  signaling.sent.length = 0;
  resolve({ call: call(seat('p1', 3), seat('p2', 4)), order: 4, offerRelayed: true });
  await settle();
  assert.equal(engine.peers[0].order, 3);
  assert.equal(pcs().filter((each) => !each.closed).length, 1);
  assert.deepEqual(signaling.signals(), [], 'the offer that came along is the one that counts');
  engine.handle({ type: 'signal', from: 'p1', callId: 'c1', order: 3, data: { description: { type: 'answer', sdp: '{"mids":[],"ufrag":"y"}' } } });
  await settle();
  assert.equal(pcs().at(-1).signalingState, 'stable');
});

test('a server that cannot give the seat back yet is asked again; media flows on', async () => {
  await joined();
  const pc = pcs()[0];
  engine.sessionReplaced(call(seat('p1', 1), seat('p2', 2)));
  signaling.take('joinCall').reject(Object.assign(new Error('x'), { code: 'store-unavailable', retryable: true, retryAfterMs: 700 }));
  await clock.advance(699);
  assert.equal(signaling.requests.length, 0);
  await clock.advance(1);
  signaling.take('joinCall').resolve({ call: call(seat('p1', 1), seat('p2', 2)), order: 2, reattached: true });
  await settle();
  assert.deepEqual([pc.closed, ended], [false, []]);
  pc.become('connected');
  pc.become('failed');
  await clock.advance(0);
  assert.equal(signaling.take('ice').type, 'ice', 'and restarts go out again');
  engine.dispose();
  assert.equal(clock.pending, 0);
});

test('a session replaced again while the seat is waited for asks once', async () => {
  await joined();
  engine.sessionReplaced(call(seat('p1', 1), seat('p2', 2)));
  signaling.take('joinCall').reject(Object.assign(new Error('x'), { code: 'draining', retryable: true, retryAfterMs: 5000 }));
  await settle();
  engine.sessionReplaced(call(seat('p1', 1), seat('p2', 2)));
  await clock.advance(6000);
  assert.equal(signaling.requests.filter((each) => each.type === 'joinCall').length, 1);
});

test('a seat somebody else took in the meantime ends it here', async () => {
  await joined();
  engine.sessionReplaced(call(seat('p1', 1), seat('p2', 2)));
  signaling.take('joinCall').reject(Object.assign(new Error('x'), { code: 'in-call-elsewhere', retryable: false }));
  await settle();
  assert.deepEqual(ended, [{ reason: 'gone', code: 'in-call-elsewhere' }]);
});

test('after a restart the other one may not be back yet: the call goes on, and their return needs nothing', async () => {
  await joined();
  const pc = pcs()[0];
  engine.handle({ type: 'signal', from: 'p1', callId: 'c1', order: 1, data: { description: { type: 'answer', sdp: '{"mids":[],"ufrag":"x"}' } } });
  await settle();
  pc.become('connected');
  const back = engine.sessionReplaced(call(seat('p1', 1, 'reconnecting'), seat('p2', 2)));
  signaling.take('joinCall').resolve({ call: call(seat('p1', 1, 'reconnecting'), seat('p2', 2)), order: 2, reattached: true });
  await back;
  assert.deepEqual([engine.connection, engine.peers.length, engine.peers[0].reconnecting, ended], ['up', 1, true, []]);
  signaling.sent.length = 0;
  engine.handle({ type: 'participant', change: 'back', reset: true, participant: { participantId: 'p1', presence: 'online', inCall: true } });
  await settle();
  assert.equal(engine.peers[0].reconnecting, false);
  assert.deepEqual([pc.closed, signaling.signals()], [false, []]);
});

test('a new network restarts the path at once, once, and as soon as somebody can hear it', async () => {
  await joined();
  pcs()[0].become('connected');
  engine.networkChanged();
  signaling.take('ice').resolve({ iceServers: [] });
  await clock.advance(60000);
  assert.equal(signaling.requests.length, 0);
  signaling.state = 'waiting';
  engine.networkChanged();
  assert.equal(signaling.requests.length, 0);
  signaling.state = 'online';
  const back = engine.sessionReplaced(call(seat('p1', 1), seat('p2', 2)));
  signaling.take('joinCall').resolve({ call: call(seat('p1', 1), seat('p2', 2)), order: 2, reattached: true });
  await back;
  await settle();
  assert.equal(signaling.take('ice').type, 'ice');
});

test('what has stalled stays so while the other side is known to be away', async () => {
  await joined();
  engine.peers[0].update({ media: { audio: true, video: true }, presence: 'online' });
  pcs()[0].become('connected');
  await clock.advance(2500);
  assert.equal(engine.connection, 'down');
  engine.handle({ type: 'participant', change: 'reconnecting', participant: { participantId: 'p1', presence: 'reconnecting' } });
  await clock.advance(2000);
  assert.equal(engine.connection, 'down');
});

test('addresses are not shown where the server says relay only', async () => {
  engine = new CallEngine({
    signaling, clock, me: 'p2', iceServers: [], iceTransportPolicy: 'relay', createConnection: (config) => new FakePeerConnection(config),
    tracks: { audio: null, video: null }, media: { audio: false, video: false } });
  await joined();
  assert.equal(pcs()[0].config.iceTransportPolicy, 'relay');
  pcs()[0].become('connected');
  pcs()[0].become('failed');
  await clock.advance(0);
  signaling.take('ice').resolve({ iceServers: [{ urls: 'turn:two' }] });
  await settle();
  assert.deepEqual(pcs()[0].config, { iceServers: [{ urls: 'turn:two' }], iceTransportPolicy: 'relay', bundlePolicy: 'max-bundle' });
  create();
  await joined();
  assert.equal('iceTransportPolicy' in pcs()[0].config, false);
});

test('a peer starts with what they last said they send', async () => {
  engine = new CallEngine({
    signaling, clock, me: 'p2', iceServers: [], createConnection: (config) => new FakePeerConnection(config),
    tracks: { audio: null, video: null }, media: { audio: false, video: false }, mediaOf: () => ({ audio: true, video: false }) });
  await joined();
  assert.deepEqual(engine.peers[0].media, { audio: true, video: false });
});

test('a disposed engine leaves no timer and no connection', async () => {
  await joined();
  pcs()[0].become('connected');
  engine.dispose();
  assert.equal(clock.pending, 0);
  assert.equal(pcs()[0].closed, true);
});
