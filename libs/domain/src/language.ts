/** How a language's line comments begin, and which file names belong to it. */
interface LanguageRow {
  readonly id: string;
  readonly comment: string;
  /** Extensions without the dot, or whole file names. */
  readonly names: readonly string[];
}

const LANGUAGES: readonly LanguageRow[] = [
  { id: 'python', comment: '#', names: ['py', 'pyi', 'pyw'] },
  { id: 'typescript', comment: '//', names: ['ts', 'mts', 'cts'] },
  { id: 'typescriptreact', comment: '//', names: ['tsx'] },
  { id: 'javascript', comment: '//', names: ['js', 'mjs', 'cjs'] },
  { id: 'javascriptreact', comment: '//', names: ['jsx'] },
  { id: 'go', comment: '//', names: ['go'] },
  { id: 'rust', comment: '//', names: ['rs'] },
  { id: 'java', comment: '//', names: ['java'] },
  { id: 'kotlin', comment: '//', names: ['kt', 'kts'] },
  { id: 'scala', comment: '//', names: ['scala', 'sc'] },
  { id: 'groovy', comment: '//', names: ['groovy', 'gradle'] },
  { id: 'c', comment: '//', names: ['c', 'h'] },
  { id: 'cpp', comment: '//', names: ['cc', 'cpp', 'cxx', 'hpp', 'hh', 'hxx'] },
  { id: 'csharp', comment: '//', names: ['cs'] },
  { id: 'swift', comment: '//', names: ['swift'] },
  { id: 'dart', comment: '//', names: ['dart'] },
  { id: 'php', comment: '//', names: ['php'] },
  { id: 'proto', comment: '//', names: ['proto'] },
  { id: 'zig', comment: '//', names: ['zig'] },
  { id: 'ruby', comment: '#', names: ['rb', 'Gemfile', 'Rakefile'] },
  { id: 'shellscript', comment: '#', names: ['sh', 'bash', 'zsh'] },
  { id: 'perl', comment: '#', names: ['pl', 'pm'] },
  { id: 'r', comment: '#', names: ['r', 'R'] },
  { id: 'julia', comment: '#', names: ['jl'] },
  { id: 'elixir', comment: '#', names: ['ex', 'exs'] },
  { id: 'yaml', comment: '#', names: ['yml', 'yaml'] },
  { id: 'toml', comment: '#', names: ['toml'] },
  { id: 'makefile', comment: '#', names: ['mk', 'Makefile'] },
  { id: 'dockerfile', comment: '#', names: ['Dockerfile'] },
  { id: 'cmake', comment: '#', names: ['cmake', 'CMakeLists.txt'] },
  { id: 'lua', comment: '--', names: ['lua'] },
  { id: 'sql', comment: '--', names: ['sql'] },
  { id: 'haskell', comment: '--', names: ['hs'] },
  { id: 'erlang', comment: '%', names: ['erl', 'hrl'] },
  { id: 'latex', comment: '%', names: ['tex'] },
  { id: 'clojure', comment: ';;', names: ['clj', 'cljs', 'cljc'] },
  { id: 'lisp', comment: ';;', names: ['lisp', 'el', 'scm'] },
];

const byName = new Map(LANGUAGES.flatMap((row) => row.names.map((name) => [name, row] as const)));
const byId = new Map(LANGUAGES.map((row) => [row.id, row]));

/** Language id of a path, as editors name it; empty when unknown. */
export function languageOfPath(path: string): string {
  const base = path.slice(path.lastIndexOf('/') + 1);
  const extension = base.slice(base.lastIndexOf('.') + 1);
  return (byName.get(base) ?? byName.get(extension))?.id ?? '';
}

/** What a line comment begins with in a language; `#` for one that is not known. */
export function lineCommentOf(language: string): string {
  return byId.get(language)?.comment ?? '#';
}
