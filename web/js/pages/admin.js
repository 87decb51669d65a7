import { CallHistory } from '../elements/call-history.js';
import { LanguageSwitch } from '../elements/language-switch.js';
import { ProblemCard } from '../elements/problem-card.js';
import { prepareAnnouncements } from '../lib/announce.js';
import { h } from '../lib/dom.js';
import { formatTime, onLocaleChange, startLocale, t } from '../lib/i18n.js';
import { PageTitle, startPage } from '../lib/page.js';
import { CachedList } from '../lib/poller.js';
import { staffIdentity } from '../lib/staff-page.js';
import { problemCode } from '../session/problems.js';

for (const element of [CallHistory, LanguageSwitch, ProblemCard]) element.define();

const POLL_MS = 15000;
const COUNTED_PAGES_MAX = 10;
const STATES = ['waiting', 'active', 'ended'];
const REASONS = ['completed', 'cancelled', 'lost', 'missed', 'declined', 'busy', 'abandoned', 'expired', 'transferred', 'failed'];

const main = document.getElementById('main');
const title = new PageTitle();
let identity = null;
let lists = null;
let updatedAt = null;
let stale = false;
let moreLoaded = false;
let shownPath = '';

const heading = h('h1', { tabindex: '-1' });
const freshness = h('p', { class: 'live', role: 'status' });
const active = tile('calls-active');
const today = tile('calls-today');
const historyHeading = h('h2', {});
const state = filter('select', 'admin.state');
const reason = filter('select', 'admin.endReason');
const date = filter('input', 'admin.date', { type: 'date' });
const table = new CallHistory();
const more = h('button', { type: 'button', class: 'plain', hidden: true, on: { click: showMore } });
const trouble = h('p', { class: 'muted', role: 'alert' });
const screen = h('div', {}, h('div', { class: 'list-head' }, heading, freshness),
  h('div', { class: 'tiles' }, active.element, today.element), historyHeading,
  h('div', { class: 'filters' }, state.element, reason.element, date.element), trouble, table, h('div', { class: 'filters' }, more));

function tile(testid) {
  const number = h('strong', { testid });
  const label = h('span', { class: 'muted' });
  return { element: h('div', { class: 'tile' }, number, label), number, label };
}

function filter(tag, key, attributes = {}) {
  const label = h('span', {});
  const control = /** @type {any} */ (h(tag, { ...attributes, on: { change: () => refresh() } }));
  return { element: h('label', {}, label, control), label, control, key };
}

/** The wire's words are the values, the language's words are shown. */
function fillOptions({ control }, values, prefix) {
  const chosen = control.value;
  control.replaceChildren(h('option', { value: '' }, t('admin.all')),
    ...values.map((value) => h('option', { value }, t(`${prefix}.${value}`))));
  control.value = chosen;
}

function historyPath() {
  const query = new URLSearchParams();
  if (state.control.value) query.set('state', state.control.value);
  if (reason.control.value) query.set('endReason', reason.control.value);
  if (date.control.value) {
    const from = new Date(`${date.control.value}T00:00:00`);
    const to = new Date(from);
    to.setDate(to.getDate() + 1);
    query.set('from', from.toISOString());
    query.set('to', to.toISOString());
  }
  return `/api/calls${query.size > 0 ? `?${query}` : ''}`;
}

function todayPath() {
  const from = new Date();
  from.setHours(0, 0, 0, 0);
  return `/api/calls?${new URLSearchParams({ from: from.toISOString(), limit: '200' })}`;
}

async function refresh() {
  const path = historyPath();
  try {
    await Promise.all([
      moreLoaded && path === shownPath ? undefined : lists.history.refresh(path),
      lists.active.refresh('/api/calls?state=active&limit=200').then(() => lists.active.all(COUNTED_PAGES_MAX)),
      lists.today.refresh(todayPath()).then(() => lists.today.all(COUNTED_PAGES_MAX)),
    ]);
    if (path !== shownPath) moreLoaded = false;
    shownPath = path;
    updatedAt = Date.now();
    stale = false;
    trouble.textContent = '';
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      showProblem(error);
      return;
    }
    stale = true;
    if (error.status > 0) trouble.textContent = `${t('problem.UNK-1.title')} (${error.code})`;
  }
  render();
}

async function showMore() {
  moreLoaded = true;
  await lists.history.more().catch(() => { stale = true; });
  render();
}

function count(list) {
  return `${list.items.length}${list.hasMore ? '+' : ''}`;
}

function render() {
  heading.textContent = t('admin.title');
  title.set(t('title.admin'));
  document.getElementById('clinic').textContent = t('brand');
  active.label.textContent = t('admin.now');
  today.label.textContent = t('admin.today');
  historyHeading.textContent = t('admin.history');
  more.textContent = t('admin.more');
  for (const each of [state, reason, date]) each.label.textContent = t(each.key);
  fillOptions(state, STATES, 'state');
  fillOptions(reason, REASONS, 'reason');
  if (updatedAt === null) return;
  active.number.textContent = count(lists.active);
  today.number.textContent = count(lists.today);
  freshness.textContent = t(stale ? 'admin.stale' : 'admin.updated', { time: formatTime(updatedAt) });
  freshness.classList.toggle('stale', stale);
  table.calls = lists.history.items;
  more.hidden = !lists.history.hasMore;
}

function showProblem(error) {
  identity = null;
  const card = new ProblemCard();
  card.problem = { code: problemCode(error.code, { online: navigator.onLine }), actions: [] };
  main.replaceChildren(card);
  title.set(t('title.problem'));
  requestAnimationFrame(() => card.focusHeading());
}

function poll() {
  if (identity && document.visibilityState === 'visible') refresh();
}

await startLocale();
startPage();
prepareAnnouncements();
identity = staffIdentity();
if (identity) {
  const { api } = identity;
  lists = { history: new CachedList(api), active: new CachedList(api), today: new CachedList(api) };
  table.loadEvents = (callId) => api.get(`/api/calls/${encodeURIComponent(callId)}/events`);
  main.replaceChildren(screen);
  onLocaleChange(render);
  setInterval(poll, POLL_MS);
  document.addEventListener('visibilitychange', poll);
  render();
  refresh();
} else {
  document.getElementById('clinic').textContent = t('brand');
  showProblem({ code: 'no-link' });
}
window.addEventListener('hashchange', () => location.reload());
