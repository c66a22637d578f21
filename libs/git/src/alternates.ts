import { realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readTextFile } from './regular-file.js';

/** As deep as git follows alternates of alternates. */
const MAX_DEPTH = 5;
const MAX_DIRECTORIES = 256;
const MAX_FILE_BYTES = 1 << 20;

/**
 * A repository's object directory and those it borrows from (`objects/info/alternates`), real paths without
 * repetition. As in git they may lie anywhere; they are only ever read as object stores, by object name.
 */
export function objectDirectories(objects: string): string[] {
  const found = new Set<string>();
  let level = [objects];
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const directory of level) {
      let real: string;
      try {
        real = realpathSync(directory);
      } catch {
        continue;
      }
      if (found.has(real) || found.size >= MAX_DIRECTORIES) continue;
      found.add(real);
      next.push(...alternatesOf(real));
    }
    level = next;
  }
  return [...found];
}

function alternatesOf(objects: string): string[] {
  const text = readTextFile(join(objects, 'info', 'alternates'), MAX_FILE_BYTES) ?? '';
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('\0'))
    .map((line) => resolve(objects, line.startsWith('"') ? unquote(line) : line));
}

/** Git writes unusual paths as C strings. */
function unquote(line: string): string {
  const named: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
  const inner = Buffer.from(line.replace(/^"|"$/g, ''), 'utf8').toString('latin1');
  const bytes = inner.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(parseInt(code, 8) & 0xff) : (named[code] ?? code),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
