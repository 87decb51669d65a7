import { Emitter } from '../../web/js/lib/emitter.js';
import { SignalingError } from '../../web/js/signaling/requests.js';

/**
 * A room with one open call, as far as seats and signals go, and a line to it for each person. A line that breaks
 * either resumes (what was under way comes later, in order) or is reset (it is lost, pending commands are repeated,
 * the seat is asked for with `keep`).
 */
export class ModelRoom {
  #clock;
  #random;
  #lines = new Map();
  #seats = new Map();
  #order = 0;

  constructor(clock, random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** @param {string} id participant id */
  line(id) {
    const line = new Line(id, this, this.#clock, this.#random);
    this.#lines.set(id, line);
    return line;
  }

  get call() {
    const participants = [...this.#seats].map(([participantId, { order, here }]) => ({
      participantId, order, state: here ? 'joined' : 'reconnecting', role: 'patient', name: participantId }));
    return { callId: 'c1', state: participants.length > 1 ? 'active' : 'waiting', participants };
  }

  /** @returns {object} the answer to a command of somebody who is here */
  decide(id, type, { keep, offer }) {
    if (type === 'ice') return { type: 'ok', iceServers: [] };
    const mine = this.#seats.get(id);
    const seated = mine?.bound === true;
    if (seated || (mine && keep)) {
      Object.assign(mine, { here: true, bound: true });
      if (!seated) this.#tell(id, { type: 'participant', change: 'back', reset: true, participant: this.#view(id) });
      return { type: 'ok', call: this.call, order: mine.order, reattached: true, offerRelayed: false };
    }
    this.#seats.set(id, { order: ++this.#order, here: true, bound: true });
    const others = [...this.#seats.keys()].filter((each) => each !== id);
    const relayed = Boolean(offer) && others.length === 1 && this.#seats.get(others[0]).here;
    this.#tell(id, { type: 'joinerConnected', call: this.call, participant: this.#view(id), ...(relayed && { offer }) });
    return { type: 'ok', call: this.call, order: this.#order, reattached: false, offerRelayed: relayed };
  }

  relay(from, { to, data }) {
    const seat = this.#seats.get(from);
    if (seat?.bound && this.#seats.get(to)?.bound) this.#lines.get(to).push({ type: 'signal', from, callId: 'c1', order: seat.order, data });
  }

  away(id) {
    const seat = this.#seats.get(id);
    if (!seat) return;
    seat.here = false;
    this.#tell(id, { type: 'participant', change: 'reconnecting', participant: this.#view(id) });
  }

  /** @param {boolean} resumed the session is the same, and with it its seat */
  back(id, resumed) {
    const seat = this.#seats.get(id);
    if (!seat) return;
    if (!resumed) {
      seat.bound = false;
      return;
    }
    seat.here = seat.bound;
    if (seat.bound) this.#tell(id, { type: 'participant', change: 'back', participant: this.#view(id) });
  }

  #view(participantId) {
    const { order, here } = this.#seats.get(participantId);
    return { participantId, order, inCall: true, presence: here ? 'online' : 'reconnecting' };
  }

  #tell(but, message) {
    for (const [id, line] of this.#lines) if (id !== but) line.push(message);
  }
}

/** One person's line to the room: plays the signaling client for an engine. Events: `message`, `back` {resumed}. */
class Line extends Emitter {
  state = 'online';
  #id;
  #room;
  #clock;
  #random;
  #session = 0;
  #up = [];
  #down = [];
  #commands = new Map();

  constructor(id, room, clock, random) {
    super();
    this.#id = id;
    this.#room = room;
    this.#clock = clock;
    this.#random = random;
  }

  setConnection() {}

  request(type, fields) {
    return new Promise((resolve, reject) => {
      const command = { type, fields, resolve, reject };
      this.#commands.set(command, null);
      this.#send({ command });
    });
  }

  send(type, fields) {
    if (type === 'signal') this.#send({ signal: fields });
  }

  startOver() {
    this.break(false);
  }

  /** The socket is gone for a while; `resumable`: the session is the same afterwards. */
  break(resumable, ms = 100 + this.#random() * 3000) {
    if (this.state !== 'online') return;
    this.state = 'waiting';
    this.#room.away(this.#id);
    this.#clock.setTimeout(() => this.#return(resumable), ms);
  }

  push(message) {
    this.#down.push(message);
    this.#deliver();
  }

  #return(resumed) {
    if (!resumed) {
      this.#session += 1;
      this.#down = [];
      this.#up = [...this.#commands.keys()].map((command) => ({ command }));
    }
    this.#room.back(this.#id, resumed);
    this.state = 'online';
    this.emit('back', { resumed, call: this.#room.call });
    this.#deliver();
    for (const _ of this.#up) this.#carry();
  }

  #send(message) {
    this.#up.push(message);
    this.#carry();
  }

  #later(action) {
    const session = this.#session;
    this.#clock.setTimeout(() => { if (session === this.#session && this.state === 'online') action(); }, 10 + this.#random() * 60);
  }

  #carry() {
    this.#later(() => {
      const message = this.#up.shift();
      if (message?.signal) this.#room.relay(this.#id, message.signal);
      else if (message) this.#decide(message.command);
    });
  }

  #decide(command) {
    // A repeated command has its first outcome, with the call as it is now, and binds the seat again.
    const first = this.#commands.get(command);
    if (this.#random() < 0.05 && command.type === 'joinCall' && !first) {
      this.push({ answer: command, error: new SignalingError('store-unavailable', 'x', { retryable: true, retryAfterMs: 500 }) });
      return;
    }
    const outcome = first ? { ...first, ...this.#rebind(command) } : this.#room.decide(this.#id, command.type, command.fields);
    this.#commands.set(command, outcome);
    this.push({ answer: command, outcome });
  }

  #rebind(command) {
    return command.type === 'ice' ? {} : { call: this.#room.decide(this.#id, 'joinCall', { keep: true }).call };
  }

  #deliver() {
    this.#later(() => {
      const waiting = this.#down.splice(0);
      for (const { answer, outcome, error, ...message } of waiting) {
        if (!answer) {
          this.emit('message', message);
        } else if (this.#commands.delete(answer)) {
          if (error) answer.reject(error);
          else answer.resolve(outcome);
        }
      }
    });
  }
}
