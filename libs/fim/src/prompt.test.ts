import type { Chunk } from '@repoformer/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describePrompt } from './describe-prompt.js';
import { FAMILY_TABLE } from './family-table.js';
import { resolveFormat, suffixFirst, type FimFormat } from './format.js';
import { anchorHole } from './hole.js';
import {
  assembleDecision,
  assemblePrompt,
  assembleShared,
  copyingOf,
  type CopySources,
  prepareContext,
  prepareParts,
} from './prompt.js';
import { WordTokenizer } from './testing.js';

const BUDGETS = { prefixTokens: 200, suffixTokens: 100, contextTokens: 200 };
const CHUNKS: Chunk[] = [
  { path: 'lib/best.py', startLine: 0, endLine: 2, score: 0.9, text: 'def best():\n\n    return 1' },
  { path: 'lib/next.py', startLine: 4, endLine: 5, score: 0.5, text: 'NEXT = 2' },
];
const QWEN = [
  '<|fim_prefix|>',
  '<|fim_suffix|>',
  '<|fim_middle|>',
  '<|file_sep|>',
  '<|repo_name|>',
  '<|endoftext|>',
];
const NANO = ['<|endoftext|>', '<fim_prefix>', '<fim_middle>', '<fim_suffix>', '<eof>', '<cc>', '<file_sep>'];

async function prompts(
  tokenizer: WordTokenizer,
  format: FimFormat,
  prefix = 'import os\nx = be',
  suffix = '\nprint(x)\n',
) {
  const source = {
    hole: anchorHole(prefix, suffix),
    path: 'app/main.py',
    language: 'python',
    repositoryName: 'demo',
  };
  const parts = await prepareParts(format, source, BUDGETS, tokenizer);
  const context = await prepareContext(format, CHUNKS, 'python', BUDGETS.contextTokens, tokenizer);
  return {
    parts,
    none: tokenizer.read(assemblePrompt(format, parts)),
    with: tokenizer.read(assemblePrompt(format, parts, context)),
    shared: tokenizer.read(assembleShared(format, parts)),
    decision: tokenizer.read(assembleDecision(format, parts)),
  };
}

describe('copyingOf', () => {
  it('names what a model is helped to copy from: all that is at hand, or only what it does not read', async () => {
    const tokenizer = new WordTokenizer(QWEN);
    const format = resolveFormat(tokenizer.info());
    const { parts } = await prompts(tokenizer, format);
    const context = await prepareContext(format, CHUNKS, 'python', BUDGETS.contextTokens, tokenizer);
    const read = (tokens?: Int32Array) => tokenizer.read(tokens!);
    const shown = context.chunks.map(({ text }) => `${text}\n`);
    const from = (source: 'unread' | 'everything', sources: CopySources) =>
      copyingOf({ copying: { weight: 0.3, from: source } }, parts, sources).copying;

    const all = from('everything', { context });
    expect(all).toMatchObject({ weight: 0.3, copiesItself: true });
    expect(read(all?.before)).toBe('import os\nx =');
    expect(all?.passages.map(read)).toEqual(['\nprint(x)\n', ...shown]);
    expect(from('everything', { unread: context })).toEqual(all);
    expect(from('everything', {})?.passages.map(read)).toEqual(['\nprint(x)\n']);

    const unread = from('unread', { unread: context });
    expect(unread).toMatchObject({ weight: 0.3, copiesItself: false });
    expect(unread?.passages.map(read)).toEqual(shown);
    expect(from('unread', { context })).toBeUndefined();
    expect(copyingOf({}, parts, { context })).toEqual({});
  });
});

