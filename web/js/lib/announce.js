const GAP_MS = 2000;

const regions = {};
const waiting = new Map();
let lastAt = -Infinity;
let timer = null;

function region(politeness) {
  if (!regions[politeness]) {
    const element = document.createElement('div');
    element.className = 'visually-hidden';
    element.setAttribute('aria-live', politeness);
    element.setAttribute('role', politeness === 'assertive' ? 'alert' : 'status');
    document.body.append(element);
    regions[politeness] = element;
  }
  return regions[politeness];
}

function flush() {
  timer = null;
  const first = waiting.entries().next().value;
  if (!first) return;
  const [kind, { text, politeness }] = first;
  waiting.delete(kind);
  lastAt = performance.now();
  region(politeness).textContent = text;
  if (waiting.size > 0) timer = setTimeout(flush, GAP_MS);
}

/**
 * Tells screen readers, through the page's one polite and one assertive live region. At most one message in
 * two seconds; of the same kind the newest wins.
 * @param {string} text
 * @param {{kind?: string, assertive?: boolean}} [options]
 */
export function announce(text, { kind = 'status', assertive = false } = {}) {
  waiting.set(kind, { text, politeness: assertive ? 'assertive' : 'polite' });
  if (timer === null) timer = setTimeout(flush, Math.max(0, lastAt + GAP_MS - performance.now()));
}

/** Creates both regions, empty: what is announced into a region that was just inserted is often not read. */
export function prepareAnnouncements() {
  region('polite');
  region('assertive');
}
