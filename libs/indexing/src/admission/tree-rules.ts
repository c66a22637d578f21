import { createHash } from 'node:crypto';
import type { SkipReason } from '@repoformer/domain';
import { matchesPattern, parseIgnorePattern, type IgnorePattern } from './ignore-pattern.js';
import { skipByName } from './path-rules.js';

export const IGNORE_FILE = '.repoformerignore';
export const ATTRIBUTES_FILE = '.gitattributes';

/** Larger rule files are cut: what they say beyond is not read. */
export const MAX_RULE_FILE_BYTES = 256 * 1024;

/**
 * Raised when the built-in rules change what they admit by path; part of every rules hash, so that files are
 * looked at again.
 */
const PATH_RULES_VERSION = 1;

const MAX_PATTERN_LENGTH = 1_024;

/** Whether a path is a rule file, whatever its directory. */
export function isRuleFile(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === IGNORE_FILE || name === ATTRIBUTES_FILE;
}

/** A hash of the rule files in force, by path and blob oid: equal hash, equal admission of every path. */
export function hashRules(ruleFiles: ReadonlyMap<string, string>): string {
  const lines = [...ruleFiles].map(([path, oid]) => `${oid} ${path}`).sort();
  return createHash('sha256')
    .update([`v${PATH_RULES_VERSION}`, ...lines].join('\0'))
    .digest('hex')
    .slice(0, 16);
}

interface AttributeLine {
  readonly pattern: IgnorePattern;
  readonly generated: boolean | undefined;
  readonly vendored: boolean | undefined;
}

/**
 * Admission by path: the ignore and attribute files of one tree over the built-in table.
 *
 * `.repoformerignore` has gitignore's syntax and scope at every level. Of `.gitattributes`, `linguist-generated`
 * and `linguist-vendored` count, set or unset; a pattern that matches a directory covers what is in it.
 * Matching takes no exponential time, whatever the patterns: repositories are untrusted.
 */
export class TreeRules {
  /** By directory; the last pattern first, as it overrules those before. */
  readonly #ignores = new Map<string, readonly IgnorePattern[]>();
  readonly #attributes = new Map<string, readonly AttributeLine[]>();
  readonly #ignoredDirectories = new Map<string, boolean>();

  /** Rule files by path, with their text. */
  constructor(files: ReadonlyMap<string, string> = new Map()) {
    for (const [path, text] of files) {
      const slash = path.lastIndexOf('/');
      const directory = path.slice(0, slash + 1);
      if (path.slice(slash + 1) === IGNORE_FILE) {
        this.#ignores.set(directory, parseIgnoreFile(text));
      } else {
        this.#attributes.set(directory, parseAttributes(text));
      }
    }
  }

  /** Why a path is not indexed, whatever its content; undefined when it may be. */
  skip(path: string): SkipReason | undefined {
    if (this.#isIgnored(path)) return 'ignored';
    const byName = skipByName(path);
    if (byName === 'secret') return 'secret';
    const { vendored, generated } = this.#attributesOf(path);
    if (vendored ?? byName === 'vendored') return 'vendored';
    if (generated ?? byName === 'generated') return 'generated';
    return undefined;
  }

  #isIgnored(path: string): boolean {
    if (this.#ignores.size === 0) return false;
    return this.#isDirectoryIgnored(parentOf(path)) || this.#matches(path);
  }

  /** `directory` ends with a slash; the root is empty. Nothing below an ignored directory can be included again. */
  #isDirectoryIgnored(directory: string): boolean {
    if (directory === '') return false;
    const known = this.#ignoredDirectories.get(directory);
    if (known !== undefined) return known;
    const ignored = this.#isDirectoryIgnored(parentOf(directory)) || this.#matches(directory);
    this.#ignoredDirectories.set(directory, ignored);
    return ignored;
  }

  /** What the nearest pattern that matches the path itself says; its parents are known not to be ignored. */
  #matches(path: string): boolean {
    for (const directory of ancestorsOf(path)) {
      const patterns = this.#ignores.get(directory);
      if (!patterns) continue;
      const relative = path.slice(directory.length);
      const match = patterns.find((pattern) => matchesPattern(pattern, relative));
      if (match) return !match.isNegated;
    }
    return false;
  }

  #attributesOf(path: string): { vendored?: boolean; generated?: boolean } {
    let vendored: boolean | undefined;
    let generated: boolean | undefined;
    if (this.#attributes.size > 0) {
      for (const directory of ancestorsOf(path)) {
        for (const line of this.#attributes.get(directory) ?? []) {
          const speaks =
            (vendored === undefined && line.vendored !== undefined) ||
            (generated === undefined && line.generated !== undefined);
          if (!speaks || !matchesAtOrAbove(line.pattern, path.slice(directory.length))) continue;
          vendored ??= line.vendored;
          generated ??= line.generated;
        }
      }
    }
    return { ...(vendored !== undefined && { vendored }), ...(generated !== undefined && { generated }) };
  }
}

/** The directory a path (or a directory with its slash) lies in, with its slash; empty for the root. */
function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/', path.length - 2) + 1);
}

/** The directories above a path, the nearest first, the root (empty) last. */
function* ancestorsOf(path: string): Generator<string> {
  for (let directory = parentOf(path); ; directory = parentOf(directory)) {
    yield directory;
    if (directory === '') return;
  }
}

/** Lines that say something of generated or vendored code, the last first: a later line overrules. */
function parseAttributes(text: string): AttributeLine[] {
  const found: AttributeLine[] = [];
  for (const line of text.split(/\r?\n/)) {
    const match = /^[ \t]*(?:"((?:[^"\\]|\\.){1,512})"|([^\s"#[!]\S{0,511}))[ \t]+(\S.{0,4096})$/.exec(line);
    if (!match) continue;
    const pattern = parseIgnorePattern(match[1]?.replace(/\\(.)/g, '$1') ?? match[2]!);
    const attributes = match[3]!.split(/[ \t]+/);
    const generated = attributeValue(attributes, 'linguist-generated');
    const vendored = attributeValue(attributes, 'linguist-vendored');
    if (!pattern || (generated === undefined && vendored === undefined)) continue;
    found.push({ pattern, generated, vendored });
  }
  return found.reverse();
}

function attributeValue(attributes: readonly string[], name: string): boolean | undefined {
  let value: boolean | undefined;
  for (const attribute of attributes) {
    if (attribute === name || attribute === `${name}=true`) value = true;
    else if (attribute === `-${name}` || attribute === `${name}=false`) value = false;
  }
  return value;
}

function parseIgnoreFile(text: string): IgnorePattern[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.length <= MAX_PATTERN_LENGTH)
    .map(parseIgnorePattern)
    .filter((pattern) => pattern !== undefined)
    .reverse();
}

/** Whether a pattern matches a path or a directory that it lies in. */
function matchesAtOrAbove(pattern: IgnorePattern, path: string): boolean {
  if (matchesPattern(pattern, path)) return true;
  for (let directory = parentOf(path); directory !== ''; directory = parentOf(directory)) {
    if (matchesPattern(pattern, directory)) return true;
  }
  return false;
}
