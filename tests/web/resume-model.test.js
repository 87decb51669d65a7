import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignalingClient } from '../../web/js/signaling/signaling-client.js';
import { FakeClock, seededRandom } from './fakes.js';
import { ModelServer, Network } from './model-server.js';

const RUNS = process.env.RENDEZVOUS_LONG ? 1000 : 150;
const STEPS = 120;
const FIRST_SEED = Number(process.env.RENDEZVOUS_SEED ?? 1);

/** One client and one model server on a bad network, checked at every message. */
class World {
  disk = { applied: new Map(), sessions: 0, keys: 0, signals: 0, repeats: 0 };
  figures = { resumed: 0, resets: 0 };
  #signals = 0;
  #commands = [];
  #lastEvent = null;
  #faults = [];
  #wake;

  constructor(seed) {
    this.random = seededRandom(seed);
    this.clock = new FakeClock();
    this.network = new Network(this.clock, this.random);
    let id = 0;
    this.client = new SignalingClient({
      url: 'wss://model/ws', appointmentId: 'apt', instance: 'tab', WebSocket: this.network.WebSocket, clock: this.clock,
      random: this.random, createId: () => `id-${++id}`, getToken: async () => 'token',
      watchWake: (probe) => { this.#wake = probe; return () => {}; } });
    this.client.on('registered', (message) => this.#registered(message));
    this.client.on('message', (message) => this.#told(message));
    this.client.on('closed', ({ code }) => this.#faults.push(`closed for good with ${code}`));
    this.boot();
    this.client.connect();
  }

  boot() {
    this.network.up = true;
    this.network.server = new ModelServer(this.network, this.disk);
  }

  #registered({ resumed }) {
    this.figures[resumed ? 'resumed' : 'resets'] += 1;
    if (!resumed) this.#lastEvent = null;
  }

  /** Within a session each event comes once and in order; only a reset, which is announced, may leave some out. */
  #told({ n }) {
    if (this.#lastEvent !== null && n !== this.#lastEvent + 1) this.#faults.push(`event ${n} after ${this.#lastEvent}`);
    this.#lastEvent = n;
  }

  #command() {
    const command = { outcome: null };
    this.#commands.push(command);
    this.client.request('leave', {}).then((answer) => {
      assert.equal(command.outcome, null);
      command.outcome = 'ok';
      command.place = answer.place;
    }, (error) => {
      assert.equal(error.code, 'timeout');
      command.outcome = error.code;
    });
  }

  async step() {
    await this.#act();
    assert.deepEqual(this.#faults, [], 'nothing is lost silently, repeated or overtaken');
  }

  #act() {
    const action = this.random();
    const { network } = this;
    if (action < 0.25) this.#command();
    else if (action < 0.5 && this.client.session) this.client.send('signal', { tag: this.client.session.sessionId, n: ++this.#signals });
    else if (action < 0.8) for (let i = this.random() * 4; i > 0; i -= 1) network.server?.happen();
    else if (action < 0.88) network.cut();
    else if (action < 0.91 && network.wire) network.wire.stalled = true;
    else if (action < 0.94) network.server?.goAway(this.random() * 2000);
    else if (action < 0.97) this.#wake();
    else if (network.server) this.#kill();
    return this.clock.advance(this.random() < 0.8 ? this.random() * 200 : this.random() * 8000);
  }

  #kill() {
    const { network } = this;
    network.server.kill();
    network.server = null;
    network.up = false;
    this.clock.setTimeout(() => this.boot(), this.random() * 10000);
  }

  /** No more faults: everything that is owed must come. */
  async heal() {
    this.network.faulty = false;
    await this.clock.advance(15000);
    this.network.server.happen();
    await this.clock.advance(120000);
    assert.equal(this.client.state, 'online');
    assert.deepEqual(this.network.server.unconfirmed(this.client.session.sessionId), [], 'everything told is confirmed');
    assert.ok(this.#commands.every((each) => each.outcome !== null), 'every command was answered, or said to have failed');
    const done = this.#commands.filter((each) => each.outcome === 'ok');
    assert.equal(new Set(done.map((each) => each.place)).size, done.length, 'each was carried out by itself');
    assert.ok(done.length <= this.disk.applied.size);
    const before = this.disk.signals;
    this.client.send('signal', { tag: this.client.session.sessionId, n: ++this.#signals });
    await this.clock.advance(1000);
    assert.equal(this.disk.signals, before + 1);
    return { ...this.figures, done: done.length, failed: this.#commands.length - done.length, signals: this.disk.signals, repeats: this.disk.repeats };
  }
}

test('on a bad network, with a server that dies: nothing lost silently, nothing twice', async () => {
  const sum = {};
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed += 1) {
    try {
      const world = new World(seed);
      for (let i = 0; i < STEPS; i += 1) await world.step();
      for (const [name, value] of Object.entries(await world.heal())) sum[name] = (sum[name] ?? 0) + value;
    } catch (error) {
      throw new Error(`RENDEZVOUS_SEED=${seed} shows it again`, { cause: error });
    }
  }
  console.log(JSON.stringify({ test: 'resume-model', runs: RUNS, ...sum }));
  assert.ok(sum.resumed > RUNS && sum.resets > RUNS && sum.repeats > 0 && sum.done > RUNS, 'the faults did happen');
});
