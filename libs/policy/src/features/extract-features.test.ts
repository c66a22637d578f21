import type { Chunk } from '@repoformer/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractFeatures } from './extract-features.js';
import {
  CHUNK_FEATURES,
  FEATURE_NAMES,
  HOLE_FEATURES,
  type ChunkFeature,
  type HoleFeature,
} from './feature-names.js';
import { MAX_CHUNKS, type FeatureView } from './feature-view.js';

const chunk = (path: string, score: number, text: string): Chunk => ({
  path,
  startLine: 10,
  endLine: 10 + text.split('\n').length,
  score,
  text,
});

const PREFIX = `import os
from pkg.store import open_store
from . import helpers

def load(path):
    store = open_store(path)
    return store.`;

const view: FeatureView = {
  path: 'src/pkg/load.py',
  language: 'python',
  prefix: PREFIX,
  suffix: '\n\ndef save(path, rows):\n    write_rows(path, rows)\n',
  chunks: [
    chunk('src/pkg/store.py', 0.4, 'def open_store(path):\n    return Store(path)\n\nclass Store:\n    pass'),
    chunk(
      'tests/test_load.py',
      0.25,
      'store = open_store(path)\nstore.read_all()\nstore.close()\nwrite_rows(path, [])',
    ),
  ],
};

/** One feature of a view by name. */
function hole(name: HoleFeature, changes: Partial<FeatureView> = {}): number {
  return extractFeatures({ ...view, ...changes }).hole[HOLE_FEATURES.indexOf(name)]!;
}

function row(at: number, name: ChunkFeature, changes: Partial<FeatureView> = {}): number {
  return extractFeatures({ ...view, ...changes }).chunks[at]![CHUNK_FEATURES.indexOf(name)]!;
}

const before = (prefix: string, language = 'python') => ({ prefix, language });

