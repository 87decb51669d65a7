let sheet = null;

const CSS = `
*, *::before, *::after { box-sizing: border-box; }
:host { display: block; font-family: var(--call-font); color: var(--call-fg); line-height: 1.5; }
:host([hidden]), [hidden] { display: none !important; }
h1, h2, h3, p { margin: 0; }
h1 { font-size: clamp(1.55rem, 5.5vw, 2.1rem); line-height: 1.2; font-weight: 680; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h1:focus { outline: none; }
h2 { font-size: 1.2rem; line-height: 1.3; font-weight: 650; }
:focus-visible { outline: 3px solid var(--call-focus); outline-offset: 3px; }
button, select, a.button {
  font: inherit; color: inherit; min-block-size: var(--call-target); border-radius: 999px; cursor: pointer;
}
button, a.button {
  display: inline-flex; align-items: center; justify-content: center; gap: 0.6rem; padding: 0.6rem 1.4rem;
  border: 1.5px solid var(--call-control-line); background: var(--call-card); font-weight: 600; text-decoration: none;
  text-align: center; transition: background-color 120ms, border-color 120ms;
}
button:hover, a.button:hover { border-color: var(--call-fg); }
button:disabled { cursor: default; opacity: 0.6; }
button.primary { background: var(--call-accent); border-color: var(--call-accent); color: var(--call-on-accent); font-size: 1.1rem; min-block-size: 60px; padding-inline: 2rem; }
button.primary:hover { background: var(--call-accent-strong); border-color: var(--call-accent-strong); }
button.danger { background: var(--call-danger); border-color: var(--call-danger); color: var(--call-on-danger); }
button.quiet { border-color: transparent; background: transparent; color: var(--call-accent); text-decoration: underline; text-underline-offset: 0.25em; font-weight: 550; }
.icon { inline-size: 1.4em; block-size: 1.4em; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.card { background: var(--call-card); border: 1px solid var(--call-line); border-radius: var(--call-radius); padding: clamp(1.2rem, 4vw, 2rem); box-shadow: var(--call-shadow); }
.stack { display: flex; flex-direction: column; gap: 1.1rem; }
.muted { color: var(--call-muted); }
.actions { display: flex; flex-direction: column; gap: 0.7rem; align-items: stretch; }
.clock { font-variant-numeric: tabular-nums; direction: ltr; unicode-bidi: isolate; }
.visually-hidden { position: absolute; inline-size: 1px; block-size: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.spinner { inline-size: 1.2em; block-size: 1.2em; border-radius: 50%; border: 3px solid currentColor; border-block-start-color: transparent; animation: turn 1s linear infinite; flex: none; }
@keyframes turn { to { transform: rotate(1turn); } }
@media (min-width: 40rem) { .actions.row { flex-direction: row; flex-wrap: wrap; align-items: center; } }
@media (prefers-reduced-motion: reduce) { *, *::before, *::after { animation-duration: 0s !important; animation-iteration-count: 1 !important; transition: none !important; } .spinner { border-style: dotted; } }
@media (forced-colors: active) { button, .card { border: 1.5px solid ButtonText; } }
`;

/** The look all elements share: type, buttons, cards. One sheet object for the whole page. */
export function sharedSheet() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
