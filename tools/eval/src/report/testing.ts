import type { HoleKind } from '@repoformer/dataset';
import type { PolicySpec } from '../analysis/policies.js';
import { createRandom } from '../analysis/statistics.js';
import type { HoleResult, Outcome } from '../results.js';
import type { ReportInput } from './report-input.js';

export interface SyntheticOptions {
  /** Default 600. */
  readonly holes?: number;
  /** Default 12. */
  readonly repositories?: number;
  readonly seed?: number;
}

const KINDS: readonly HoleKind[] = ['line', 'line', 'line_rest', 'call', 'chunk', 'function'];
const CHUNKS = 3;
const NAMES = ['index', 'session', 'window', 'commit', 'policy', 'budget', 'ranking', 'prefix'];

/**
 * Made-up results with a realistic effect, the same for the same seed: for 60 % of holes context changes nothing,
 * 20 % it helps, 20 % it hurts; a classifier knows something about which, the best hit's similarity less; every
 * fifteenth hole has no hits.
 */
export function syntheticResults(options: SyntheticOptions = {}): HoleResult[] {
  const random = createRandom(options.seed ?? 7);
  const repositories = options.repositories ?? 12;
  return Array.from({ length: options.holes ?? 600 }, (_, row) => syntheticHole(row, repositories, random));
}

function syntheticHole(row: number, repositories: number, random: () => number): HoleResult {
  const repository = row % repositories;
  const isPython = repository % 2 === 0;
  const kind = KINDS[Math.floor(random() * KINDS.length)] ?? 'line';
  const code = codeOf(isPython, kind, random);
  const hasHits = row % 15 !== 14;
  // Repositories differ: some gain from context, some do not.
  const leaning = (((repository * 7) % 5) - 2) * 0.03;
  const fate = random();
  const effect = fate < 0.6 ? 0 : fate < 0.8 + leaning ? 1 : -1;
  const size = effect * (15 + 70 * random() ** 2);
  const base = effect === 0 && random() < 0.6 ? 100 : 20 + 60 * random();
  const quality = Math.min(100, Math.max(0, base + size));
  const sharedMs = 220 + 180 * random();
  const decodeMs = (kind === 'function' ? 900 : 160) * (0.6 + random());
  const without = outcome(0, base, code, { sharedMs, decodeMs, random });
  const steps = Array.from({ length: hasHits ? CHUNKS : 0 }, (_, i) => {
    const part = (i + 1) / CHUNKS;
    // Context helps or hurts by degrees; the last step is the whole of it.
    const some = i === 0 && random() < 0.2 ? base + 25 * random() : base + size * part * random();
    return outcome(i + 1, i + 1 === CHUNKS ? quality : some, code, {
      sharedMs,
      decodeMs,
      random,
    });
  });
  const noise = () => random() + random() + random() - 1.5;
  const chance = sigmoid(-1.8 + 0.8 * effect + 1.6 * noise());
  const similarity = Math.min(0.95, Math.max(0.02, 0.26 + 0.02 * effect + 0.16 * noise()));
  return {
    id: row.toString(16).padStart(32, '0'),
    repository: `${isPython ? 'pypi' : 'npm'}:package-${String.fromCharCode(97 + repository)}@1.${repository}.0`,
    path: `src/${NAMES[row % NAMES.length]}/${NAMES[(row >> 3) % NAMES.length]}.${isPython ? 'py' : 'ts'}`,
    language: isPython ? 'python' : 'typescript',
    kind,
    before: code.before,
    middle: code.middle,
    after: code.after,
    outcomes: [without, ...steps],
    scores: hasHits ? [similarity, similarity * 0.8, similarity * 0.7] : [],
    policies: { classifier: chance, ...(hasHits && { self: sigmoid(-1 + 0.5 * effect + 2.2 * noise()) }) },
    context: hasHits
      ? [
          {
            path: `src/core/${NAMES[(row + 3) % NAMES.length]}.${isPython ? 'py' : 'ts'}`,
            startLine: 40,
            text: code.context,
          },
        ]
      : [],
  };
}

