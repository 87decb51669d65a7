import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallEngine } from '../../web/js/rtc/call-engine.js';
import { FakeClock, FakePeerConnection, seededRandom, settle } from './fakes.js';
import { ModelRoom } from './model-room.js';

const RUNS = process.env.RENDEZVOUS_LONG ? 1000 : 100;
// A step of the restart policy, and the way there and back.
const HEAL_MAX_MS = 5000;
const FIRST_SEED = Number(process.env.RENDEZVOUS_SEED ?? 1);

/** Two people in a call while their lines to the server and the path between them break at random. */
class World {
  ended = [];
  troubles = [];
  figures = { resumed: 0, reset: 0, connections: 0 };
  #people = new Map();

  constructor(seed) {
    this.random = seededRandom(seed);
    this.clock = new FakeClock();
    this.room = new ModelRoom(this.clock, this.random);
    FakePeerConnection.all.length = 0;
  }

  enter(id) {
    const line = this.room.line(id);
    const engine = new CallEngine({
      signaling: line, clock: this.clock, me: id, iceServers: [],
      tracks: { audio: { kind: 'audio' }, video: { kind: 'video' } }, media: { audio: true, video: true },
      createConnection: (config) => Object.assign(new FakePeerConnection(config), { owner: id }) });
    line.on('message', (message) => engine.handle(message));
    line.on('back', ({ resumed, call }) => {
      this.figures[resumed ? 'resumed' : 'reset'] += 1;
      if (resumed) engine.sessionResumed();
      else engine.sessionReplaced(call);
    });
    engine.on('ended', (detail) => this.ended.push(detail));
    engine.on('trouble', (error) => this.troubles.push(error.message));
    this.#people.set(id, { line, engine });
    // A refused first join is the person's to try again, unlike a return to the seat.
    const join = () => engine.join(this.room.call).catch((error) => (error.retryable ? join() : this.ended.push(error.code)));
    return join();
  }

  #connectionsOf(id) {
    return FakePeerConnection.all.filter((each) => each.owner === id && !each.closed);
  }

  /** The network: two connections that agree on both sides' credentials come up, others stay as they are. */
  #connect() {
    const [[a], [b]] = [this.#connectionsOf('p1'), this.#connectionsOf('p2')];
    const agree = a?.current && a.current === b?.current && a.signalingState === 'stable' && b.signalingState === 'stable';
    for (const each of [a, b]) if (agree && !each.dead && each.brokenAt !== each.current && each.connectionState !== 'connected') each.become('connected');
  }

  async pass(ms, enough = () => false) {
    for (let passed = 0; passed < ms && !enough(); passed += 100) {
      await this.clock.advance(100);
      this.#connect();
    }
  }

  /** The path between the two is gone, until both agree on new credentials; or no restart helps these connections. */
  fail(dead) {
    for (const id of ['p1', 'p2']) {
      for (const each of this.#connectionsOf(id)) if (each.connectionState === 'connected') Object.assign(each, { dead, brokenAt: each.current }).become('failed');
    }
  }

  step() {
    const { line, engine } = this.#people.get(this.random() < 0.5 ? 'p1' : 'p2');
    const action = this.random();
    if (action < 0.3) line.break(true);
    else if (action < 0.6) line.break(false);
    else if (action < 0.75) this.fail(this.random() < 0.3);
    else if (action < 0.8) engine.networkChanged();
    return this.pass(this.random() < 0.7 ? this.random() * 600 : this.random() * 12000);
  }

  async heal() {
    const [a, b] = [...this.#people.values()].map((each) => each.engine);
    const dead = FakePeerConnection.all.some((each) => each.dead && !each.closed);
    await this.pass(5000);
    const healingAt = this.clock.now();
    await this.pass(120000, () => a.connection === 'up' && b.connection === 'up');
    const healedMs = this.clock.now() - healingAt;
    await this.pass(10000);
    assert.deepEqual([this.ended, this.troubles], [[], []]);
    if (!dead) assert.ok(healedMs <= HEAL_MAX_MS, `together again only after ${healedMs} ms`);
    assert.deepEqual([a.connection, b.connection], ['up', 'up']);
    assert.deepEqual([this.#connectionsOf('p1').length, this.#connectionsOf('p2').length], [1, 1]);
    assert.deepEqual([a.peers[0].order, b.peers[0].order], [b.order, a.order], 'each knows the seat of the other');
    for (const { engine } of this.#people.values()) engine.dispose();
    await settle();
    return { ...this.figures, healedMs, connections: FakePeerConnection.all.length };
  }
}

test('whatever breaks, in whichever order, the two come together again', async () => {
  const sum = {};
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed += 1) {
    try {
      const world = new World(seed);
      world.enter('p1');
      await world.pass(300);
      world.enter('p2');
      for (let i = 0; i < 12; i += 1) await world.step();
      for (const [name, value] of Object.entries(await world.heal())) sum[name] = (sum[name] ?? 0) + value;
    } catch (error) {
      throw new Error(`RENDEZVOUS_SEED=${seed} shows it again`, { cause: error });
    }
  }
  console.log(JSON.stringify({ test: 'call-model', runs: RUNS, ...sum }));
  assert.ok(sum.resumed > RUNS && sum.reset > RUNS, 'the faults did happen');
});
