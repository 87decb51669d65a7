import assert from 'node:assert/strict';

import { until } from './until.js';

/** When a loss between the two was first announced to either of them, after `at`. */
function announcedAfter(at, sender, receiver) {
  const moments = [
    ...sender.wire.resets, ...receiver.wire.resets,
    ...sender.notices.filter((each) => each.about === receiver.participantId),
    ...receiver.notices.filter((each) => each.about === sender.participantId),
  ].map((each) => each.at).filter((moment) => moment > at);
  return moments.length > 0 ? Math.min(...moments) : null;
}

/**
 * Probes of `sender` that never came and of which nobody was told: neither refused with an error, nor covered by a
 * reset or notice that came before any later probe did.
 */
export function lostSilently(sender, receiver) {
  const from = receiver.received.filter((each) => each.from === sender.participantId);
  const came = new Set(from.map((each) => each.n));
  return sender.sent.filter(({ n, at }) => {
    if (came.has(n) || sender.wire.refused.has(n)) return false;
    const announced = announcedAfter(at, sender, receiver);
    return announced === null || from.some((each) => each.n > n && each.at < announced);
  });
}

/** What an application was given twice: probes, and events that can happen only once. */
export function duplicatesOf(person) {
  const seen = new Set();
  const twice = [];
  const once = (key) => (seen.has(key) ? twice.push(key) : seen.add(key));
  for (const each of person.received) once(`probe ${each.from} ${each.n}`);
  for (const { type, message } of person.events) {
    if (type === 'activeCall') once(`activeCall ${message.call.callId}`);
    if (type === 'joinerConnected') once(`joinerConnected ${message.call.callId} ${message.participant.order}`);
    if (type === 'callEnded') once(`callEnded ${message.callId}`);
  }
  return twice;
}

/** How long each probe of `sender` took, of those sent between two moments. */
export function latencies(sender, receiver, since = 0, before = Infinity) {
  const sentAt = new Map(sender.sent.filter(({ at }) => at >= since && at < before).map(({ n, at }) => [n, at]));
  return receiver.received.filter(({ n, from }) => from === sender.participantId && sentAt.has(n)).map(({ n, at }) => at - sentAt.get(n));
}

/** Probes that arrived in another order than they were sent. */
function disorderOf(person) {
  return person.received.filter((each, index) => index > 0 && each.n < person.received[index - 1].n);
}

const EVENT_OF = { startCall: ['call.started', 'call.joined', 'call.moved'], joinCall: ['call.started', 'call.joined', 'call.moved'] };

/** Acknowledged transitions of `person` that the history does not have. */
async function rowsLost(person, api) {
  const histories = new Map();
  const missing = [];
  for (const each of person.acknowledged) {
    if (!each.callId) continue; // an end or leave that found its call over: it changed nothing
    if (!histories.has(each.callId)) histories.set(each.callId, await api.events(each.callId).catch(() => []));
    const events = histories.get(each.callId);
    const mine = events.filter((event) => event.participantId === person.participantId);
    const there = EVENT_OF[each.command]
      ? mine.some((event) => EVENT_OF[each.command].includes(event.type) && event.data.order === each.order)
      : events.some((event) => event.type === 'call.ended') || mine.some((event) => event.type === 'call.left');
    if (!there) missing.push(`${person.name}: ${each.command} ${each.callId} order ${each.order}`);
  }
  return missing;
}

const seatsOf = (call) => call && {
  callId: call.callId, state: call.state,
  seats: call.participants.map(({ participantId, order, state }) => ({ participantId, order, state }))
    .sort((a, b) => a.participantId.localeCompare(b.participantId)),
};

/** What `person` believes of the one with `participantId`. */
function belief(person, participantId) {
  const { userId, presence, inCall } = person.room.participants.find((each) => each.participantId === participantId);
  return `${person.userId} believes that ${userId} is ${presence}, in the call: ${inCall}`;
}

const believed = (person, other) => `${person.userId} believes that ${other.userId} is online, in the call: true`;