describe('extractFeatures: the hole', () => {
  it('tells scores and gaps', () => {
    expect([hole('bestScore'), hole('secondScore'), hole('thirdScore')]).toEqual([0.4, 0.25, 0]);
    expect(hole('gapBestSecond')).toBeCloseTo(0.15, 12);
    expect(hole('countAboveFifth')).toBe(2);
    expect(hole('chunkCount', { chunks: [] })).toBe(0);
  });

  it('weighs words by their rarity in the index', () => {
    // Of the query's words only `path` and `store` matter here; `store` is in one window of a thousand.
    const query = { prefix: 'path = store', suffix: '', language: 'python' };
    const of = (text: string, frequencies: [string, number][]) =>
      hole('queryOverlapBest', {
        ...query,
        chunks: [chunk('a.py', 0.3, text)],
        words: { windows: 1000, frequencies: new Map(frequencies) },
      });
    const frequencies: [string, number][] = [
      ['path', 1000],
      ['store', 1],
    ];
    expect(of('path', frequencies)).toBeCloseTo(0, 12);
    expect(of('store', frequencies)).toBeCloseTo(1, 12);
    expect(of('store', [])).toBeCloseTo(0.5, 12);
    expect(hole('queryOverlapBest', { ...query, chunks: [chunk('a.py', 0.3, 'store')] })).toBeCloseTo(
      0.5,
      12,
    );
  });

  it.each<[string, FeatureView['prefix'], HoleFeature, string?]>([
    ['a dot', 'x = client.', 'afterDot'],
    ['a word after a dot', 'x = client.fe', 'afterDot'],
    ['an arrow', 'x = client->', 'afterDot', 'cpp'],
    ['a call', 'connect(', 'afterParenthesis'],
    ['a further argument', 'connect(a, ', 'afterComma'],
    ['an index', 'a[', 'afterBracket'],
    ['an assignment', 'a = ', 'afterAssignment'],
    ['a block', 'def f(x):', 'afterColon'],
    ['return', '    return ', 'afterReturn'],
    ['import', 'from a import ', 'afterImport'],
    ['def', 'class ', 'afterDefinition'],
    ['if', 'if ', 'afterOtherKeyword'],
    ['a line', 'a = 1\n    ', 'atLineStart'],
    ['a file', '', 'atLineStart'],
  ])('knows what stands before the cursor: %s', (_, prefix, name, language = 'python') => {
    const kinds = HOLE_FEATURES.filter((each) => /^(after|atLineStart)/.test(each));
    const set = kinds.filter((each) => hole(each, before(prefix, language)) === 1);
    expect(set).toEqual([name]);
  });

  it('tells a comparison from an assignment, and a keyword from the beginning of a name', () => {
    expect(hole('afterAssignment', before('a == '))).toBe(0);
    expect(hole('afterReturn', before('return'))).toBe(0);
    expect(hole('insideWord', before('return'))).toBe(1);
  });

  it('counts brackets of the line and of the statement', () => {
    expect(hole('lineDepth', before('f(g(1), [2, '))).toBe(2);
    expect(hole('statementDepth', before('f(\n  g(1),\n  '))).toBe(1);
    expect(hole('lineDepth', before('f(\n  g(1),\n  '))).toBe(0);
  });

  it('measures indentation against the line above', () => {
    expect(hole('indentation', before('def f():\n        '))).toBe(2);
    expect(hole('indentationChange', before('def f():\n        '))).toBe(2);
    expect(hole('indentationChange', before('\t\tx()\n\n\t'))).toBe(-1);
    expect(hole('previousOpensBlock', before('if x:\n'))).toBe(1);
    expect(hole('previousDefines', before('def f(x):\n'))).toBe(1);
  });

  it('finds identifiers that the file leaves open, and the chunks that resolve them', () => {
    const prefix = 'import os\n\nrows = []\nresult = merge_rows(rows, os, SPECIAL)\n';
    const chunks = [chunk('b.py', 0.3, 'def merge_rows(a, b):\n    pass'), chunk('c.py', 0.2, 'x = SPECIAL')];
    const at = { prefix, suffix: '', chunks };
    // `rows` and `result` are defined by the lines themselves.
    expect(hole('unresolvedCount', at)).toBe(2);
    expect(hole('unresolvedInChunks', at)).toBe(2);
    expect(hole('unresolvedDefinedInChunks', at)).toBe(1);
    expect(hole('unresolvedCount', { ...at, suffix: '\nmerge_rows()' })).toBe(1);
    expect([row(0, 'unresolvedDefinedNew', at), row(1, 'unresolvedNew', at)]).toEqual([1, 1]);
  });

  it('looks for names, as whole words, in what a prompt holds of the file', () => {
    const filler = 'value = 1\n';
    const end = `\n\n\nuse_it(far_name)\n`;
    const at = (head: string, tail = '', lines = 10) =>
      hole('unresolvedCount', {
        prefix: `${head}\n${filler.repeat(lines)}${end}`,
        suffix: `\n${filler.repeat(lines)}${tail}`,
        chunks: [],
      });
    expect(at('')).toBe(2);
    expect(at('far_name = 2')).toBe(1);
    expect(at('not_far_name = 2')).toBe(2);
    expect(at('', 'use_it')).toBe(1);
    // What is further away comes as context, if it comes.
    expect(at('far_name = 2', 'use_it', 200)).toBe(2);
  });

  it.each<[string, string, string, string, number]>([
    ['python', 'src/pkg/load.py', 'from pkg.store import x', 'src/pkg/store.py', 1],
    ['python', 'src/pkg/load.py', 'from .store import (\n  a,\n  b,\n)', 'src/pkg/store.py', 1],
    ['python', 'src/pkg/load.py', 'from . import store', 'src/pkg/store.py', 1],
    ['python', 'src/pkg/load.py', 'from pkg import store', 'src/pkg/store.py', 1],
    ['python', 'src/pkg/load.py', 'import pkg.store as s, os', 'src/pkg/store.py', 1],
    ['python', 'src/pkg/load.py', 'from pkg.sub import x', 'src/pkg/sub/__init__.py', 1],
    ['python', 'src/pkg/load.py', 'from other.store import x', 'src/pkg/store.py', 0],
    ['typescript', 'src/a.ts', "import { b } from './lib/b.js';", 'src/lib/b.ts', 1],
    ['typescript', 'src/a.ts', "import type {\n  B,\n} from '../lib';", 'src/lib/index.ts', 1],
    ['javascript', 'src/a.js', "const b = require('./b')", 'src/b.js', 1],
    ['typescript', 'src/a.ts', "import fs from 'node:fs';", 'src/b.ts', 0],
    ['rust', 'src/main.rs', 'use crate::store::{Reader, Writer};', 'src/store.rs', 1],
    ['java', 'src/com/acme/A.java', 'import com.acme.Widget;', 'src/com/acme/Widget.java', 1],
    ['c', 'src/a.c', '#include "widget.h"', 'src/widget.h', 1],
    ['go', 'a/a.go', 'import "acme.com/m/widget"', 'm/widget/index.go', 1],
  ])('%s: knows that %s imports a hit (%s)', (language, path, line, hit, expected) => {
    const at = { language, path, prefix: `${line}\n\nx = `, chunks: [chunk(hit, 0.3, 'text')] };
    expect(hole('importedAny', at)).toBe(expected);
  });

  it('measures how well the file, and how well the chunks, go on from the last words', () => {
    const prefix = 'read one two\nread one three\nread one ';
    const chunks = [chunk('b.py', 0.3, 'a three read one four')];
    const at = { prefix, suffix: '\none', chunks };
    expect(hole('matchWordsPrefix', at)).toBe(2);
    expect(hole('matchWordsSuffix', at)).toBe(1);
    expect(hole('matchWordsChunks', at)).toBe(3);
    expect(hole('matchAdvantage', at)).toBe(1);
    // The word under construction is not part of the match.
    expect(hole('matchWordsChunks', { ...at, prefix: `${prefix}fo` })).toBe(3);
    expect(hole('partialCompletions', { ...at, prefix: `${prefix}fo` })).toBeCloseTo(Math.log1p(1), 12);
  });

  it('sees members of the receiver, the callee, and lines that go on from what is typed', () => {
    expect(hole('receiverMembersMax')).toBeCloseTo(Math.log1p(2), 12);
    expect(hole('receiverKnown')).toBe(1);
    const call = { prefix: 'x = open_store(a, ' };
    expect([hole('calleeInChunks', call), hole('calleeDefinedInChunks', call)]).toEqual([1, 1]);
    expect(hole('startsWithTypedAny', { prefix: 'def load(path):\n    store = op' })).toBe(1);
    expect(hole('startsWithTypedFile', { prefix: `${PREFIX}x\n    ret` })).toBe(1);
    expect(hole('hasPreviousLineAny', { prefix: '    store = open_store(path)\n    ' })).toBe(1);
  });

  it('counts what the chunks bring that the file has not', () => {
    const at = {
      prefix: 'alpha beta\n',
      suffix: '\ngamma',
      chunks: [chunk('b.py', 0.3, 'alpha gamma delta epsilon')],
    };
    expect(hole('noveltyAll', at)).toBeCloseTo(0.5, 12);
    expect(hole('logNovelIdentifiers', at)).toBeCloseTo(Math.log(3), 12);
  });

  it('takes token counts when they are given', () => {
    expect(hole('logContextTokens', { contextTokens: 99 })).toBeCloseTo(Math.log(100), 12);
    expect(hole('logContextTokens', { chunkTokens: [40, 59] })).toBeCloseTo(Math.log(100), 12);
    expect(row(1, 'logTokens', { chunkTokens: [40, 59] })).toBeCloseTo(Math.log(60), 12);
  });
});

