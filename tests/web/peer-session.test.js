import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeerSession } from '../../web/js/rtc/peer-session.js';
import { FakePeerConnection, seededRandom, settle } from './fakes.js';

const tracks = (name) => ({ audio: { kind: 'audio', name }, video: { kind: 'video', name } });

function side(name, polite, out) {
  const pc = new FakePeerConnection();
  const session = new PeerSession({ createConnection: () => pc, send: (data) => out.push(data), tracks: tracks(name), polite });
  const troubles = [];
  session.on('trouble', (error) => troubles.push(error));
  return { pc, session, out, troubles };
}

function pair() {
  return { a: side('a', true, []), b: side('b', false, []) };
}

async function exchange(a, b) {
  for (let i = 0; i < 50; i += 1) {
    await settle();
    if (a.out.length + b.out.length === 0) return;
    if (a.out.length > 0) b.session.receive(a.out.shift());
    await settle();
    if (b.out.length > 0) a.session.receive(b.out.shift());
  }
  assert.fail('the two sides never stop talking');
}

function assertAgreed(a, b) {
  assert.equal(a.pc.signalingState, 'stable');
  assert.equal(b.pc.signalingState, 'stable');
  assert.ok(a.pc.current);
  assert.equal(a.pc.current, b.pc.current);
  for (const each of [a, b]) {
    assert.deepEqual(each.pc.transceivers.map((t) => t.receiver.track.kind), ['audio', 'video']);
    assert.deepEqual(each.pc.transceivers.map((t) => t.direction), ['sendrecv', 'sendrecv']);
    assert.deepEqual(each.troubles, []);
  }
}

test('one offer and one answer agree on microphone and camera, both ways', async () => {
  const { a, b } = pair();
  b.session.start();
  await exchange(a, b);
  assertAgreed(a, b);
  assert.equal(a.pc.transceivers[1].sender.track.name, 'a');
  assert.equal(b.pc.transceivers[0].sender.track.name, 'b');
});

test('an offer prepared for the join holds its candidates back until the call is known', async () => {
  const { a, b } = pair();
  const offer = await b.session.prepareOffer();
  b.pc.gather('early');
  await settle();
  assert.deepEqual(b.out, []);
  a.session.receive({ description: offer });
  b.session.release({ offerRelayed: true });
  assert.deepEqual(b.out.map((each) => Object.keys(each)[0]), ['candidate']);
  await exchange(a, b);
  assertAgreed(a, b);
  assert.equal(a.pc.candidates[0].candidate, 'early');
});

test('an offer the server did not relay goes out by signal, before its candidates', async () => {
  const { a, b } = pair();
  await b.session.prepareOffer();
  b.pc.gather('early');
  b.session.release({ offerRelayed: false });
  assert.deepEqual(b.out.map((each) => Object.keys(each)[0]), ['description', 'candidate']);
  await exchange(a, b);
  assertAgreed(a, b);
});

test('candidates that arrive before their description wait for it', async () => {
  const { a, b } = pair();
  const offer = await b.session.prepareOffer();
  await a.session.receive({ candidate: { candidate: 'first' } });
  assert.deepEqual(a.pc.candidates, []);
  await a.session.receive({ description: offer });
  assert.equal(a.pc.candidates[0].candidate, 'first');
});

test('both offer first: the polite one gives way and nothing is doubled', async () => {
  const { a, b } = pair();
  a.session.start();
  b.session.start();
  await exchange(a, b);
  assertAgreed(a, b);
  assert.equal(a.pc.transceivers.length, 2);
  assert.equal(a.pc.transceivers[0].sender.track.name, 'a');
});

test('a track is replaced without a new offer', async () => {
  const { a, b } = pair();
  b.session.start();
  await exchange(a, b);
  const next = { kind: 'video', name: 'other camera' };
  await a.session.setTracks({ ...tracks('a'), video: next });
  assert.equal(a.pc.transceivers[1].sender.track, next);
  await a.session.setTracks({ ...tracks('a'), video: null });
  assert.equal(a.pc.transceivers[1].sender.track, null);
  await settle();
  assert.deepEqual(a.out, []);
});