/** I4: what both applications believe is what the store says. */
async function agree({ doctor, patient, appointmentId, server }) {
  await until(`both sides of ${appointmentId} and the store agree`, async () => {
    const { call } = await server.api.callStatus(appointmentId);
    assert.deepEqual(seatsOf(doctor.room.call), seatsOf(call));
    assert.deepEqual(seatsOf(patient.room.call), seatsOf(call));
    assert.equal(belief(doctor, patient.participantId), believed(doctor, patient));
    assert.equal(belief(patient, doctor.participantId), believed(patient, doctor));
    return true;
  }, { ms: 5000 }).catch((error) => {
    throw new Error(`I4: ${error.message}: ${error.cause?.message}`);
  });
}

/** I8: nobody came back by itself after a close that is final. */
const FINAL = new Set([1002, 1003, 1007, 1009, 4100, 4101, 4102, 4103, 4104, 4400, 4401, 4403, 4422]);

function comesBackAfterTheEnd(person) {
  return person.wire.sockets.slice(0, -1).filter((each) => FINAL.has(each.heeded)).map((each) => each.heeded);
}

/** I9: neither what people said nor what they showed to enter stands in a log. */
export function assertNothingInTheLog(server, people) {
  const text = `${server.pastLog}${server.log}`;
  for (const person of people) {
    if (person.canary) assert.ok(!text.includes(person.canary), `a signal of ${person.name} stands in the log`);
    assert.ok(!text.includes(person.token.split('.')[1]), `a token of ${person.name} stands in the log`);
  }
}

/**
 * Judges pairs that should still be in their calls (`going`) or have ended them on purpose, after `quiet()`: the
 * invariants I1-I6 and I8-I10 as assertions, the losses as figures.
 *
 * @param {import('./pair.js').Pair[]} pairs
 * @param {{going?: boolean}} [options]
 */
export async function judge(pairs, { going = true } = {}) {
  const figures = { callsLost: 0, messagesLost: 0, duplicates: 0, rowsLost: 0 };
  const complaints = [];
  for (const pair of pairs) {
    const { doctor, patient, server, appointmentId } = pair;
    const open = await server.api.calls(appointmentId);
    assert.ok(open.filter((call) => call.state !== 'ended').length <= 1, `I1: two open calls of ${appointmentId}`);
    for (const call of open.filter((each) => each.endedAt)) {
      assert.ok(call.endedAt >= call.createdAt && call.durationSeconds >= 0, `I10: ${JSON.stringify(call)}`);
    }
    if (going) {
      if (pair.people.some((each) => each.lost) || open.find((call) => call.callId === pair.callId)?.state === 'ended') figures.callsLost += 1;
      else await agree(pair);
    }
    for (const [one, other] of [[doctor, patient], [patient, doctor]]) {
      const lost = lostSilently(one, other);
      const twice = duplicatesOf(one);
      const rows = await rowsLost(one, server.api);
      figures.messagesLost += lost.length;
      figures.duplicates += twice.length;
      figures.rowsLost += rows.length;
      complaints.push(...lost.map((each) => `${one.name}: probe ${each.n} lost silently`), ...twice.map((each) => `${one.name}: ${each} twice`), ...rows);
      if (going && !one.lost && belief(one, one.participantId) !== believed(one, one)) complaints.push(`I4: ${belief(one, one.participantId)}`);
      assert.deepEqual(one.wire.gaps, [], `I3: gaps at ${one.name}`);
      assert.deepEqual(one.wire.repeats, [], `I3: repeats at ${one.name}`);
      assert.deepEqual(disorderOf(one), [], `out of order at ${one.name}`);
      assert.ok(one.received.every((each) => each.appointmentId === appointmentId), `I6: a foreign message at ${one.name}`);
      assert.deepEqual(comesBackAfterTheEnd(one), [], `I8: ${one.name} came back after a final close`);
    }
    assertNothingInTheLog(server, pair.people);
  }
  return { ...figures, complaints };
}

/** The bar of nearly every fault: nothing lost, nothing twice. */
export function assertNothingLost({ complaints, ...figures }) {
  assert.deepEqual({ ...figures, complaints: complaints.slice(0, 10) }, { callsLost: 0, messagesLost: 0, duplicates: 0, rowsLost: 0, complaints: [] });
}
