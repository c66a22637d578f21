import { readFileSync } from 'node:fs';
import type { RetrievalRequest } from '../ports.js';
import { languageOfPath } from '@repoformer/domain';

/** Sources of this project as they once were, which the golden ranking of the index is made on, too. */
export const goldenCorpus = JSON.parse(
  readFileSync(new URL('../../../../libs/indexing/src/golden/corpus.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, string>>;

export const GOLDEN_VISIBLE = { beforeChars: 1536, afterChars: 384 };

/** Lines between one hole and the next in a file: a prime, so that holes stand in all kinds of places. */
const LINES_APART = 67;
/** Names in more files than these are no help to find. */
const FEW_FILES = 5;

export interface GoldenHole {
  readonly path: string;
  readonly line: number;
  readonly request: RetrievalRequest;
  /** Names of the line that is missing which nothing near it has, but few other files do. */
  readonly wanted: readonly string[];
}

export const namesIn = (text: string) => new Set(text.match(/\b[A-Za-z_]\w{4,}\b/g) ?? []);

/** The first line that lacks names in each stretch of each file. */
export function goldenHoles(): GoldenHole[] {
  const namesOf = new Map(Object.entries(goldenCorpus).map(([path, text]) => [path, namesIn(text)]));
  return Object.entries(goldenCorpus).flatMap(([path, text]) => {
    const lines = text.split('\n');
    const found: GoldenHole[] = [];
    const imports = lines.findLastIndex((line) => /^} from |^import .* from /.test(line));
    for (let line = imports + 1; line < lines.length; line++) {
      const prefix = `${lines.slice(0, line).join('\n')}\n`;
      const suffix = `\n${lines.slice(line + 1).join('\n')}`;
      const { beforeChars, afterChars } = GOLDEN_VISIBLE;
      const near = namesIn(`${prefix.slice(-beforeChars)}\n${suffix.slice(0, afterChars)}`);
      const isElsewhere = (name: string) => {
        const others = [...namesOf].filter(([other, names]) => other !== path && names.has(name)).length;
        return others > 0 && others <= FEW_FILES;
      };
      const isCode = !/^\s*(\*|\/\*|\/\/|})/.test(lines[line]!);
      const wanted = [...namesIn(lines[line]!)].filter((name) => !near.has(name) && isElsewhere(name));
      if (!isCode || wanted.length === 0) continue;
      const language = languageOfPath(path);
      const request = { path, language, prefix, suffix, visible: GOLDEN_VISIBLE, searchOwnFile: true };
      found.push({ path, line, request, wanted });
      line += LINES_APART;
    }
    return found;
  });
}
