import { AppointmentCallButton } from '../elements/appointment-call-button.js';
import { AppointmentCard } from '../elements/appointment-card.js';
import { CopyLink } from '../elements/copy-link.js';
import { defineCallElements } from '../elements/define.js';
import { LanguageSwitch } from '../elements/language-switch.js';
import { ProblemCard } from '../elements/problem-card.js';
import { VideoConsultation } from '../elements/video-consultation.js';
import { announce, prepareAnnouncements } from '../lib/announce.js';
import { chime } from '../lib/chime.js';
import { clockOffsetMs } from '../lib/duration.js';
import { h, on } from '../lib/dom.js';
import { formatDay, onLocaleChange, startLocale, t } from '../lib/i18n.js';
import { PageTitle, notifyPerson, startPage } from '../lib/page.js';
import { staffIdentity } from '../lib/staff-page.js';
import { storePlace, storedPlace } from '../lib/tab-store.js';
import { counterpart } from '../session/call-button.js';
import { createSignaling } from '../session/create.js';
import { isWaiting, listAfter, newsOf, sorted } from '../session/day-list.js';
import { problemCode } from '../session/problems.js';

const CLOCK_MS = 30000;

const main = document.getElementById('main');
const title = new PageTitle();
const cards = new Map();

let identity = null;
let list = [];
let serverAheadMs = 0;
let online = false;
let clinic = null;
let consultation = null;

const heading = h('h1', { tabindex: '-1' });
const day = h('p', { class: 'muted' });
const live = h('p', { class: 'live', role: 'status' });
const allow = h('button', { type: 'button', class: 'plain', hidden: true, on: { click: askForNotifications } });
const empty = h('p', { class: 'empty', hidden: true });
const rows = h('div', { class: 'rows' });
const listScreen = h('div', { class: 'list-screen' },
  h('div', { class: 'list-head' }, h('div', {}, heading, day), h('div', { class: 'list-tools' }, live, allow)), empty, rows);

function render() {
  heading.textContent = t('list.title');
  const waiting = list.filter(isWaiting).length;
  day.textContent = [formatDay(Date.now() + serverAheadMs), waiting > 0 ? t('list.count', { n: waiting }) : ''].filter(Boolean).join(' · ');
  live.textContent = t(online ? 'list.live' : 'list.offline');
  live.classList.toggle('stale', !online);
  allow.textContent = t('list.notify');
  allow.hidden = !('Notification' in window) || Notification.permission !== 'default';
  empty.textContent = t('list.empty');
  empty.hidden = list.length > 0 || !online;
  document.getElementById('clinic').textContent = clinic?.name || t('brand');
  renderRows();
}

/** Cards are kept by appointment, so that focus and a copied link survive a change elsewhere in the list. */
function renderRows() {
  for (const [id, card] of cards) {
    if (list.some((each) => each.id === id)) continue;
    card.remove();
    cards.delete(id);
  }
  list.forEach((appointment, index) => {
    const card = cards.get(appointment.id) ?? new AppointmentCard();
    cards.set(appointment.id, card);
    if (rows.children[index] !== card) rows.insertBefore(card, rows.children[index] ?? null);
    card.view = { appointment, me: identity, now: Date.now() + serverAheadMs, createLink };
  });
}

async function createLink(appointment, person) {
  const { url } = await identity.api.post(`/api/appointments/${encodeURIComponent(appointment.id)}/invites`, { userId: person.userId });
  return url;
}

function askForNotifications() {
  Notification.requestPermission().then(render, render);
}

function setList(next, { quiet = false } = {}) {
  const before = new Map(list.map((each) => [each.id, each]));
  list = sorted(next);
  if (!quiet) for (const each of list) tell(before.get(each.id), each);
  if (!consultation) {
    const waiting = list.filter(isWaiting).length;
    title.set(waiting > 0 ? `(${waiting}) ${t('title.appointments')}` : t('title.appointments'));
  }
  render();
}

