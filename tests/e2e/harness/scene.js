import { randomUUID } from 'node:crypto';

import { Person } from './person.js';

const MINUTE = 60_000;
const at = (offsetMs) => new Date(Date.now() + offsetMs).toISOString();

/** An appointment of two people nobody else in this database knows, running now. */
export async function bookAppointment(server, fields = {}) {
  const mark = randomUUID().slice(0, 8);
  const doctor = { userId: `doctor-${mark}`, role: 'doctor', name: 'Dr. Elena Ionescu' };
  const patient = { userId: `patient-${mark}`, role: 'patient', name: 'Mihai Popescu' };
  const id = `appointment-${mark}`;
  await server.api.putAppointment(id, {
    status: 'booked', paymentStatus: 'paid', start: at(-5 * MINUTE), end: at(25 * MINUTE), media: 'video',
    participants: [doctor, patient], ...fields,
  });
  return { id, doctor, patient };
}

/** Fields of an appointment that is hours away. */
export const tomorrow = () => ({ start: at(24 * 60 * MINUTE), end: at(24 * 60 * MINUTE + 30 * MINUTE) });

/** The patient opens the link from the invitation and sees the first screen. */
export async function openInvite(browser, server, appointment, options) {
  const { url } = await server.api.invite(appointment.id, appointment.patient.userId);
  return Person.open(browser, server, url, options);
}

/** The patient opens the link and goes to the waiting room. */
export async function openPatient(browser, server, appointment, options) {
  const patient = await openInvite(browser, server, appointment, options);
  await patient.press('enter-waiting-room');
  return patient;
}

/** The doctor opens the day's list with a token from the booking system. */
export async function openDoctor(browser, server, appointment, options) {
  const token = await server.token(appointment.doctor);
  return Person.open(browser, server, `${server.origin}/appointments#token=${token}`, options);
}
