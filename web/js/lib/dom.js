/**
 * Builds an element. Text is text: nothing is parsed, so data cannot become markup.
 * @param {string} tag
 * @param {Record<string, any>} [properties] `class`, `testid`, `on` {event: listener}, `data` {name: value};
 *   others are attributes, where true is the empty one and null, undefined or false is none
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElement}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === 'data') {
      Object.assign(element.dataset, value);
    } else {
      setAttribute(element, name === 'testid' ? 'data-testid' : name, value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/**
 * Listens to an event of one of our elements.
 * @param {EventTarget} target
 * @param {string} type
 * @param {(detail: any) => void} listener gets the event's detail
 */
export function on(target, type, listener) {
  target.addEventListener(type, (event) => listener(/** @type {CustomEvent} */ (event).detail));
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | number | boolean | null | undefined} value
 */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value === true ? '' : value)) {
    element.setAttribute(name, value === true ? '' : String(value));
  }
}

/**
 * Sets text only when it differs, so that screen readers are not told twice.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Shows exactly `child` in `parent`, leaving it alone if it is there already.
 * @param {ParentNode & Node} parent
 * @param {Node} child
 * @returns {boolean} true if it is new
 */
export function showOnly(parent, child) {
  if (parent.childNodes.length === 1 && parent.firstChild === child) return false;
  parent.replaceChildren(child);
  return true;
}
