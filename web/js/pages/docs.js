// /docs/api: shows /openapi.json, which is the one description of the REST API.
import { h } from '../lib/dom.js';

const LETTERS = { K: 'API key', S: 'staff', A: 'admin', P: 'patient or guest', '-': 'public' };

/** Text in which `code` stands between backticks. @param {string} text @returns {(Node | string)[]} */
function prose(text) {
  return text.split('`').map((part, i) => (i % 2 === 1 ? h('code', {}, part) : part));
}

const slug = (/** @type {string} */ text) => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');

class Description {
  /** @param {any} document */
  constructor(document) {
    this.document = document;
    this.operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })));
  }

  /** @param {any} value what a reference points at, or the value itself */
  resolve(value) {
    if (!value.$ref) return value;
    return value.$ref.slice(2).split('/').reduce((/** @type {any} */ at, /** @type {string} */ key) => at[key], this.document);
  }

  /** A schema in a few words, with links to those that have a name. @param {any} schema @returns {(Node | string)[]} */
  brief(schema) {
    if (schema.$ref) {
      const name = schema.$ref.split('/').at(-1);
      return [h('a', { href: `#schema-${name}` }, name)];
    }
    if (schema.enum) return schema.enum.flatMap((/** @type {string} */ word, /** @type {number} */ i) => [i > 0 ? ' | ' : '', h('code', {}, String(word))]);
    const options = schema.oneOf ?? schema.allOf;
    if (options) return this.#joined(options, schema.oneOf ? ' or ' : ' with ');
    if (schema.type === 'array') return ['list of ', ...this.brief(schema.items)];
    const type = [schema.type ?? 'any'].flat().join(' or ');
    return [schema.format ? `${type} (${schema.format})` : type];
  }

  /** @param {any[]} options @param {string} word */
  #joined(options, word) {
    return options.filter((each) => each.$ref || each.type).flatMap((each, i) => [i > 0 ? word : '', ...this.brief(each)]);
  }

  /** A body that could be sent: the example, or one made of the schema's. @param {any} schema @returns {any} */
  example(schema) {
    const known = this.resolve(schema);
    return known.examples?.[0];
  }
}

/** @param {string[]} head @param {(Node | string)[][][]} rows */
function table(head, rows) {
  const line = (/** @type {string} */ cell, /** @type {(Node | string)[][]} */ cells) => h('tr', {}, ...cells.map((each) => h(cell, {}, ...each)));
  return h('div', { class: 'scroll' },
    h('table', {}, h('thead', {}, line('th', head.map((word) => [word]))), h('tbody', {}, ...rows.map((cells) => line('td', cells)))));
}

/** @param {Description} api @param {any} schema */
function fields(api, schema) {
  const required = new Set(schema.required ?? []);
  return table(['field', 'type', ''], Object.entries(schema.properties).map(([name, each]) => [
    [h('code', {}, name), required.has(name) ? '' : ' (optional)'], api.brief(each), prose(each.description ?? ''),
  ]));
}

/** @param {any} operation @param {any} body the example */
function curl(operation, body) {
  const words = ['curl'];
  if (operation.method !== 'GET') words.push(`-X ${operation.method}`);
  if (operation.security.length > 0) words.push(`-H "Authorization: Bearer $${operation.security[0].apiKey ? 'key' : 'token'}"`);
  words.push(`"$server${operation.path.replace(/\{(\w+)\}/g, '$$$1')}"`);
  if (body !== undefined) words.push(`\\\n  --json '${JSON.stringify(body)}'`);
  return words.join(' ');
}

