/** A JSON value with the place it stands at; line and column are 1-based. */
export interface JsonNode {
  readonly value: string | number | boolean | null | readonly JsonNode[] | JsonObject;
  readonly line: number;
  readonly column: number;
}

export interface JsonObject {
  readonly members: readonly {
    readonly key: JsonNode & { readonly value: string };
    readonly node: JsonNode;
  }[];
}

export function isJsonObject(value: JsonNode['value']): value is JsonObject {
  return typeof value === 'object' && value !== null && 'members' in value;
}

/** A syntax error at a place of the text. */
export class JsonSyntaxError extends Error {
  constructor(
    message: string,
    readonly line: number,
    readonly column: number,
  ) {
    super(message);
  }
}

/** Deeper nesting is refused, so that no file can exhaust the stack. */
const MAX_DEPTH = 32;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// eslint-disable-next-line no-control-regex -- control characters are exactly what a string may not hold
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\r\n]*/y;

/**
 * Parses JSON and keeps positions, which `JSON.parse` does not tell.
 *
 * @throws JsonSyntaxError
 */
export function parseJson(text: string): JsonNode {
  let at = text.startsWith('\ufeff') ? 1 : 0;

  function place(): { line: number; column: number } {
    const before = text.slice(0, at);
    return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
  }

  function fail(message: string): never {
    const { line, column } = place();
    throw new JsonSyntaxError(message, line, column);
  }

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }

  function describeHere(): string {
    const character = text[at];
    return character === undefined ? 'the end of the file' : JSON.stringify(character);
  }

  function skipSpace(): void {
    take(SPACE);
    if (text.startsWith('//', at) || text.startsWith('/*', at)) fail('JSON has no comments');
  }

  function parseString(): string {
    const literal = take(STRING);
    return literal === undefined ? fail('unterminated or malformed string') : (JSON.parse(literal) as string);
  }

  /** Items of an array or object up to its closing bracket. */
  function parseItems(close: string, item: () => void): void {
    at += 1;
    skipSpace();
    if (text[at] === close) {
      at += 1;
      return;
    }
    for (;;) {
      item();
      skipSpace();
      if (text[at] === close) {
        at += 1;
        return;
      }
      if (text[at] !== ',') fail(`expected "," or "${close}", found ${describeHere()}`);
      at += 1;
      skipSpace();
      if (text[at] === close) fail(`a comma before "${close}"`);
    }
  }

  function parseValue(depth: number): JsonNode {
    skipSpace();
    if (depth > MAX_DEPTH) fail('nested too deeply');
    const start = place();
    const node = (value: JsonNode['value']): JsonNode => ({ value, ...start });
    switch (text[at]) {
      case '{': {
        const members: { key: JsonNode & { value: string }; node: JsonNode }[] = [];
        parseItems('}', () => {
          if (text[at] !== '"') fail(`expected a key in double quotes, found ${describeHere()}`);
          const keyPlace = place();
          const key = parseString();
          if (members.some((member) => member.key.value === key)) {
            throw new JsonSyntaxError(`${JSON.stringify(key)} occurs twice`, keyPlace.line, keyPlace.column);
          }
          skipSpace();
          if (text[at] !== ':') fail(`expected ":" after ${JSON.stringify(key)}, found ${describeHere()}`);
          at += 1;
          members.push({ key: { value: key, ...keyPlace }, node: parseValue(depth + 1) });
        });
        return node({ members });
      }
      case '[': {
        const items: JsonNode[] = [];
        parseItems(']', () => items.push(parseValue(depth + 1)));
        return node(items);
      }
      case '"':
        return node(parseString());
      default: {
        const number = take(NUMBER);
        if (number !== undefined) return node(Number(number));
        const word = take(/[A-Za-z]+/y);
        if (word === 'true' || word === 'false') return node(word === 'true');
        if (word === 'null') return node(null);
        if (word !== undefined) at -= word.length;
        return fail(`expected a value, found ${word === undefined ? describeHere() : JSON.stringify(word)}`);
      }
    }
  }

  const root = parseValue(0);
  skipSpace();
  if (at < text.length) fail(`expected the end of the file, found ${describeHere()}`);
  return root;
}