function tell(before, after) {
  const news = before === after ? null : newsOf(before, after, identity.userId);
  if (!news || consultation?.getAttribute('appointment-id') === after.id) return;
  const name = counterpart(after.participants ?? [], identity)?.name || t('someone');
  const text = t(news, { name });
  chime(news === 'list.started' ? 'call' : 'arrival');
  announce(text, { kind: `news-${after.id}`, assertive: news === 'list.started' });
  notifyPerson(text, after.id);
  if (!document.hasFocus()) title.flash(text);
}

function listen() {
  const signaling = createSignaling(identity);
  signaling.on('state', ({ state }) => {
    online = state === 'online';
    render();
  });
  signaling.on('registered', (message) => {
    serverAheadMs = clockOffsetMs(message.serverTime, Date.now());
    if (message.appointments) setList(message.appointments, { quiet: list.length === 0 });
    reopen();
  });
  signaling.on('message', (message) => setList(listAfter(list, message, Date.now() + serverAheadMs)));
  signaling.on('closed', ({ problem, retryAfterMs }) => showProblem({ code: problem, retryAfterMs }));
  signaling.connect();
}

/** A reload in the middle of a call goes back into it. */
function reopen() {
  const place = storedPlace();
  const appointment = list.find((each) => each.id === place?.appointmentId);
  if (consultation || !appointment) return;
  const seated = (appointment.callStatus === 'waiting' || appointment.callStatus === 'active') && place.place === 'call';
  if (seated) openConsultation(appointment.id);
  else storePlace(null);
}

function openConsultation(appointmentId) {
  if (consultation) return;
  consultation = new VideoConsultation();
  consultation.setAttribute('appointment-id', appointmentId);
  consultation.setAttribute('user-role', identity.role);
  consultation.setAttribute('auto-enter', '');
  consultation.setAttribute('closable', '');
  on(consultation, 'call-screen', (detail) => {
    document.body.classList.toggle('in-call', detail.screen === 'call');
    back.hidden = detail.screen === 'ended';
    title.set(detail.title);
  });
  on(consultation, 'call-attention', (detail) => title.flash(detail.text));
  consultation.addEventListener('call-closed', closeConsultation);
  consultation.identity = identity;
  main.replaceChildren(back, consultation);
  back.textContent = t('end.close');
}

const back = h('button', { type: 'button', class: 'plain back', on: { click: closeConsultation } });

function closeConsultation() {
  consultation?.leave();
  consultation = null;
  storePlace(null);
  document.body.classList.remove('in-call');
  main.replaceChildren(listScreen);
  setList(list, { quiet: true });
  heading.focus();
}

function showProblem(error) {
  consultation?.leave();
  consultation = null;
  document.body.classList.remove('in-call');
  const card = new ProblemCard();
  card.problem = {
    code: problemCode(error.code, { online: navigator.onLine }), phone: clinic?.supportPhone,
    values: { n: Math.ceil((error.retryAfterMs ?? 5000) / 1000) },
    actions: identity ? [{ name: 'retry', label: 'problem.tryAgain' }] : [] };
  card.addEventListener('problem-action', () => location.reload());
  main.replaceChildren(card);
  title.set(t('title.problem'));
  requestAnimationFrame(() => card.focusHeading());
}

await startLocale();
for (const element of [AppointmentCallButton, AppointmentCard, CopyLink, LanguageSwitch]) element.define();
defineCallElements();
startPage();
prepareAnnouncements();
identity = staffIdentity();
if (identity) {
  main.replaceChildren(listScreen);
  title.set(t('title.appointments'));
  onLocaleChange(render);
  rows.addEventListener('call-open', (event) => openConsultation(/** @type {CustomEvent} */ (event).detail.appointmentId));
  setInterval(render, CLOCK_MS);
  render();
  identity.api.get('/api/webrtc/config').then((config) => { clinic = config.clinic; title.clinic = clinic?.name ?? ''; render(); }, () => {});
  listen();
} else {
  document.getElementById('clinic').textContent = t('brand');
  showProblem({ code: 'no-link' });
}
window.addEventListener('hashchange', () => location.reload());