test('whoever offers later keeps the part it has in the DTLS association', async () => {
  const { a, b } = pair();
  b.session.start();
  await exchange(a, b);
  const restarted = async (which) => {
    which.session.restartIce();
    await settle();
    const [{ description }] = which.out;
    await exchange(a, b);
    assertAgreed(a, b);
    return /a=setup:(\w+)/.exec(description.sdp)[1];
  };
  assert.deepEqual([await restarted(a), await restarted(b), await restarted(a)], ['active', 'passive', 'active']);
  assert.deepEqual([a.pc.part, b.pc.part], ['active', 'passive']);
});

test('after lost signals the first offer of the impolite side is repeated as it is', async () => {
  for (const answered of [false, true]) {
    const { a, b } = pair();
    b.session.start();
    await settle();
    const [lost] = b.out.splice(0);
    if (answered) await a.session.receive(lost);
    await settle();
    a.out.length = 0;
    await Promise.all([a.session.signalsLost(), b.session.signalsLost()]);
    assert.deepEqual(b.out[0], lost);
    await exchange(a, b);
    assertAgreed(a, b);
  }
});

test('after lost signals an unanswered restart is taken back and the impolite side restarts again', async () => {
  for (const restarting of ['a', 'b']) {
    const { a, b } = pair();
    b.session.start();
    await exchange(a, b);
    a.pc.become('failed');
    b.pc.become('failed');
    const before = a.pc.current;
    ({ a, b })[restarting].session.restartIce();
    await settle();
    a.out.length = b.out.length = 0;
    await Promise.all([a.session.signalsLost(), b.session.signalsLost()]);
    await exchange(a, b);
    assertAgreed(a, b);
    assert.notEqual(a.pc.current, before);
  }
});

test('after lost signals a stable, connected session sends nothing', async () => {
  const { a, b } = pair();
  b.session.start();
  await exchange(a, b);
  a.pc.become('connected');
  b.pc.become('connected');
  await Promise.all([a.session.signalsLost(), b.session.signalsLost()]);
  await settle();
  assert.deepEqual([a.out, b.out], [[], []]);
});

test('an answer nobody waits for is dropped', async () => {
  const { a, b } = pair();
  b.session.start();
  await settle();
  a.session.receive(b.out.shift());
  await settle();
  const [answer] = a.out.splice(0);
  await b.session.receive(answer);
  await b.session.receive(answer);
  assertAgreed(a, b);
});

test('reports up, down and up again', async () => {
  const { a, b } = pair();
  b.session.start();
  await exchange(a, b);
  const seen = [];
  a.session.on('connection', ({ connection, failed }) => seen.push(`${connection}${failed ? '!' : ''}`));
  a.pc.become('connecting', 'checking');
  a.pc.become('connected');
  a.pc.become('connected', 'disconnected');
  a.pc.become('failed');
  a.pc.become('connected');
  assert.deepEqual(seen, ['up', 'down', 'down!', 'up']);
});

test('a closed session is silent', async () => {
  const { a, b } = pair();
  b.session.start();
  await settle();
  a.session.receive(b.out.shift());
  a.session.close();
  await settle();
  assert.deepEqual(a.out, []);
  assert.equal(a.pc.closed, true);
});

test('glare: whoever offers or restarts whenever, both end up in agreement', async () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = seededRandom(seed);
    const { a, b } = pair();
    const steps = 5 + Math.floor(random() * 30);
    (random() < 0.5 ? a : b).session.start();
    for (let step = 0; step < steps; step += 1) {
      const dice = random();
      const [from, to] = random() < 0.5 ? [a, b] : [b, a];
      if (dice < 0.2) from.session.restartIce();
      else if (dice < 0.3) from.pc.gather(`c${step}`);
      else if (dice < 0.4) from.session.start();
      else if (from.out.length > 0) to.session.receive(from.out.shift());
      for (let i = Math.floor(random() * 6); i > 0; i -= 1) await Promise.resolve();
    }
    await exchange(a, b);
    try {
      assertAgreed(a, b);
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}`;
      throw error;
    }
  }
});
