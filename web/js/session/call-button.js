/**
 * What the one call button says and does: a pure function of what the server said, the same for doctor and
 * patient, on the waiting room and on the list.
 *
 * @typedef {object} ButtonInput
 * @property {string} callStatus
 * @property {any | null} call the open call
 * @property {string} userId mine
 * @property {string} role mine
 * @property {boolean} [inCall] somebody sits on my seat already (this page before a reload, another device)
 * @property {boolean} canStart
 * @property {boolean} canJoin
 * @property {string} [reason]
 * @property {string} [startPolicy]
 *
 * @typedef {object} ButtonState
 * @property {'start' | 'join' | 'none'} action
 * @property {string | null} label key of the text
 * @property {string | null} reason error code that says why there is no button
 */

const STAFF = new Set(['doctor', 'agent', 'admin']);

/**
 * @param {ButtonInput} input
 * @returns {ButtonState}
 */
export function callButton({ callStatus, call, userId, role, inCall = false, canStart, canJoin, reason, startPolicy }) {
  const open = callStatus === 'waiting' || callStatus === 'active';
  if (open) {
    const been = inCall || (call?.participants ?? []).some((each) => each.userId === userId && each.state !== 'invited');
    if (!canJoin && !inCall && reason) return none(reason);
    return { action: 'join', label: been ? 'wait.rejoin' : 'wait.join', reason: null };
  }
  if (startPolicy === 'staff' && !STAFF.has(role)) return none(null);
  if (!canStart) return none(reason ?? null);
  return { action: 'start', label: callStatus === 'ended' ? 'wait.again' : 'wait.start', reason: null };
}

/** @returns {ButtonState} */
function none(reason) {
  return { action: 'none', label: null, reason };
}

/**
 * The person this one has come to meet: staff for a patient or guest, the patient for staff.
 * @param {any[]} participants with `userId` and `role`
 * @param {{userId: string, role: string}} me
 * @returns {any | null}
 */
export function counterpart(participants, me) {
  const others = participants.filter((each) => each.userId !== me.userId);
  const wanted = STAFF.has(me.role) ? (each) => each.role === 'patient' : (each) => STAFF.has(each.role);
  return others.find(wanted) ?? others[0] ?? null;
}
