import type { CorpusLanguage } from '../manifest.js';

interface SourceLanguageRow {
  readonly language: CorpusLanguage;
  /** How names of its source files end, lower case. */
  readonly endings: readonly string[];
  /** Endings that only look so: what compilers write, and declarations without code. */
  readonly except: readonly string[];
}

/** A row adds a language; its name goes to `CORPUS_LANGUAGES`. */
export const SOURCE_LANGUAGES: readonly SourceLanguageRow[] = [
  { language: 'python', endings: ['.py'], except: [] },
  {
    language: 'typescript',
    endings: ['.ts', '.tsx', '.mts', '.cts'],
    except: ['.d.ts', '.d.mts', '.d.cts'],
  },
  { language: 'javascript', endings: ['.js', '.mjs', '.cjs', '.jsx'], except: ['.min.js', '.bundle.js'] },
  { language: 'go', endings: ['.go'], except: [] },
  { language: 'rust', endings: ['.rs'], except: [] },
  { language: 'java', endings: ['.java'], except: ['package-info.java', 'module-info.java'] },
];

/** Which language's source a path is, `compiled` for what a row excepts; undefined for anything else. */
export function sourceLanguageOf(path: string): CorpusLanguage | 'compiled' | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  for (const { language, endings, except } of SOURCE_LANGUAGES) {
    if (except.some((ending) => name.endsWith(ending))) return 'compiled';
    if (endings.some((ending) => name.endsWith(ending))) return language;
  }
  return undefined;
}