describe('prompts', () => {
  it('writes Qwen with context after the suffix, the best chunk nearest the hole', async () => {
    const tokenizer = new WordTokenizer(QWEN);
    const format = resolveFormat(tokenizer.info());
    const prompt = await prompts(tokenizer, format);
    expect(format).toMatchObject({ family: 'qwen2.5-coder', placement: 'after-suffix', sharesPrefix: true });
    expect(prompt.shared).toBe('<|fim_prefix|>import os\n<|fim_suffix|>\nprint(x)\n');
    expect(prompt.none).toBe(`${prompt.shared}<|fim_middle|>x =`);
    expect(prompt.with).toBe(
      `${prompt.shared}\n\n# lib/next.py\nNEXT = 2\n\n\n# lib/best.py\ndef best():\n\n    return 1\n<|fim_middle|>x =`,
    );
    expect(new TextDecoder().decode(prompt.parts.forcedBytes)).toBe(' be');
  });

  it('describes a prompt part by part', async () => {
    const tokenizer = new WordTokenizer(NANO);
    const format = resolveFormat(tokenizer.info());
    const source = {
      hole: anchorHole('a\nx = be', 'c'),
      path: 'p.py',
      language: 'python',
      repositoryName: '',
    };
    const parts = await prepareParts(format, source, BUDGETS, tokenizer);
    const context = await prepareContext(format, [CHUNKS[1]!], 'python', 100, tokenizer);
    const report = await describePrompt(format, parts, context, tokenizer);
    expect(report.parts.map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
      'marker: <fim_prefix>',
      'prefix: a\n',
      'marker: <fim_suffix>',
      'suffix: c',
      'marker: <eof>',
      'marker: <cc>',
      'context: <file_sep># lib/next.py\nNEXT = 2\n',
      'marker: <fim_middle>',
      'typed: x = be',
    ]);
    const total = report.parts.reduce((sum, part) => sum + part.tokens, 0);
    expect(total).toBe(assemblePrompt(format, parts, context).length);
  });

  it('writes the repository format of Qwen', async () => {
    const tokenizer = new WordTokenizer(QWEN);
    const prompt = await prompts(tokenizer, resolveFormat(tokenizer.info(), { placement: 'repository' }));
    expect(prompt.with).toBe(
      '<|repo_name|>demo\n<|file_sep|>lib/next.py\nNEXT = 2\n<|file_sep|>lib/best.py\ndef best():\n\n    return 1\n' +
        '<|file_sep|>app/main.py\n<|fim_prefix|>import os\n<|fim_suffix|>\nprint(x)\n<|fim_middle|>x =',
    );
  });

  it("writes Repoformer's layout: the decision stands after <eof>, the context between <cc> and the hole", async () => {
    const tokenizer = new WordTokenizer(NANO);
    const format = resolveFormat(tokenizer.info());
    const prompt = await prompts(tokenizer, format);
    expect(format.decisionToken).toBe(NANO.indexOf('<cc>'));
    expect(prompt.shared).toBe('<fim_prefix>import os\n<fim_suffix>\nprint(x)\n<eof>');
    expect(prompt.none).toBe(`${prompt.shared}<fim_middle>x =`);
    expect(prompt.with).toBe(
      `${prompt.shared}<cc><file_sep># lib/next.py\nNEXT = 2\n<file_sep># lib/best.py\ndef best():\n\n    return 1\n<fim_middle>x =`,
    );
  });

  it('writes the suffix in front where a model learns both orders', async () => {
    const tokenizer = new WordTokenizer(NANO);
    const prompt = await prompts(tokenizer, suffixFirst(resolveFormat(tokenizer.info())));
    expect(prompt.decision).toBe('<fim_suffix>\nprint(x)\n<fim_prefix>import os\n<eof>');
    expect(prompt.none).toBe(`${prompt.decision}<fim_middle>x =`);
    expect(prompt.with).toMatch(/^<fim_suffix>\nprint\(x\)\n<fim_prefix>import os\n<eof><cc><file_sep># lib/);
    const codestral = new WordTokenizer(['[SUFFIX]', '[PREFIX]']);
    expect(() => suffixFirst(resolveFormat(codestral.info()))).toThrow(/prefix first/);
  });

  it('reads the spelling of the published weights, with comments as context', async () => {
    const tokenizer = new WordTokenizer([
      '<fim_prefix>',
      '<fim_middle>',
      '<fim_suffix>',
      '<end_rc>',
      '<cfc_info>',
    ]);
    const format = resolveFormat(tokenizer.info());
    const prompt = await prompts(tokenizer, format);
    expect(format.family).toBe('repoformer-starcoder');
    expect(prompt.with).toContain(
      '<end_rc><cfc_info># Below are some relevant lines of lib/best.py:\n# def best():\n#     return 1\n',
    );
  });

  it("writes Repoformer's layout with tokens that Qwen has to spare, only where a model is named so", async () => {
    const tokenizer = new WordTokenizer(QWEN);
    const format = resolveFormat(tokenizer.info(), { family: 'repoformer-qwen' });
    const prompt = await prompts(tokenizer, format);
    expect(format.decisionToken).toBe(QWEN.indexOf('<|repo_name|>'));
    expect(prompt.shared).toBe('<|fim_prefix|>import os\n<|fim_suffix|>\nprint(x)\n<|file_sep|>');
    expect(prompt.none).toBe(`${prompt.shared}<|fim_middle|>x =`);
    expect(prompt.with).toMatch(/<\|file_sep\|><\|repo_name\|>\n\n# lib\/next\.py\n.*<\|fim_middle\|>x =$/s);
    const named = (name: string) => resolveFormat(tokenizer.info({ name })).family;
    expect(named('repoformer-qwen2.5-coder-0.5b')).toBe('repoformer-qwen');
    expect(named("Qwen2.5-Coder 0.5B Instruct (Q4_K_M) with Repoformer's adapter, merged")).toBe(
      'qwen2.5-coder',
    );
  });

  it('writes prefix-only prompts for a model without markers', async () => {
    const tokenizer = new WordTokenizer([]);
    const format = resolveFormat(tokenizer.info());
    const prompt = await prompts(tokenizer, format);
    expect(format).toMatchObject({ family: 'prefix-only', sharesPrefix: false });
    expect(prompt.none).toBe('import os\nx =');
    expect(prompt.with.endsWith('# NEXT = 2\nimport os\nx =')).toBe(true);
  });

  it('puts the suffix first for an SPM family', async () => {
    const tokenizer = new WordTokenizer(['<[fim-prefix]>', '<[fim-suffix]>', '<[fim-middle]>']);
    const prompt = await prompts(tokenizer, resolveFormat(tokenizer.info()));
    expect(prompt.none).toBe('<[fim-suffix]>\nprint(x)\n<[fim-prefix]>import os\n<[fim-middle]>x =');
  });

  it.each(
    FAMILY_TABLE.flatMap(({ family, requires }) =>
      Object.keys(family.placements).map((placement) => ({ family, requires, placement })),
    ),
  )(
    '$family.name, $placement: holds prefix, suffix and typed text once, and context only when given',
    async ({ family, requires, placement }) => {
      const extra = family.placements[placement as 'repository']!.elements.flatMap((element) =>
        typeof element === 'object' && 'marker' in element ? [element.marker] : [],
      );
      const tokenizer = new WordTokenizer([...new Set([...requires, ...extra])]);
      const format = resolveFormat(tokenizer.info(), {
        family: family.name,
        placement: placement as 'repository',
      });
      const prompt = await prompts(tokenizer, format, 'ABOVE\nTYPED ', '\nBELOW\n');
      for (const text of [prompt.none, prompt.with]) {
        for (const part of ['ABOVE', 'TYPED', 'BELOW'])
          expect(text.split(part).length, `${part} in ${text}`).toBe(2);
      }
      expect(prompt.none).not.toContain('NEXT');
      expect(prompt.with).toContain('NEXT');
      expect(prompt.with.startsWith(prompt.shared)).toBe(true);
      expect(prompt.none.startsWith(prompt.shared)).toBe(true);
      if (format.sharesPrefix) {
        expect(prompt.shared).toContain('BELOW');
        expect(prompt.decision).toBe(prompt.shared);
      }
      expect(prompt.none.startsWith(prompt.decision)).toBe(true);
    },
  );

  it('never lets a marker in user or retrieved text become a special token', async () => {
    const tokenizer = new WordTokenizer(QWEN);
    const format = resolveFormat(tokenizer.info());
    const hole = anchorHole('a <|fim_middle|>\nb <|fim_suffix|>', '<|endoftext|>');
    const parts = await prepareParts(
      format,
      { hole, path: 'p', language: '', repositoryName: '' },
      BUDGETS,
      tokenizer,
    );
    const chunks = [{ ...CHUNKS[0]!, path: '<|file_sep|>.py', text: '<|fim_middle|>' }];
    const context = await prepareContext(format, chunks, '', 100, tokenizer);
    const special = [...assemblePrompt(format, parts, context)]
      .filter((id) => id < QWEN.length)
      .map((id) => QWEN[id]);
    expect(special).toEqual(['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>']);
  });
});

describe('budgets', () => {
  it('are kept, and the kept prefix ends where the text ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[a-z ]{0,30}$/), { maxLength: 120 }),
        fc.integer({ min: 1, max: 150 }),
        async (lines, budget) => {
          const tokenizer = new WordTokenizer(QWEN);
          const format = resolveFormat(tokenizer.info());
          const text = lines.map((line) => `${line}\n`).join('');
          const source = { hole: anchorHole(text, text), path: '', language: '', repositoryName: '' };
          const parts = await prepareParts(
            format,
            source,
            { prefixTokens: budget, suffixTokens: budget, contextTokens: 0 },
            tokenizer,
          );
          expect(parts.prefix.length).toBeLessThanOrEqual(budget);
          expect(parts.suffix.length).toBeLessThanOrEqual(budget);
          expect(text.endsWith(tokenizer.read(parts.prefix))).toBe(true);
          expect(text.startsWith(tokenizer.read(parts.suffix))).toBe(true);
          const all = (await tokenizer.tokenize([text]))[0]!;
          if (all.length <= budget) expect(tokenizer.read(parts.prefix)).toBe(text);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('keep the cut of the prefix where it is while lines are added', async () => {
    const tokenizer = new WordTokenizer(QWEN);
    const format = resolveFormat(tokenizer.info());
    const starts = new Set<string>();
    for (let count = 200; count < 208; count++) {
      const text = Array.from({ length: count }, (_, line) => `line${line} = value${line}\n`).join('');
      const source = { hole: anchorHole(text, ''), path: '', language: '', repositoryName: '' };
      const parts = await prepareParts(format, source, BUDGETS, tokenizer);
      starts.add(tokenizer.read(parts.prefix).slice(0, 10));
    }
    expect(starts.size).toBeLessThanOrEqual(4);
  });

  it('fill the context with whole chunks, then with whole lines of the next', async () => {
    const tokenizer = new WordTokenizer(QWEN);
    const format = resolveFormat(tokenizer.info());
    const long = {
      ...CHUNKS[0]!,
      path: 'long.py',
      text: Array.from({ length: 40 }, (_, i) => `a${i} = b${i}`).join('\n'),
      endLine: 40,
    };
    const context = await prepareContext(format, [CHUNKS[1]!, long, CHUNKS[0]!], 'python', 60, tokenizer);
    expect(context.tokens.length).toBeLessThanOrEqual(60);
    expect(context.chunks.map((chunk) => chunk.path)).toEqual(['long.py', 'lib/next.py']);
    const [shortened] = context.chunks;
    expect(shortened!.endLine - shortened!.startLine).toBe(shortened!.text.split('\n').length);
    expect(long.text.startsWith(shortened!.text)).toBe(true);
    const oneMore = `\n\n# long.py\n${long.text.split('\n', shortened!.endLine + 1).join('\n')}\n`;
    const [tokens] = await tokenizer.tokenize([oneMore]);
    expect(context.tokens.length).toBeGreaterThan(40);
    expect(
      tokens!.length + (await prepareContext(format, [CHUNKS[1]!], 'python', 60, tokenizer)).tokens.length,
    ).toBeGreaterThan(60);
  });

  it('show no part of a line', async () => {
    const tokenizer = new WordTokenizer(QWEN);
    const format = resolveFormat(tokenizer.info());
    const wide = { ...CHUNKS[0]!, text: `first = 1\nsecond = ${'x'.repeat(1000)}`, endLine: 2 };
    const context = await prepareContext(format, [wide], 'python', 60, tokenizer);
    expect(context.chunks.map((chunk) => [chunk.text, chunk.endLine])).toEqual([['first = 1', 1]]);
    const only = { ...wide, text: wide.text.slice(10) };
    expect((await prepareContext(format, [only], 'python', 60, tokenizer)).chunks).toEqual([]);
  });
});

it('tokenises no more of large chunks than could fit', async () => {
  const tokenizer = new WordTokenizer(QWEN);
  const format = resolveFormat(tokenizer.info());
  let seen = 0;
  const counting = {
    tokenBytes: tokenizer.tokenBytes,
    tokenize: (texts: readonly string[]) => {
      seen += texts.reduce((sum, text) => sum + text.length, 0);
      return tokenizer.tokenize(texts);
    },
  };
  const huge = Array.from({ length: 50 }, (_, at) => ({
    ...CHUNKS[0]!,
    path: `${at}.py`,
    text: 'some words\n'.repeat(20_000),
  }));
  const context = await prepareContext(format, huge, 'python', 100, counting);
  expect(context.tokens.length).toBeGreaterThan(50);
  expect(context.tokens.length).toBeLessThanOrEqual(100);
  expect(seen).toBeLessThan(20_000);
});

describe('resolveFormat', () => {
  it('refuses a family whose marker the model lacks, naming the marker', () => {
    const tokenizer = new WordTokenizer(['<fim_prefix>']);
    expect(() => resolveFormat(tokenizer.info(), { family: 'starcoder' })).toThrow(/<fim_suffix>/);
  });

  it('refuses an unknown family, naming the known ones', () => {
    expect(() => resolveFormat(new WordTokenizer().info(), { family: 'gpt-9' })).toThrow(/qwen2\.5-coder/);
  });

  it('uses the markers that the file itself names', () => {
    const format = resolveFormat(
      new WordTokenizer().info({ fimTokens: { prefix: 7, suffix: 8, middle: 9 } }),
    );
    expect(format.family).toBe('metadata');
    expect([...format.markers.values()]).toEqual([7, 8, 9]);
  });

  it('tells families apart that share tokens', () => {
    const tokens = ['<fim_prefix>', '<fim_suffix>', '<fim_middle>', '<filename>', '<reponame>'];
    const named = (name: string) =>
      resolveFormat(new WordTokenizer(tokens).info({ metadata: { name } })).family;
    expect(named('Mellum 4b')).toBe('mellum');
    expect(named('Refact 1.6B')).toBe('refact');
    expect(named('StarCoder')).toBe('starcoder');
  });
});
