import { seated } from '../signaling/room-state.js';

/**
 * The appointments of a day as one member of staff sees them, kept up to date by the events of a user-level
 * socket. Pure functions over an array of appointments, each with `call` when one is open.
 */

/**
 * @param {any[]} list
 * @param {any} message of the user-level socket
 * @param {number} now an appointment of another day is not taken in
 * @returns {any[]} the same array if nothing changed
 */
export function listAfter(list, message, now) {
  switch (message.type) {
    case 'appointment': return withAppointment(list, message.appointment, now);
    case 'activeCall':
    case 'joinerConnected': return withCall(list, message.call);
    case 'callEnded': return list.map((each) => (
      each.call?.callId === message.callId ? { ...each, call: null, callStatus: 'ended' } : each));
    default: return list;
  }
}

function withAppointment(list, appointment, now) {
  const before = list.find((each) => each.id === appointment.id);
  if (!before && !belongsToDay(appointment, now)) return list;
  if (before && (before.version ?? 0) > (appointment.version ?? Infinity)) return list;
  const open = appointment.callStatus === 'waiting' || appointment.callStatus === 'active';
  const call = appointment.call ?? (open ? before?.call ?? null : null);
  return sorted([...list.filter((each) => each !== before), { ...before, ...appointment, call }]);
}

function belongsToDay({ start, opensAt = start, closesAt = start }, now) {
  const sameDay = new Date(start).toDateString() === new Date(now).toDateString();
  return sameDay || (Date.parse(opensAt) <= now && now <= Date.parse(closesAt));
}

function withCall(list, call) {
  return list.map((each) => (each.id === call.appointmentId
    ? {
      ...each, call, callStatus: call.state === 'queued' ? 'waiting' : call.state, callStartedBy: call.startedBy,
      canStart: false, canJoin: true, reason: undefined,
    } : each));
}

/** Waiting ones first, then by time. */
export function sorted(list) {
  const urgency = (each) => (isWaiting(each) ? 0 : 1);
  return [...list].sort((a, b) => urgency(a) - urgency(b) || Date.parse(a.start) - Date.parse(b.start)
    || (a.id < b.id ? -1 : 1));
}

/** Somebody is in the call, or a patient is here and sees no call. */
export function isWaiting(appointment) {
  return appointment.callStatus === 'waiting' || (appointment.callStatus !== 'active' && patientHere(appointment));
}

/** `online` names who has the page open; without it, having arrived has to do. */
function patientHere({ status, online, participants = [] }) {
  if (status === 'cancelled' || status === 'noshow') return false;
  if (!online) return status === 'arrived';
  return participants.some((each) => each.role === 'patient' && online.includes(each.userId));
}

/**
 * @param {any} appointment
 * @returns {string} the state its chip shows
 */
export function chipState(appointment) {
  if (appointment.status === 'cancelled' || appointment.status === 'noshow') return appointment.status;
  if (appointment.callStatus === 'waiting' || appointment.callStatus === 'active') return appointment.callStatus;
  if (appointment.paymentStatus === 'unpaid') return 'unpaid';
  if (patientHere(appointment)) return 'arrived';
  return appointment.callStatus === 'ended' ? 'ended' : 'inactive';
}

/**
 * Whether this person can start or join now: the server's word, and where it said nothing, what the times tell.
 * @param {any} appointment
 * @param {{userId: string, now: number}} me
 */
export function buttonStatus(appointment, { userId, now }) {
  const closed = appointment.status === 'cancelled' || appointment.status === 'noshow';
  const opensAt = Date.parse(appointment.opensAt ?? appointment.start);
  const closesAt = Date.parse(appointment.closesAt ?? appointment.end);
  const inWindow = now >= opensAt && now <= closesAt;
  let reason;
  if (closed) reason = 'appointment-closed';
  else if (!inWindow) reason = 'outside-window';
  else if (appointment.paymentStatus === 'unpaid') reason = 'payment-required';
  const open = appointment.callStatus === 'waiting' || appointment.callStatus === 'active';
  const { canStart = !open && !reason, canJoin = open && !closed && (inWindow || appointment.callStatus === 'active') } = appointment;
  return {
    callStatus: appointment.callStatus, call: appointment.call ?? null, userId,
    reason: 'canStart' in appointment ? appointment.reason : reason,
    inCall: seated(appointment.call).some((each) => each.userId === userId),
    canStart, canJoin, startPolicy: appointment.startPolicy,
  };
}

/**
 * What staff should hear and see at once, when an appointment changed.
 * @param {any | undefined} before
 * @param {any} after
 * @param {string} userId mine
 * @returns {'list.waiting' | 'list.started' | null}
 */
export function newsOf(before, after, userId) {
  const started = after.callStatus === 'waiting' && before?.callStatus !== 'waiting' && after.callStartedBy !== userId;
  if (started) return 'list.started';
  const arrived = before !== undefined && !patientHere(before) && patientHere(after);
  return arrived && after.callStatus !== 'active' ? 'list.waiting' : null;
}