describe('extractFeatures: the chunks', () => {
  it('counts what earlier chunks said as known', () => {
    const chunks = [
      chunk('a/x.py', 0.5, 'alpha beta'),
      chunk('a/x.py', 0.3, 'alpha gamma'),
      chunk('b/y.py', 0.2, 'alpha'),
    ];
    const at = { prefix: 'q\n', suffix: '', chunks };
    expect([0, 1, 2].map((index) => row(index, 'noveltyNew', at))).toEqual([1, 0.5, 0]);
    expect([0, 1, 2].map((index) => row(index, 'redundancy', at))).toEqual([0, 0.5, 1]);
    expect([0, 1, 2].map((index) => row(index, 'sameFileAsEarlier', at))).toEqual([0, 1, 0]);
    expect([0, 1, 2].map((index) => row(index, 'rank', at))).toEqual([0, 1, 2]);
    expect(row(1, 'gapToPrevious', at)).toBeCloseTo(0.2, 12);
    expect(row(2, 'gapToBest', at)).toBeCloseTo(0.3, 12);
  });

  it('knows neighbours by path', () => {
    const chunks = [chunk('src/pkg/store.py', 0.3, 'a'), chunk('src/other/load_test.py', 0.2, 'b')];
    expect([row(0, 'sameDirectory', { chunks }), row(1, 'sameDirectory', { chunks })]).toEqual([1, 0]);
    expect(row(1, 'directoryDistance', { chunks })).toBe(2);
    expect(row(1, 'sharedNameParts', { chunks })).toBe(0.5);
  });

  it(`gives rows for the first ${MAX_CHUNKS} only`, () => {
    const chunks = Array.from({ length: 10 }, (_, at) => chunk(`f${at}.py`, 0.5 - at / 100, 'a'));
    expect(extractFeatures({ ...view, chunks }).chunks).toHaveLength(MAX_CHUNKS);
    expect(hole('chunkCount', { chunks })).toBe(MAX_CHUNKS);
  });
});

