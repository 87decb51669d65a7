import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roomAfter, seated, withPermissions } from '../../web/js/signaling/room-state.js';

const person = (participantId, more = {}) => ({
  participantId, userId: `user-${participantId}`, role: 'patient', name: participantId, presence: 'online', inCall: false,
  admitted: true, media: { audio: false, video: false, screen: false, connection: 'none' }, since: '', ...more });
const seat = (participantId, order, state = 'joined') => ({ participantId, userId: `user-${participantId}`, order, state });
const call = (state, ...participants) => ({ callId: 'c1', state, participants });
const room = (more = {}) => ({
  key: 'apt', rev: 1, callStatus: 'inactive', canStart: true, canJoin: false, call: null,
  participants: [person('a'), person('b')], ...more });

test('a started call makes its starter seated and the room waiting', () => {
  const after = roomAfter(room(), { type: 'activeCall', rev: 2, call: call('waiting', seat('a', 1)) });
  assert.equal(after.callStatus, 'waiting');
  assert.equal(after.rev, 2);
  assert.deepEqual(after.participants.map((each) => [each.inCall, each.order]), [[true, 1], [false, undefined]]);
});

test('a joiner takes a seat with the order of the call', () => {
  const after = roomAfter(room(), {
    type: 'joinerConnected', rev: 3, call: call('active', seat('a', 1), seat('b', 2)), participant: person('b', { inCall: true, order: 2 }) });
  assert.equal(after.callStatus, 'active');
  assert.equal(after.participants.find((each) => each.participantId === 'b').order, 2);
});

test('leaving the call keeps the person in the room and the seat history in the call', () => {
  const before = roomAfter(room(), { type: 'activeCall', call: call('active', seat('a', 1), seat('b', 2)) });
  const after = roomAfter(before, { type: 'participant', change: 'left', participant: person('b') });
  assert.deepEqual(seated(after.call).map((each) => each.participantId), ['a']);
  assert.equal(after.call.participants[1].state, 'left');
  assert.equal(after.participants.length, 2);
});

test('a lost socket makes the seat reconnecting, not free', () => {
  const before = roomAfter(room(), { type: 'activeCall', call: call('active', seat('a', 1), seat('b', 2)) });
  const after = roomAfter(before, {
    type: 'participant', change: 'reconnecting', participant: person('b', { inCall: true, order: 2, presence: 'reconnecting' }) });
  assert.deepEqual(seated(after.call).map((each) => each.state), ['joined', 'reconnecting']);
});

test('somebody removed is gone', () => {
  const after = roomAfter(room(), { type: 'participant', change: 'removed', participant: person('b') });
  assert.deepEqual(after.participants.map((each) => each.participantId), ['a']);
});

test('the end frees every seat; the end of an older call is ignored', () => {
  const before = roomAfter(room(), { type: 'activeCall', call: call('active', seat('a', 1), seat('b', 2)) });
  assert.equal(roomAfter(before, { type: 'callEnded', callId: 'c0' }).callStatus, 'active');
  const after = roomAfter(before, { type: 'callEnded', callId: 'c1' });
  assert.equal(after.callStatus, 'ended');
  assert.equal(after.call, null);
  assert.ok(after.participants.every((each) => !each.inCall));
});

test('a changed appointment brings what is allowed now', () => {
  const before = room({ canStart: false, reason: 'payment-required' });
  const after = roomAfter(before, {
    type: 'appointment', appointment: { id: 'apt', callStatus: 'inactive', canStart: true, canJoin: false } });
  assert.equal(after.canStart, true);
  assert.equal(after.reason, undefined);
  assert.equal(roomAfter(before, { type: 'appointment', appointment: { id: 'apt' } }).reason, 'payment-required');
});

test('what the server said when asked replaces what was allowed', () => {
  const after = withPermissions(room({ appointment: { id: 'apt' } }), { canStart: false, canJoin: true, opensAt: 'x', closesAt: 'y' });
  assert.deepEqual([after.canStart, after.canJoin, after.appointment.opensAt], [false, true, 'x']);
});

test('an event that is not about the room changes nothing', () => {
  const before = room();
  assert.equal(roomAfter(before, { type: 'chat', text: 'x' }), before);
});
