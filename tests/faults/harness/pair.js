import { Person } from './person.js';
import { seeded } from './seed.js';
import { until } from './until.js';

const HOUR_MS = 3_600_000;
let made = 0;

/** Books an appointment for one doctor and one patient, open now. */
export async function book(server, more = {}) {
  made += 1;
  const id = `visit-${process.pid}-${made}`;
  const doctor = { userId: `doctor-${made}`, role: 'doctor', name: `Doctor ${made}` };
  const patient = { userId: `patient-${made}`, role: 'patient', name: `Patient ${made}` };
  const now = Date.now();
  await server.api.putAppointment(id, {
    status: 'booked', start: new Date(now - 60_000).toISOString(), end: new Date(now + HOUR_MS).toISOString(),
    participants: [doctor, patient], ...more,
  });
  return { id, doctor, patient };
}

/** A doctor and a patient of one appointment, who talk without end. */
export class Pair {
  #talk = null;

  /**
   * @param {import('./server.js').Server} server
   * @param {{doctorPort?: number, patientPort?: number, name?: string, booking?: object, tokenOf?: Function}} [options]
   *   ports of proxies, fields of the appointment, tokens by (userId, role, appointmentId)
   */
  static async connect(server, { doctorPort, patientPort, name = 'pair', booking, tokenOf } = {}) {
    const pair = new Pair();
    const { id, doctor, patient } = await book(server, booking);
    const random = seeded(`${name} ${doctor.userId}`);
    pair.server = server;
    pair.appointmentId = id;
    const common = { server, appointmentId: id, random, canary: `canary-${id}` };
    const token = (userId, role) => tokenOf?.(userId, role, id);
    pair.doctor = new Person({ ...common, ...doctor, port: doctorPort, token: token(doctor.userId, 'doctor') });
    pair.patient = new Person({ ...common, ...patient, port: patientPort, token: token(patient.userId, 'patient') });
    await pair.#orClose(Promise.all(pair.people.map((each) => each.enter())));
    return pair;
  }

  /** As `connect`, and the patient has started the call and the doctor joined it. */
  static async inCall(server, options = {}) {
    const pair = await Pair.connect(server, options);
    await pair.#orClose(pair.#begin(options.everyMs));
    return pair;
  }

  async #begin(everyMs) {
    await this.call();
    this.talk(everyMs);
    await this.inSync(0);
  }

  /** Nobody else knows of a pair that could not be opened: what it has opened would keep this process alive. */
  async #orClose(opening) {
    try {
      await opening;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get people() {
    return [this.doctor, this.patient];
  }

  async call() {
    const { call } = await this.patient.start();
    await this.doctor.join();
    this.callId = call.callId;
    this.patient.say();
  }

  /** Both send a numbered probe every `everyMs`, also while they are not online. */
  talk(everyMs = 50) {
    this.#talk ??= setInterval(() => this.people.forEach((each) => each.say()), everyMs);
  }

  fallSilent() {
    clearInterval(this.#talk);
    this.#talk = null;
  }

  /** Both wait no longer for their next try: what is measured is not how patient the client is. */
  hurry() {
    this.people.forEach((each) => each.client.retryNow());
  }

  /** When the first probe that was sent after `since` had arrived at both; null if not yet. */
  syncedAt(since) {
    const moments = this.people.map((each, index) => {
      const other = this.people[1 - index];
      const late = new Set(other.sent.filter((sent) => sent.at > since).map((sent) => sent.n));
      return each.received.find((got) => got.at > since && late.has(got.n))?.at;
    });
    return moments.every((at) => at !== undefined) ? Math.max(...moments) : null;
  }

  /**
   * Waits until probes sent after `since` have arrived both ways.
   * @returns {Promise<number>} when that was
   */
  async inSync(since, limits) {
    const lost = () => this.people.find((each) => each.lost || each.closed);
    const talks = () => lost() || this.syncedAt(since);
    const at = await until(`${this.appointmentId} talks again`, talks, limits).catch((error) => this.#fail(error.message));
    return lost() ? this.#fail(`${lost().name} is out: ${JSON.stringify(lost().lost ?? lost().closed)}`) : at;
  }

  /** Throws, with what the two saw last. */
  #fail(message) {
    throw new Error([message, ...this.people.map((each) => each.trace())].join('\n'));
  }

  /** No more probes; waits until the last ones have come or can come no more. */
  async quiet() {
    this.fallSilent();
    const since = performance.now();
    this.people.forEach((each) => each.say());
    return this.inSync(since);
  }

  close() {
    this.fallSilent();
    this.people.forEach((each) => each.vanish());
  }
}