describe('extractFeatures: any input', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 300, unit: 'binary' }),
    fc
      .array(
        fc.constantFrom(
          'import ',
          'from ',
          'def ',
          '(',
          ')',
          '{',
          '\n',
          '\r\n',
          '\t',
          'name',
          '.',
          '"',
          "'",
          '=',
          'größe',
          '\ud800',
          ' ',
        ),
        {
          maxLength: 120,
        },
      )
      .map((parts) => parts.join('')),
  );
  const anyChunk = fc.record({
    path: text,
    startLine: fc.nat(),
    endLine: fc.nat(),
    score: fc.oneof(fc.double(), fc.constant(NaN)),
    text,
  });

  it('is described by finite values, one a name, the same each time', () => {
    fc.assert(
      fc.property(
        text,
        fc.constantFrom('python', 'typescript', 'rust', ''),
        text,
        text,
        fc.array(anyChunk, { maxLength: 6 }),
        fc.option(fc.nat(), { nil: undefined }),
        (path, language, prefix, suffix, chunks, windows) => {
          const words =
            windows === undefined ? {} : { words: { windows, frequencies: new Map([['name', windows]]) } };
          const input: FeatureView = { path, language, prefix, suffix, chunks, ...words };
          const features = extractFeatures(input);
          expect(features.hole).toHaveLength(FEATURE_NAMES.hole.length);
          expect(features.chunks).toHaveLength(Math.min(MAX_CHUNKS, chunks.length));
          for (const each of features.chunks) expect(each).toHaveLength(FEATURE_NAMES.chunk.length);
          for (const values of [features.hole, ...features.chunks])
            expect(values.every(Number.isFinite)).toBe(true);
          expect(extractFeatures(input)).toEqual(features);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('does not depend on what lies beyond the parts that are looked at', () => {
    const middle = 'value = compute(1)\n'.repeat(2_000);
    const of = (head: string) => {
      const { hole: values } = extractFeatures({ ...view, prefix: head + middle + PREFIX });
      return values;
    };
    expect(of('x'.repeat(10) + '\n')).toEqual(of('y'.repeat(10) + '\n'));
  });

  it('names each feature once', () => {
    for (const names of [FEATURE_NAMES.hole, FEATURE_NAMES.chunk])
      expect(new Set(names).size).toBe(names.length);
  });
});
