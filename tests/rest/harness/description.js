import assert from 'node:assert/strict';

import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** The same document in which no object may hold what it does not name: an answer may not say more than is described. */
function closed(value, within = '') {
  if (Array.isArray(value)) return value.map((each) => closed(each, within));
  if (typeof value !== 'object' || value === null) return value;
  const out = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, closed(each, name)]));
  const open = value.type === 'object' && value.properties && !('additionalProperties' in value) && within !== 'allOf';
  return open ? { ...out, unevaluatedProperties: false } : out;
}

const pointer = (...parts) => parts.map((part) => `/${encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');

/** An OpenAPI document as the judge of requests and answers. Remembers which answers it has seen. */
export class Description {
  #document;
  #ajv;
  #validators = new Map();
  #seen = new Map();

  constructor(document) {
    this.#document = document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(this.#ajv);
    this.#ajv.addSchema(closed(document), 'openapi');
    this.operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path, id: operation.operationId })));
  }

  operation(id) {
    const found = this.operations.find((each) => each.id === id);
    assert.ok(found, `no operation ${id} is described`);
    return found;
  }

  /** The parameters of an operation, references followed. */
  parameters(operation) {
    return (operation.parameters ?? []).map((each) => (each.$ref ? this.#document.components.parameters[each.$ref.split('/').at(-1)] : each));
  }

  #fail(reference, value, what) {
    if (!this.#validators.has(reference)) this.#validators.set(reference, this.#ajv.compile({ $ref: `openapi#${reference}` }));
    const validate = this.#validators.get(reference);
    if (!validate(value)) assert.fail(`${what}: ${this.#ajv.errorsText(validate.errors)}\n${JSON.stringify(value, null, 1).slice(0, 2000)}`);
  }

  checkRequest(operation, body) {
    if (body === undefined) return;
    assert.ok(operation.requestBody, `${operation.id} describes no body`);
    this.#fail(pointer('paths', operation.path, operation.method.toLowerCase(), 'requestBody', 'content', 'application/json', 'schema'), body, `body of ${operation.id}`);
  }

  /** Status, media type, headers and body of an answer must be described. */
  checkAnswer(operation, answer) {
    const what = `${operation.id} ${answer.status}`;
    let response = operation.responses[answer.status];
    assert.ok(response, `${what} is not described: ${answer.text.slice(0, 500)}`);
    let at = pointer('paths', operation.path, operation.method.toLowerCase(), 'responses', String(answer.status));
    if (response.$ref) {
      at = response.$ref.slice(1);
      response = this.#document.components.responses[response.$ref.split('/').at(-1)];
    }
    const type = response.content ? (answer.headers['content-type'] ?? '').split(';')[0] : '';
    if (!response.content) {
      assert.equal(answer.text, '', `${what} is described without a body`);
    } else {
      assert.ok(response.content[type], `${what}: media type ${type} is not described`);
      this.#checkBody(response, at, type, answer.text, what);
    }
    if (!this.#seen.has(operation.id)) this.#seen.set(operation.id, new Set());
    this.#seen.get(operation.id).add(`${answer.status} ${type}`.trim());
  }

  #checkBody(response, at, type, text, what) {
    const schema = at + pointer('content', /ndjson|csv/.test(type) ? 'application/json' : type, 'schema');
    if (type === 'application/x-ndjson') {
      const rows = text.split('\n').slice(0, -1).map((line) => JSON.parse(line));
      this.#fail(schema, rows, what);
    } else if (type === 'text/csv') {
      assert.match(text, /^\ufeff?[A-Za-z._]+(,[A-Za-z._]+)*\r\n/, `${what} begins with the names of its columns`);
    } else {
      this.#fail(schema, JSON.parse(text), what);
    }
  }

  /** What is described below 400 and was never seen. */
  unseen() {
    return this.operations.flatMap((operation) =>
      Object.entries(operation.responses).filter(([status]) => Number(status) < 400).flatMap(([status, response]) =>
        (response.content ? Object.keys(response.content) : [''])
          .map((type) => `${status} ${type}`.trim())
          .filter((answer) => !this.#seen.get(operation.id)?.has(answer))
          .map((answer) => `${operation.id}: ${answer}`)));
  }
}
