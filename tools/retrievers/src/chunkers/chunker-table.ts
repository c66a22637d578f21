import { DEFAULT_WINDOW_OPTIONS } from '@repoformer/retrieval';
import type { SyntaxCache } from '../corpus/syntax-cache.js';
import type { Chunker } from '../ports.js';
import { blankLineBlocks, blocksByIndentation } from './line-blocks.js';
import { fixedWindows } from './fixed-windows.js';
import { syntaxBlocks } from './syntax-blocks.js';
import { withSignatures } from './with-signatures.js';

/** By the name that the command line knows; the first is the daemon's. */
export const CHUNKERS = {
  'windows-20': () => fixedWindows(DEFAULT_WINDOW_OPTIONS),
  'windows-10': () => fixedWindows({ windowLines: 10, strideLines: 5 }),
  'blank-lines-20': () => blankLineBlocks(20),
  'indented-20': () => blocksByIndentation(20),
  'syntax-20': (cache: SyntaxCache) => syntaxBlocks(20, cache),
  'syntax-10': (cache: SyntaxCache) => syntaxBlocks(10, cache),
  'syntax-20-signatures': (cache: SyntaxCache) => withSignatures(syntaxBlocks(20, cache), cache),
} as const satisfies Record<string, (cache: SyntaxCache) => Chunker>;

export type ChunkerName = keyof typeof CHUNKERS;

export const CHUNKER_NAMES = Object.keys(CHUNKERS) as ChunkerName[];
