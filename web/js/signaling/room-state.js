/**
 * The room as this participant sees it: a snapshot, and the events after it. Pure functions: a new value in,
 * a new value out, so that what is shown can be tested without a socket.
 *
 * @typedef {{audio: boolean, video: boolean, screen: boolean, connection: 'up' | 'down' | 'none'}} Media
 * @typedef {{participantId: string, userId: string, role: string, name: string,
 *   presence: 'online' | 'reconnecting' | 'offline', inCall: boolean, order?: number, admitted: boolean,
 *   media: Media, since: string}} RoomParticipant
 * @typedef {{key: string, appointment?: any, rev: number, callStatus: string, canStart: boolean,
 *   canJoin: boolean, reason?: string, participants: RoomParticipant[], call: any | null}} Room
 */

/** Participant states in which somebody holds a seat. */
const SEATED = new Set(['joined', 'reconnecting']);

/**
 * @param {any} call
 * @returns {any[]} the call's participants that hold a seat
 */
export function seated(call) {
  return (call?.participants ?? []).filter((each) => SEATED.has(each.state));
}

function withCall(room, call) {
  const bySeat = new Map(seated(call).map((each) => [each.participantId, each]));
  const participants = room.participants.map((each) => {
    const seat = bySeat.get(each.participantId);
    return { ...each, inCall: Boolean(seat), order: seat?.order };
  });
  return { ...room, call, callStatus: call.state === 'queued' ? 'waiting' : call.state, participants };
}

function withParticipant(room, change, participant) {
  const others = room.participants.filter((each) => each.participantId !== participant.participantId);
  const before = room.participants.find((each) => each.participantId === participant.participantId);
  const gone = change === 'removed';
  const participants = gone ? others : [...others, { ...before, ...participant }];
  let call = room.call;
  if (call && participant.inCall !== undefined) {
    const state = participant.inCall ? (participant.presence === 'online' ? 'joined' : 'reconnecting') : 'left';
    call = {
      ...call,
      participants: call.participants.map((each) => (
        each.participantId === participant.participantId && SEATED.has(each.state)
          ? { ...each, state, order: participant.order ?? each.order } : each)),
    };
  }
  return { ...room, participants, call };
}

const REDUCERS = {
  activeCall: (room, event) => withCall(room, event.call),
  joinerConnected: (room, event) => withCall(
    event.participant ? withParticipant(room, 'entered', event.participant) : room, event.call),
  participant: (room, event) => withParticipant(room, event.change, event.participant),
  callEnded: (room, event) => {
    if (room.call && room.call.callId !== event.callId) return room;
    const participants = room.participants.map((each) => ({
      ...each, inCall: false, order: undefined,
      media: { audio: false, video: false, screen: false, connection: 'none' },
    }));
    return { ...room, call: null, callStatus: 'ended', participants };
  },
  appointment: (room, { appointment }) => {
    const { canStart = room.canStart, canJoin = room.canJoin, callStatus = room.callStatus } = appointment;
    const reason = 'canStart' in appointment ? appointment.reason : room.reason;
    return { ...room, appointment, callStatus, canStart, canJoin, reason };
  },
};

/**
 * @param {Room} room
 * @param {any} event a message of the server
 * @returns {Room} the same object if the event says nothing about the room
 */
export function roomAfter(room, event) {
  const reduce = REDUCERS[event.type];
  if (!reduce) return room;
  const after = reduce(room, event);
  return event.rev === undefined ? after : { ...after, rev: event.rev };
}

/**
 * After the server was asked again who may start or join now.
 * @param {Room} room
 * @param {any} status the body of GET .../call-status
 * @returns {Room}
 */
export function withPermissions(room, status) {
  const { canStart, canJoin, reason, opensAt, closesAt } = status;
  const appointment = room.appointment ? { ...room.appointment, opensAt, closesAt } : room.appointment;
  return { ...room, canStart, canJoin, reason, appointment };
}
