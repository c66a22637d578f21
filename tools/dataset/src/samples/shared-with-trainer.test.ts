import type { Chunk } from '@repoformer/domain';
import { expect, it } from 'vitest';
import { DEFAULT_RUN_SETTINGS } from '../label/run-settings.js';
import { useEmbeddedModel } from './testing.js';
import { trainingSample } from './training-sample.js';

/** The trainer's test_shared_fixture.py reads the same file, and puts the sources together again from the tokens. */
const FIXTURE = '../../../../test/fixtures/trainer/samples.jsonl';

const { signal } = new AbortController();
const embedded = useEmbeddedModel();

const chunk = (path: string, text: string): Chunk => ({ path, startLine: 0, endLine: 1, score: 0.5, text });

const HOLES = [
  {
    id: 'half-a-word',
    language: 'python',
    prefix: 'def area(shape):\n    return shape.wid',
    middle: 'th * shape.height',
    suffix: '\n\n\ndef other():\n    pass\n',
    chunks: [chunk('lib/shape.py', 'class Shape:\n    width = 2'), chunk('b.py', 'shape.width * 2')],
    suffixFirst: 0,
    retrieve: 1,
  },
  {
    id: 'suffix-first',
    language: 'go',
    prefix: 'package main\n\nfunc main() {\n\tfor i := 0; i < 100; i++ {\n',
    middle: '\t\tprintln(i, "größe", 12345)\n\t}',
    suffix: '\n}\n',
    chunks: [chunk('π/größe.go', 'const größe = "面积 🙂"')],
    suffixFirst: 1,
    retrieve: 0,
  },
  {
    id: 'markers-are-text',
    language: 'javascript',
    prefix: '// <fim_middle> and <|endoftext|>\r\nconst mark = "<cc>',
    middle: '<eof>";',
    suffix: '\r\n',
    chunks: [],
    suffixFirst: 0,
  },
];

it('is what the trainer was tested with', async () => {
  const { model, format } = embedded();
  const { specialTokens } = model.info;
  const names = new Map(Object.entries(specialTokens).map(([text, token]) => [token, text]));
  const textOf = async (tokens: readonly number[]) => {
    const bytes = await model.tokenBytes(Int32Array.from(tokens));
    return Buffer.concat(tokens.map((token, at) => Buffer.from(names.get(token) ?? bytes[at]!))).toString();
  };
  const samples = [];
  for (const { chunks, suffixFirst, ...hole } of HOLES) {
    const sample = await trainingSample({ ...hole, ...OF_ALL }, chunks, {
      ...{ model, format, signal },
      settings: { ...DEFAULT_RUN_SETTINGS, suffixFirst, shortened: 0 },
    });
    const { trunk, context, tail, target } = sample;
    const [read, shown, begun, written] = await Promise.all([trunk, context, tail, target].map(textOf));
    const reads = { trunk: read, context: shown, tail: begun, target: written };
    samples.push({ hole: { ...hole, chunks, suffixFirst }, sample, reads });
  }
  const [retrieveToken, middleToken] = ['<cc>', '<fim_middle>'].map((text) => specialTokens[text]);
  const head = { schema: 1, samples: samples.length, retrieveToken, middleToken };
  const lines = [head, ...samples].map((line) => `${JSON.stringify(line)}\n`);
  await expect(lines.join('')).toMatchFileSnapshot(FIXTURE);
});

const OF_ALL = { repository: 'test', path: 'src/file', kind: 'line_rest' as const };