/** @param {Description} api @param {any} operation */
function operationCard(api, operation) {
  const who = operation['x-who'].split(' ').map((/** @type {string} */ letter) => LETTERS[/** @type {keyof LETTERS} */ (letter)]).join(', ');
  const card = h('section', { class: 'operation', id: operation.operationId },
    h('h3', {}, h('span', { class: 'method' }, operation.method), ' ', h('a', { href: `#${operation.operationId}` }, h('code', {}, operation.path))),
    h('p', {}, ...prose(operation.summary)), h('p', { class: 'who' }, `For: ${who}`));
  if (operation.description) card.append(h('p', {}, ...prose(operation.description)));
  if (operation.parameters) {
    card.append(h('h4', {}, 'Parameters'), table(['name', 'in', 'type', ''], operation.parameters.map((/** @type {any} */ each) => {
      const parameter = api.resolve(each);
      return [[h('code', {}, parameter.name)], [parameter.in], api.brief(parameter.schema), prose(parameter.description ?? '')];
    })));
  }
  const body = operation.requestBody?.content['application/json']?.schema;
  if (body) card.append(h('h4', {}, operation.requestBody.required ? 'Body' : 'Body (optional)'), h('p', {}, ...api.brief(body)));
  card.append(h('h4', {}, 'Answers'), table(['status', '', 'body'], Object.entries(operation.responses).map(([status, given]) => {
    const response = api.resolve(given);
    const content = Object.entries(response.content ?? {});
    const shown = content.flatMap(([type, { schema }], i) => [i > 0 ? ', ' : '', ...(/json$/.test(type) && schema.type !== 'string' ? api.brief(schema) : [h('code', {}, type)])]);
    return [[h('code', {}, status)], prose(response.description), shown];
  })));
  card.append(h('h4', {}, 'Example'), h('pre', {}, curl(operation, body && api.example(body))));
  return card;
}

/** @param {Description} api @param {string} name @param {any} schema */
function schemaCard(api, name, schema) {
  const card = h('section', { class: 'schema', id: `schema-${name}` }, h('h3', {}, h('a', { href: `#schema-${name}` }, name)));
  if (schema.description) card.append(h('p', {}, ...prose(schema.description)));
  card.append(schema.properties ? fields(api, schema) : h('p', {}, ...api.brief(schema)));
  if (schema.examples) card.append(h('h4', {}, 'Example'), h('pre', {}, JSON.stringify(schema.examples[0], null, 2)));
  return card;
}

/** @param {Description} api */
function credentials(api) {
  return Object.values(api.document.components.securitySchemes).map((scheme) => h('p', {}, ...prose(scheme.description)));
}

/** @param {Description} api @returns {Node[]} */
function page(api) {
  const tags = api.document.tags;
  const of = (/** @type {any} */ tag) => api.operations.filter((operation) => operation.tags.includes(tag.name));
  const nav = h('nav', { 'aria-label': 'Routes' }, ...tags.flatMap((/** @type {any} */ tag) => [h('h4', {}, h('a', { href: `#${slug(tag.name)}` }, tag.name)),
    h('ul', {}, ...of(tag).map((operation) => h('li', {}, h('a', { href: `#${operation.operationId}` }, `${operation.method} ${operation.path}`))))]));
  const routes = tags.flatMap((/** @type {any} */ tag) => [
    h('h2', { id: slug(tag.name) }, tag.name), h('p', {}, ...prose(tag.description)), ...of(tag).map((operation) => operationCard(api, operation))]);
  const schemas = Object.entries(api.document.components.schemas).map(([name, schema]) => schemaCard(api, name, schema));
  return [h('p', {}, ...prose(api.document.info.description)), ...credentials(api), nav, ...routes, h('h2', { id: 'objects' }, 'Objects'), ...schemas];
}

const state = /** @type {HTMLElement} */ (document.getElementById('state'));
const main = /** @type {HTMLElement} */ (document.getElementById('main'));
try {
  const answer = await fetch('/openapi.json');
  if (!answer.ok) throw new Error(String(answer.status));
  main.append(...page(new Description(await answer.json())));
  state.remove();
  // The place in the address did not exist when the page was opened.
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
} catch {
  state.textContent = 'The description could not be read. Try again in a moment.';
}
