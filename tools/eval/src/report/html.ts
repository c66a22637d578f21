/** Text that is HTML already: nothing else goes into a page unescaped. */
export class Html {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

type Content = Html | string | number | undefined | readonly Content[];

/**
 * A template whose values are escaped unless they are {@link Html}; undefined is left out, lists are joined.
 * Not named `html`, which formatters take as leave to move white space, and here it counts.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  const text = parts.map((part, i) => part + (i < values.length ? render(values[i]) : ''));
  return new Html(text.join(''));
}

function render(value: Content): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(render).join('');
  return escapeHtml(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * What could reorder or hide text: controls but tab and line feed, marks and overrides of direction and everything
 * else that formats without being seen, line and paragraph separators, lone surrogates, invisible letters.
 */
const DECEPTIVE =
  /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|\u034f|\u115f|\u1160|\u17b4|\u17b5|\u3164|\uffa0/gu;

/** For HTML text and quoted attributes. Deceptive characters are spelt out, since the text is untrusted. */
export function escapeHtml(text: string): string {
  return spellOut(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** Writes characters that could reorder or hide text as `[U+202E]`; line ends become plain ones. */
export function spellOut(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(DECEPTIVE, name);
}

/** The same inside JSON strings, where an escape says it without changing the value. */
export function escapeJson(json: string): string {
  return json.replace(DECEPTIVE, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** For Markdown table cells and prose: one line, nothing of it is markup. */
export function escapeMarkdown(text: string): string {
  return spellOut(text)
    .replace(/[&<>]/g, (character) => ENTITIES[character] ?? character)
    .replace(/\s*\n\s*/g, ' ')
    .replace(/[\\`*_[\]|~#]/g, '\\$&');
}

function name(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`;
}
