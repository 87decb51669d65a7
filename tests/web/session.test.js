import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockOffsetMs, clockText } from '../../web/js/lib/duration.js';
import { callButton, counterpart } from '../../web/js/session/call-button.js';
import { buttonStatus, chipState, isWaiting, listAfter, newsOf, sorted } from '../../web/js/session/day-list.js';
import { browserFamily, mediaProblem } from '../../web/js/session/media-problem.js';
import { problemCode } from '../../web/js/session/problems.js';
import { reconnectCause } from '../../web/js/session/reconnect-state.js';

const button = (more) => callButton({ callStatus: 'inactive', call: null, userId: 'me', role: 'patient', canStart: true, canJoin: false, ...more });
const call = (...users) => ({ callId: 'c1', appointmentId: 'apt', state: 'waiting', startedBy: users[0], participants: users.map((userId) => ({ userId, state: 'joined' })) });

test('the button says Start before, Join once the other has started, Rejoin after leaving', () => {
  assert.deepEqual(button({}), { action: 'start', label: 'wait.start', reason: null });
  assert.equal(button({ callStatus: 'waiting', call: call('other'), canStart: false, canJoin: true }).label, 'wait.join');
  const left = { ...call('other'), participants: [{ userId: 'me', state: 'left' }] };
  assert.equal(button({ callStatus: 'active', call: left, canJoin: true }).label, 'wait.rejoin');
  assert.equal(button({ callStatus: 'ended' }).label, 'wait.again');
});

test('without permission there is a reason and no button; a seat may always be taken back', () => {
  assert.deepEqual(button({ canStart: false, reason: 'payment-required' }), { action: 'none', label: null, reason: 'payment-required' });
  assert.equal(button({ callStatus: 'active', call: call('other'), canJoin: false, reason: 'room-full' }).reason, 'room-full');
  assert.equal(button({ callStatus: 'active', call: call('me'), canJoin: false, reason: 'outside-window', inCall: true }).action, 'join');
});

test('when staff starts, a patient has no Start and staff has', () => {
  assert.equal(button({ startPolicy: 'staff' }).action, 'none');
  assert.equal(button({ startPolicy: 'staff', role: 'doctor' }).action, 'start');
  assert.equal(button({ startPolicy: 'staff', callStatus: 'waiting', call: call('other'), canJoin: true }).action, 'join');
});

test('a patient meets staff, staff meets the patient', () => {
  const people = [{ userId: 'd', role: 'doctor' }, { userId: 'g', role: 'guest' }, { userId: 'p', role: 'patient' }];
  assert.equal(counterpart(people, people[2]).userId, 'd');
  assert.equal(counterpart(people, people[0]).userId, 'p');
  assert.equal(counterpart([people[0]], people[0]), null);
});

const appointment = (more = {}) => ({
  id: 'apt', status: 'booked', paymentStatus: 'paid', callStatus: 'inactive', start: '2030-01-01T10:00:00.000Z',
  end: '2030-01-01T10:30:00.000Z', opensAt: '2030-01-01T09:45:00.000Z', closesAt: '2030-01-01T11:30:00.000Z', version: 1,
  participants: [{ userId: 'd', role: 'doctor' }, { userId: 'p', role: 'patient' }], ...more });

test('the list follows a call from start to end', () => {
  let list = [appointment(), appointment({ id: 'other' })];
  list = listAfter(list, { type: 'activeCall', call: call('p') });
  assert.equal(list[0].callStatus, 'waiting');
  assert.equal(buttonStatus(list[0], { userId: 'd', now: 0 }).canJoin, true);
  list = listAfter(list, { type: 'callEnded', callId: 'c1' });
  assert.deepEqual(list.map((each) => [each.callStatus, each.call ?? null]), [['ended', null], ['inactive', null]]);
  assert.equal(listAfter(list, { type: 'board' }), list);
});

test('an older version of an appointment does not replace a newer one', () => {
  const list = [appointment({ version: 3 })];
  const other = { type: 'appointment', appointment: appointment({ id: 'new' }) };
  assert.equal(listAfter(list, other, Date.parse('2030-01-09T10:00:00Z')), list);
  assert.equal(listAfter(list, other, Date.parse('2030-01-01T11:00:00Z')).length, 2);
  assert.equal(listAfter(list, { type: 'appointment', appointment: appointment({ version: 2, status: 'cancelled' }) }), list);
  assert.equal(listAfter(list, { type: 'appointment', appointment: appointment({ version: 4, status: 'cancelled' }) })[0].status, 'cancelled');
});

test('those who wait stand first, the others by time', () => {
  const early = appointment({ id: 'a', start: '2030-01-01T08:00:00Z' });
  const late = appointment({ id: 'b', start: '2030-01-01T09:00:00Z', online: ['p'] });
  assert.deepEqual(sorted([early, late]).map((each) => each.id), ['b', 'a']);
});

