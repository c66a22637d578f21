import type { Chunk, Copying, ModelInfo } from '@repoformer/domain';
import { CHARS_PER_TOKEN, keepEnd, keepStart, type Tokenize } from './budget.js';
import { chunkHeader, fill, renderChunk } from './context.js';
import type { Element } from './family.js';
import type { FimFormat } from './format.js';
import { splitTyped, type Hole } from './hole.js';

/** Most tokens of each part of a prompt. */
export interface TokenBudgets {
  readonly prefixTokens: number;
  readonly suffixTokens: number;
  readonly contextTokens: number;
}

/** The parts of a prompt that do not depend on retrieval, in tokens. */
export interface PromptParts {
  readonly prefix: Int32Array;
  readonly suffix: Int32Array;
  /** Tokens of what is typed on the line, up to a safe boundary. */
  readonly typed: Int32Array;
  /** Bytes typed beyond it; generation must begin with them. */
  readonly forcedBytes: Uint8Array;
  readonly literals: ReadonlyMap<string, Int32Array>;
}

/** Retrieved context in tokens: the chunks that fit, in prompt order. */
export interface PromptContext {
  readonly chunks: readonly Chunk[];
  /** Lines of a completion that would only repeat a chunk's header. */
  readonly headers: readonly string[];
  readonly tokens: Int32Array;
  /** Of the code alone, a passage each chunk. */
  readonly passages: readonly Int32Array[];
}

/** What may be copied from besides the file itself. */
export interface CopySources {
  /** In the prompt. */
  readonly context?: PromptContext;
  /** Retrieved, but not in the prompt. */
  readonly unread?: PromptContext;
}

export interface PromptSource {
  readonly hole: Hole;
  readonly path: string;
  readonly language: string;
  /** Name of the repository, for families whose format has it. */
  readonly repositoryName: string;
}

export interface TokenSource {
  tokenize(texts: readonly string[]): Promise<Int32Array[]>;
  tokenBytes(tokens: Int32Array): Promise<Uint8Array[]>;
}

/** Tokenises what stands around the hole, cut to its budgets. Markers inside the text stay plain text. */
export async function prepareParts(
  format: FimFormat,
  source: PromptSource,
  budgets: TokenBudgets,
  model: TokenSource,
): Promise<PromptParts> {
  const { hole } = source;
  const literals = literalTexts(format, source);
  const tokenize: Tokenize = (texts) => model.tokenize(texts);
  const [prefix, suffix, [typed, ...literalTokens]] = await Promise.all([
    keepEnd(hole.above, budgets.prefixTokens, tokenize),
    keepStart(hole.suffix, budgets.suffixTokens, tokenize),
    // A line of megabytes is typed by nobody: its end is enough.
    model.tokenize([hole.typed.slice(-MAX_TYPED_CHARS), ...literals.values()]),
  ]);
  const { kept, forcedBytes } = splitTyped(
    hole.typed.slice(-MAX_TYPED_CHARS),
    typed!,
    await model.tokenBytes(typed!),
  );
  return {
    prefix,
    suffix,
    typed: kept,
    forcedBytes,
    literals: new Map([...literals.keys()].map((key, index) => [key, literalTokens[index]!])),
  };
}

const MAX_TYPED_CHARS = 2000;

/**
 * Fits chunks, best first, into the budget: whole chunks while they fit, then the first lines of the next one.
 * Returns them in prompt order.
 */
export async function prepareContext(
  format: FimFormat,
  chunks: readonly Chunk[],
  language: string,
  budgetTokens: number,
  model: TokenSource,
): Promise<PromptContext> {
  const style = format.withContext.chunk;
  const separator = style.separator === undefined ? [] : [format.markers.get(style.separator)!];
  const candidates = withinReach(chunks, budgetTokens);
  const headers = candidates.map(({ path }) => chunkHeader(path, style, language));
  const texts = candidates.map((chunk) => renderChunk(chunk, style, language));
  const tokenized = await model.tokenize([...texts, ...headers]);
  const rendered = tokenized.slice(0, texts.length);
  const fitted: { chunk: Chunk; tokens: Int32Array; passage: Int32Array; header: string }[] = [];
  let left = budgetTokens;
  for (const [index, chunk] of candidates.entries()) {
    const whole = { chunk, tokens: Int32Array.of(...separator, ...rendered[index]!) };
    const part = whole.tokens.length <= left ? whole : await firstLinesOf(chunk, left);
    if (part) {
      const inFront = separator.length + tokenized[texts.length + index]!.length;
      fitted.push({ ...part, passage: part.tokens.subarray(inFront), header: headers[index]!.trim() });
      left -= part.tokens.length;
    }
    if (part !== whole) break;
  }
  if (style.order === 'best-last') fitted.reverse();
  return {
    chunks: fitted.map(({ chunk }) => chunk),
    headers: fitted.map(({ header }) => header),
    tokens: concat(fitted.map(({ tokens }) => tokens)),
    passages: fitted.map(({ passage }) => passage),
  };

  async function firstLinesOf(
    chunk: Chunk,
    budget: number,
  ): Promise<{ chunk: Chunk; tokens: Int32Array } | undefined> {
    const lines = chunk.text.split('\n');
    let best: { chunk: Chunk; tokens: Int32Array } | undefined;
    for (let least = 1, most = lines.length - 1; least <= most;) {
      const count = (least + most) >> 1;
      const shorter = firstLines(chunk, lines, count);
      const [tokens] = await model.tokenize([renderChunk(shorter, style, language)]);
      const fits = tokens!.length + separator.length <= budget;
      if (fits) {
        best = { chunk: shorter, tokens: Int32Array.of(...separator, ...tokens!) };
        least = count + 1;
      } else {
        most = count - 1;
      }
    }
    return best;
  }
}