function outcome(
  chunks: number,
  quality: number,
  code: Code,
  { sharedMs, decodeMs, random }: { sharedMs: number; decodeMs: number; random: () => number },
): Outcome {
  const clipped = Math.min(100, Math.max(0, quality));
  const kept = Math.max(3, Math.round((code.middle.length * clipped) / 100));
  const isExact = clipped === 100;
  return {
    chunks,
    contextTokens: chunks * 110,
    text: isExact ? code.middle : `${code.middle.slice(0, kept)}self.value)`,
    exactMatch: isExact,
    editSimilarity: isExact ? 100 : Math.min(clipped, 99),
    identifierF1: isExact ? 100 : clipped * 0.9,
    logLikelihood: -1.6 + (1.4 * clipped) / 100 - 0.3 * random(),
    timings: {
      retrieveMs: chunks > 0 ? 2 + 3 * random() : 0,
      sharedMs,
      contextMs: chunks * (90 + 40 * random()),
      decodeMs,
    },
  };
}

interface Code {
  readonly before: string;
  readonly middle: string;
  readonly after: string;
  readonly context: string;
}

function codeOf(isPython: boolean, kind: HoleKind, random: () => number): Code {
  const name = NAMES[Math.floor(random() * NAMES.length)] ?? 'index';
  const other = NAMES[Math.floor(random() * NAMES.length)] ?? 'commit';
  const long = kind === 'function' || kind === 'chunk';
  if (isPython) {
    return {
      before: `class ${capital(name)}Store:\n    def __init__(self, root, limit=512):\n        self.root = root\n        self.limit = limit\n\n    def add_${other}(self, ${other}):\n`,
      middle: long
        ? `        if len(self.entries) >= self.limit:\n            self.evict(oldest=True)\n        self.entries[${other}.id] = ${other}`
        : `        self.entries[${other}.id] = ${capital(name)}Entry(${other}, self.root)`,
      after: `\n        return ${other}.id\n\n    def close(self):\n        self.entries.clear()\n`,
      context: `class ${capital(name)}Entry:\n    def __init__(self, ${other}, root):\n        self.${other} = ${other}\n        self.root = root\n`,
    };
  }
  return {
    before: `export class ${capital(name)}Store {\n  readonly #entries = new Map<string, ${capital(name)}Entry>();\n\n  add${capital(other)}(${other}: ${capital(other)}): string {\n`,
    middle: long
      ? `    if (this.#entries.size >= this.limit) this.evict();\n    this.#entries.set(${other}.id, create${capital(name)}Entry(${other}));`
      : `    this.#entries.set(${other}.id, create${capital(name)}Entry(${other}));`,
    after: `\n    return ${other}.id;\n  }\n}\n`,
    context: `export function create${capital(name)}Entry(${other}: ${capital(other)}): ${capital(name)}Entry {\n  return { ${other}, at: ${other}.createdAt };\n}\n`,
  };
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Policies that {@link syntheticResults} has answers of. */
export const SYNTHETIC_POLICIES: readonly PolicySpec[] = [
  {
    name: 'classifier',
    threshold: 0.25,
    label: 'classifier',
    description: 'A logistic regression over the hits and what stands before the cursor.',
  },
  {
    name: 'similarity',
    threshold: 0.28,
    label: 'similarity',
    description: 'The best hit’s Jaccard similarity.',
  },
  {
    name: 'self',
    threshold: 0.3,
    label: 'the model itself',
    description: 'The model’s own probability of the retrieval token.',
  },
];

/** A whole report's input on made-up results. */
export function syntheticInput(options: SyntheticOptions = {}): ReportInput {
  return {
    title: 'Does context from other files pay?',
    model: 'made-up model 0.5B, Q8_0',
    machine: '2 cores, no accelerator',
    command: 'repoformer-eval report --results results.jsonl',
    generatedFrom: ['made-up holes, seed 7'],
    results: syntheticResults(options),
    policies: SYNTHETIC_POLICIES,
    notes: ['These results are made up: they show what a report looks like, and nothing about any model.'],
  };
}
