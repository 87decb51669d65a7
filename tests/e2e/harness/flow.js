import assert from 'node:assert/strict';

import { until } from './until.js';

/** Two pages of one appointment come to see each other: `starter` presses Start, the other one Join. Gives the call. */
export async function connect(server, appointment, doctor, patient, starter) {
  const [first, second] = starter === 'doctor' ? [doctor, patient] : [patient, doctor];
  await second.waitFor('start-call');
  await first.press('start-call');
  await second.press('join-call');
  await Promise.all([first.receives(), second.receives()]);
  return until('the server calls it active', async () => {
    const status = await server.api.callStatus(appointment.id);
    return status.callStatus === 'active' && status.call;
  });
}

/** The one row of this appointment in the history, once it says it has ended. */
export function endedCall(server, appointment) {
  return until('the history has the ended call', async () => {
    const calls = await server.api.calls(appointment.id);
    assert.equal(calls.length, 1, 'one call');
    return calls[0].state === 'ended' && calls[0];
  });
}