function firstLines(chunk: Chunk, lines: readonly string[], count: number): Chunk {
  return { ...chunk, endLine: chunk.startLine + count, text: lines.slice(0, count).join('\n') };
}

/** The first chunks, and of the last its first lines, that could fit at all: the rest need not be tokenised. */
function withinReach(chunks: readonly Chunk[], budgetTokens: number): Chunk[] {
  const reach: Chunk[] = [];
  let chars = budgetTokens * CHARS_PER_TOKEN;
  for (const chunk of chunks) {
    if (chunk.text.length > chars) {
      const lines = chunk.text.slice(0, chars).split('\n').slice(0, -1);
      if (lines.length > 0) reach.push(firstLines(chunk, lines, lines.length));
      break;
    }
    reach.push(chunk);
    chars -= chunk.text.length;
  }
  return reach;
}

/** A whole prompt as token ids: with context, or without. */
export function assemblePrompt(format: FimFormat, parts: PromptParts, context?: PromptContext): Int32Array {
  return assemble(format, context ? format.withContext.elements : format.single, parts, context?.tokens);
}

/**
 * What every branch of the completion begins with, when the format shares it: up to where context would begin
 * (the `<eof>` of Repoformer's layout is its last token).
 */
export function assembleShared(format: FimFormat, parts: PromptParts): Int32Array {
  const { elements } = format.withContext;
  const common = elements.findIndex((element, index) => !sameElement(element, format.single[index]));
  return assemble(format, elements.slice(0, common < 0 ? elements.length : common), parts, undefined);
}

/**
 * What the decision is read from: prefix and suffix without the hole. Equal to the shared beginning where the
 * format shares it.
 */
export function assembleDecision(format: FimFormat, parts: PromptParts): Int32Array {
  if (format.sharesPrefix) return assembleShared(format, parts);
  const hole = format.single.findLastIndex((element) => element === 'prefix' || element === 'suffix') + 1;
  return assemble(format, format.single.slice(0, hole), parts, undefined);
}

/** What a model copies from while it completes; nothing when it is not to be helped, or there is nothing. */
export function copyingOf(
  { copying: rule }: Pick<ModelInfo, 'copying'>,
  parts: PromptParts,
  { context, unread }: CopySources,
): { copying?: Copying } {
  if (rule === undefined) return {};
  const copiesItself = rule.from === 'everything';
  const read = copiesItself ? [parts.suffix, ...(context?.passages ?? [])] : [];
  const passages = [...read, ...(unread?.passages ?? [])];
  if (passages.length === 0) return {};
  const before = concat([parts.prefix, parts.typed]);
  return { copying: { weight: rule.weight, before, passages, copiesItself } };
}

function sameElement(a: Element, b: Element | undefined): boolean {
  return (
    a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b))
  );
}

function assemble(
  format: FimFormat,
  elements: readonly Element[],
  parts: PromptParts,
  context: Int32Array | undefined,
): Int32Array {
  const pieces = elements.map((element) => tokensOf(format, element, parts, context));
  return concat(format.bosToken === undefined ? pieces : [Int32Array.of(format.bosToken), ...pieces]);
}

/** The tokens of one element of a template. */
export function tokensOf(
  format: FimFormat,
  element: Element,
  parts: PromptParts,
  context: Int32Array | undefined,
): Int32Array {
  if (element === 'prefix') return parts.prefix;
  if (element === 'suffix') return parts.suffix;
  if (element === 'typed') return parts.typed;
  if (element === 'context') return context ?? new Int32Array();
  if ('marker' in element) return Int32Array.of(format.markers.get(element.marker)!);
  return parts.literals.get(element.literal)!;
}

function literalTexts(format: FimFormat, source: PromptSource): Map<string, string> {
  const values = {
    path: source.path || 'untitled',
    language: source.language,
    repository: source.repositoryName || 'repository',
  };
  const elements = [...format.single, ...format.withContext.elements];
  return new Map(
    elements.flatMap((element) =>
      typeof element === 'object' && 'literal' in element
        ? [[element.literal, fill(element.literal, values)] as const]
        : [],
    ),
  );
}

function concat(pieces: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
