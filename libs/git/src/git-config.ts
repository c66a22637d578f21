/** A larger file is refused. */
export const MAX_CONFIG_BYTES = 4 << 20;

/**
 * The values of a git configuration file, last one wins. Keys are `section.key` in lower case, or
 * `section.subsection.key` with the subsection as written. Includes are not followed: git too reads a
 * repository's format without them. Damaged lines are passed over.
 */
export function parseGitConfig(text: string): Map<string, string> {
  const values = new Map<string, string>();
  let section = '';
  // A backslash at a line's end continues the value on the next line.
  for (const raw of text.replace(/\\\r?\n/g, '').split('\n')) {
    let line = raw.trim();
    const header = /^\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]/.exec(line);
    if (header) {
      const subsection = header[2]?.replace(/\\(.)/g, '$1');
      section = header[1]!.toLowerCase() + (subsection === undefined ? '' : `.${subsection}`);
      line = line.slice(header[0].length).trim();
    }
    const entry = /^([A-Za-z][A-Za-z0-9-]*)\s*(?:=(.*))?$/.exec(line.replace(/^[#;].*$/, ''));
    if (!entry || section === '') continue;
    // A key alone means true.
    values.set(
      `${section}.${entry[1]!.toLowerCase()}`,
      entry[2] === undefined ? 'true' : parseValue(entry[2]),
    );
  }
  return values;
}

function parseValue(text: string): string {
  let value = '';
  let kept = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '"') {
      quoted = !quoted;
    } else if (char === '\\') {
      const next = text[++i] ?? '';
      value += { n: '\n', t: '\t', b: '\b' }[next] ?? next;
    } else if (!quoted && (char === '#' || char === ';')) {
      break;
    } else if (quoted || !/\s/.test(char)) {
      value += char;
    } else {
      if (value !== '') value += char;
      continue;
    }
    // White space at the end counts only when something, be it a quote, follows it.
    kept = value.length;
  }
  return value.slice(0, kept);
}

/** Git's spellings of a boolean; undefined when it is none of them. */
export function parseGitBoolean(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (/^(true|yes|on|[1-9]\d*)$/i.test(value)) return true;
  if (/^(false|no|off|0|)$/i.test(value)) return false;
  return undefined;
}
