import { LanguageSwitch } from '../elements/language-switch.js';
import { PinForm } from '../elements/pin-form.js';
import { ProblemCard } from '../elements/problem-card.js';
import { defineCallElements } from '../elements/define.js';
import { VideoConsultation } from '../elements/video-consultation.js';
import { prepareAnnouncements } from '../lib/announce.js';
import { createApi } from '../lib/api.js';
import { on } from '../lib/dom.js';
import { formatPhone, onLocaleChange, startLocale, t } from '../lib/i18n.js';
import { PageTitle, startPage } from '../lib/page.js';
import { identityOf } from '../lib/staff-page.js';
import { storeInvite, storeToken, storedInvite, storedToken, takeFragment, tokenClaims } from '../lib/tab-store.js';
import { problemCode } from '../session/problems.js';

const main = document.getElementById('main');
const api = createApi({ getToken: storedToken, renewToken: () => getToken({ fresh: true }) });
/** Does not try to renew by itself: it is what renews. */
const renewing = createApi({ getToken: storedToken });
const title = new PageTitle();
let clinic = null;
/** Kept in memory alone: a reload has the token. */
let pin = null;

/** The invite is worth the same until it expires, so it also renews a token that ran out. */
async function redeem(code) {
  const path = `/api/invites/${encodeURIComponent(code)}/redeem`;
  const { body } = await api.request('POST', path, { body: pin === null ? {} : { pin }, anonymous: true });
  storeToken(body.token);
  return body;
}

/** Asks until the PIN is right or the link is locked. */
function redeemWithPin(code) {
  const form = new PinForm();
  main.replaceChildren(form);
  title.set(t('title.pin'));
  requestAnimationFrame(() => form.focusHeading());
  return new Promise((resolve, reject) => {
    on(form, 'pin-entered', async (detail) => {
      pin = detail.pin;
      try {
        resolve(await redeem(code));
      } catch (error) {
        pin = null;
        if (!wantsPin(error)) return reject(error);
        form.triesLeft = error.triesLeft;
      }
    });
  });
}

const wantsPin = (error) => error.status === 403 && error.triesLeft > 0 && !error.locked;

async function enter(code) {
  try {
    await redeem(code);
  } catch (error) {
    if (!wantsPin(error)) throw error;
    await redeemWithPin(code);
  }
}

/** While the token is good, it is worth a new one without asking anybody for a PIN again. */
async function renew() {
  try {
    const { body } = await renewing.request('POST', '/api/tokens/renew', { body: {} });
    storeToken(body.token);
    return body.token;
  } catch {
    return null;
  }
}

async function getToken({ fresh }) {
  if (!fresh && storedToken()) return storedToken();
  const renewed = storedToken() && await renew();
  if (renewed) return renewed;
  const code = storedInvite();
  if (!code) throw Object.assign(new Error('no invite'), { code: 'token-expired' });
  return (await redeem(code)).token;
}

function appointmentOf(token) {
  const { appointment } = tokenClaims(token);
  return Array.isArray(appointment) ? appointment[0] : appointment;
}

function showProblem(error) {
  const card = new ProblemCard();
  const found = error.locked ? 'locked' : error.code === 'not-found' ? 'gone' : error.code;
  const code = problemCode(found, { online: navigator.onLine });
  const retry = error.retryable ? [{ name: 'retry', label: 'problem.tryAgain' }] : [];
  card.problem = {
    code, actions: retry, phone: clinic?.supportPhone, values: { n: Math.ceil((error.retryAfterMs ?? 5000) / 1000) } };
  card.addEventListener('problem-action', () => open());
  main.replaceChildren(card);
  title.set(t('title.problem'));
  requestAnimationFrame(() => card.focusHeading());
}

function showConsultation(token) {
  const consultation = new VideoConsultation();
  consultation.setAttribute('appointment-id', appointmentOf(token));
  consultation.setAttribute('user-role', identityOf(token).role);
  on(consultation, 'call-screen', (detail) => {
    document.body.classList.toggle('in-call', detail.screen === 'call');
    title.set(detail.title);
  });
  on(consultation, 'call-attention', (detail) => title.flash(detail.text));
  on(consultation, 'call-clinic', (detail) => showClinic(detail));
  consultation.identity = { ...identityOf(token), server: location.origin, api, getToken };
  main.replaceChildren(consultation);
}

function showClinic(detail) {
  clinic = detail ?? clinic;
  title.clinic = clinic?.name ?? '';
  document.getElementById('clinic').textContent = clinic?.name || t('brand');
  document.getElementById('help').textContent = clinic?.supportPhone ? t('help.phone', { number: formatPhone(clinic.supportPhone) }) : '';
}

async function open() {
  const code = takeFragment();
  try {
    if (code) {
      storeInvite(code);
      await enter(code);
    } else if (!storedToken() && storedInvite()) {
      await enter(storedInvite());
    }
    if (!storedToken()) throw Object.assign(new Error('no link'), { code: 'no-link' });
    showConsultation(storedToken());
  } catch (error) {
    if (error.status > 0 && code) storeToken(null);
    showProblem(error);
  }
}

await startLocale();
LanguageSwitch.define();
PinForm.define();
ProblemCard.define();
defineCallElements();
startPage();
prepareAnnouncements();
showClinic(null);
onLocaleChange(() => showClinic(null));
window.addEventListener('hashchange', () => location.reload());
open();