test('chips say what matters most', () => {
  assert.equal(chipState(appointment()), 'inactive');
  assert.equal(chipState(appointment({ status: 'arrived' })), 'arrived');
  assert.equal(chipState(appointment({ status: 'arrived', online: [] })), 'inactive');
  assert.equal(chipState(appointment({ paymentStatus: 'unpaid', online: ['p'] })), 'unpaid');
  assert.equal(chipState(appointment({ callStatus: 'active', paymentStatus: 'unpaid' })), 'active');
  assert.equal(chipState(appointment({ callStatus: 'ended' })), 'ended');
  assert.equal(chipState(appointment({ status: 'cancelled', callStatus: 'ended' })), 'cancelled');
  assert.equal(isWaiting(appointment({ status: 'cancelled', online: ['p'] })), false);
});

test('news is what began just now, by somebody else', () => {
  const before = appointment({ online: [] });
  assert.equal(newsOf(before, appointment({ online: ['p'] }), 'd'), 'list.waiting');
  assert.equal(newsOf(before, appointment({ online: ['d'] }), 'd'), null);
  assert.equal(newsOf(undefined, appointment({ online: ['p'] }), 'd'), null);
  assert.equal(newsOf(before, appointment({ callStatus: 'waiting', callStartedBy: 'p' }), 'd'), 'list.started');
  assert.equal(newsOf(before, appointment({ callStatus: 'waiting', callStartedBy: 'd' }), 'd'), null);
});

test('the list knows the window when the server did not say', () => {
  const at = (time) => buttonStatus(appointment(), { userId: 'd', now: Date.parse(time) });
  assert.equal(at('2030-01-01T09:44:00Z').reason, 'outside-window');
  assert.equal(at('2030-01-01T09:46:00Z').canStart, true);
  assert.equal(buttonStatus(appointment({ canStart: true, canJoin: false }), { userId: 'd', now: 0 }).canStart, true);
});

test('every error of the server has a code to read out', () => {
  assert.equal(problemCode('gone'), 'TOK-1');
  assert.equal(problemCode('not-found'), 'TOK-2');
  assert.equal(problemCode('outside-window', { closesAt: '2030-01-01T00:00:00Z', now: 0 }), 'EARLY-1');
  assert.equal(problemCode('outside-window', { closesAt: '2020-01-01T00:00:00Z' }), 'LATE-1');
  assert.equal(problemCode('network', { online: false }), 'NET-1');
  assert.equal(problemCode('network'), 'SRV-1');
  assert.equal(problemCode('in-call-elsewhere'), 'MOVE-1');
  assert.equal(problemCode('something new'), 'UNK-1');
  assert.equal(problemCode(undefined), 'UNK-1');
});

test('after a refused device the next step is offered', () => {
  const context = { microphoneOn: false, userAgent: 'Mozilla/5.0 Firefox/140.0' };
  assert.deepEqual(mediaProblem('PERM-1', context).actions.map((each) => each.name), ['retry', 'listen']);
  assert.equal(mediaProblem('PERM-1', context).steps, 'problem.PERM-1.steps.firefox');
  assert.deepEqual(mediaProblem('DEV-2', { ...context, microphoneOn: true }).actions.map((each) => each.name), ['sound', 'retry']);
  assert.deepEqual(mediaProblem('SEC-1', context).actions, []);
  assert.equal(browserFamily('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Safari/604.1'), 'ios');
  assert.equal(browserFamily('Mozilla/5.0 (Linux; Android 15) Chrome/140'), 'android');
  assert.equal(browserFamily('Mozilla/5.0 (Macintosh) Version/18 Safari/605'), 'safari');
});

test('the reconnect layer knows whose line it is', () => {
  const cause = (signaling, connection, peerReconnecting = false) => reconnectCause({ signaling, connection, peerReconnecting });
  assert.equal(cause('online', 'up'), null);
  assert.equal(cause('online', 'none'), null);
  assert.equal(cause('online', 'down'), 'media');
  assert.equal(cause('waiting', 'up'), 'signaling');
  assert.equal(cause('connecting', 'down'), 'both');
  assert.equal(cause('online', 'down', true), 'peer');
  assert.equal(cause('online', 'up', true), null);
});

test('clocks', () => {
  assert.equal(clockText(0), '0:00');
  assert.equal(clockText(245.9), '4:05');
  assert.equal(clockText(3609), '1:00:09');
  assert.equal(clockText(-5), '0:00');
  assert.equal(clockOffsetMs('1970-01-01T00:00:10.000Z', 4000), 6000);
  assert.equal(clockOffsetMs(undefined, 4000), 0);
});
