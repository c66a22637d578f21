import { ARRAY, invalidGguf, STRING, UINT32 } from './gguf-cursor.js';
import { openGguf, type GgufFile } from './gguf-file.js';

/** The vocabulary of a model, as its file has it. */
export interface Vocabulary {
  /** By id; bytes written as characters, as GPT-2 did. */
  readonly tokens: readonly string[];
  /** Kind of each, by llama.cpp's numbers: 1 is an ordinary token. */
  readonly types: readonly number[];
  /** Pairs that become one token, `left right`, the most urgent first. */
  readonly merges: readonly string[];
}

/** An ordinary token: what text is made of. Others are markers. */
export const ORDINARY = 1;
/** A place in the tables that means nothing. */
const UNUSED = 5;
const INT32 = 5;

export const TOKENS_KEY = 'tokenizer.ggml.tokens';
export const TYPES_KEY = 'tokenizer.ggml.token_type';
export const MERGES_KEY = 'tokenizer.ggml.merges';

/** @throws AppError failed_precondition/MODEL_INVALID for a vocabulary that is not byte-level BPE */
export async function readVocabulary(file: GgufFile): Promise<Vocabulary> {
  const bytesOf = async (key: string) => {
    const field = file.fields.find((each) => each.key === key);
    if (field === undefined)
      throw invalidGguf(`${file.path} lacks ${key}: its vocabulary is not byte-level BPE`);
    return file.read(field.start, field.end - field.start);
  };
  const tokens = readStrings(await bytesOf(TOKENS_KEY));
  const types = readNumbers(await bytesOf(TYPES_KEY));
  if (types.length !== tokens.length) throw invalidGguf(`${file.path} has not as many token types as tokens`);
  return { tokens, types, merges: readStrings(await bytesOf(MERGES_KEY)) };
}

/**
 * Chooses the tokens that are worth their place: of the ordinary ones those of the greatest weight, each with all that
 * it is merged from, so that what is kept is found in text as before. Single bytes and markers stay in any case.
 *
 * @param weights by id; 0 for a token that is not needed
 * @param size tokens to keep in all
 * @returns ids of the ordinary tokens kept, ascending
 */
export function selectTokens(
  vocabulary: Vocabulary,
  weights: ArrayLike<number>,
  size: number,
): readonly number[] {
  const { tokens, types } = vocabulary;
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const isOrdinary = (id: number) => types[id] === ORDINARY;
  const isByte = (id: number) => isOrdinary(id) && [...tokens[id]!].length === 1;
  const kept = new Set([...tokens.keys()].filter(isByte));
  const room = size - types.filter((type) => type !== ORDINARY && type !== UNUSED).length;
  const makeUp = partsOf(vocabulary);
  const wanted = [...tokens.keys()].filter((id) => isOrdinary(id) && weights[id]! > 0);
  for (const id of wanted.sort((a, b) => weights[b]! - weights[a]! || a - b)) {
    const added = makeUp(tokens[id]!)
      ?.map((part) => ids.get(part)!)
      .filter((part) => !kept.has(part));
    if (added === undefined || kept.size + added.length > room) continue;
    for (const part of added) kept.add(part);
  }
  return [...kept].sort((a, b) => a - b);
}

/** The tokens that one is made of on the way from its single bytes; undefined for one that no merges make. */
function partsOf({ merges }: Vocabulary): (token: string) => readonly string[] | undefined {
  const ranks = new Map(merges.map((pair, rank) => [pair, rank]));
  return (token) => {
    let parts = [...token];
    const seen = new Set(parts);
    while (parts.length > 1) {
      let best = -1;
      let bestRank = Infinity;
      for (let at = 0; at + 1 < parts.length; at++) {
        const rank = ranks.get(`${parts[at]!} ${parts[at + 1]!}`) ?? Infinity;
        if (rank < bestRank) [best, bestRank] = [at, rank];
      }
      if (best < 0) return undefined;
      const joined = parts[best]! + parts[best + 1]!;
      parts = [...parts.slice(0, best), joined, ...parts.slice(best + 2)];
      seen.add(joined);
    }
    return [...seen];
  };
}

/**
 * {@link selectTokens} of the model in a file.
 *
 * @returns text of the tokens kept, as the file has it, by id
 */
export async function selectTokensOf(
  path: string,
  weights: ArrayLike<number>,
  size: number,
): Promise<ReadonlyMap<number, string>> {
  const file = await openGguf(path);
  try {
    const vocabulary = await readVocabulary(file);
    return new Map(selectTokens(vocabulary, weights, size).map((id) => [id, vocabulary.tokens[id]!]));
  } finally {
    await file.close();
  }
}

/** What a file holds in place of its vocabulary when only some of its tokens are kept. */
export interface PrunedVocabulary {
  /** Ids in the file as it is, by new id. */
  readonly ids: readonly number[];
  /** Fields that change, as type and value. */
  readonly fields: ReadonlyMap<string, Uint8Array>;
}

/**
 * Keeps ordinary tokens that are named, and all markers.
 *
 * @param names texts of the tokens that {@link selectTokens} chose
 * @throws AppError failed_precondition/MODEL_INVALID for tokens that the model has not
 */
export async function pruneVocabulary(file: GgufFile, names: readonly string[]): Promise<PrunedVocabulary> {
  const { tokens, types, merges } = await readVocabulary(file);
  const named = await readIds(file);
  const markers = new Set(named.values());
  const wanted = new Set(names);
  const isKept = (id: number) =>
    markers.has(id) || (types[id] === ORDINARY ? wanted.has(tokens[id]!) : types[id] !== UNUSED);
  const ids = [...tokens.keys()].filter(isKept);
  const kept = new Set(ids.filter((id) => types[id] === ORDINARY).map((id) => tokens[id]!));
  const unknown = names.find((name) => !kept.has(name));
  if (unknown !== undefined) {
    throw invalidGguf(
      `${file.path} has no token ${JSON.stringify(unknown)}: the vocabulary is for another model`,
    );
  }
  const isWhole = (pair: string) => {
    const [left = '', right = ''] = pair.split(' ');
    return kept.has(left) && kept.has(right) && kept.has(left + right);
  };
  const fields = new Map<string, Uint8Array>([
    [TOKENS_KEY, writeStrings(ids.map((id) => tokens[id]!))],
    [TYPES_KEY, writeNumbers(ids.map((id) => types[id]!))],
    [MERGES_KEY, writeStrings(merges.filter(isWhole))],
  ]);
  const places = new Map(ids.map((id, place) => [id, place]));
  for (const [key, id] of named) {
    const place = places.get(id);
    if (place === undefined) throw invalidGguf(`${file.path}: ${key} names token ${id}, which there is not`);
    fields.set(key, uint32Field(place));
  }
  const count = file.fields.find(({ key }) => key.endsWith('.vocab_size'));
  if (count) fields.set(count.key, uint32Field(ids.length));
  return { ids, fields };
}

/** The tokens that a file names for a purpose, by key. */
async function readIds(file: GgufFile): Promise<Map<string, number>> {
  const named = new Map<string, number>();
  for (const { key, start, end } of file.fields) {
    if (!/^tokenizer\.ggml\..*_token_id$/.test(key)) continue;
    const value = await file.read(start, end - start);
    if (value.readUInt32LE() !== UINT32) throw invalidGguf(`${file.path}: ${key} is no number of 32 bits`);
    named.set(key, value.readUInt32LE(4));
  }
  return named;
}

export function uint32Field(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(UINT32);
  bytes.writeUInt32LE(value, 4);
  return bytes;
}

const HEAD_BYTES = 16;

function arrayHead(type: number, length: number): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES);
  bytes.writeUInt32LE(ARRAY);
  bytes.writeUInt32LE(type, 4);
  bytes.writeBigUInt64LE(BigInt(length), 8);
  return bytes;
}

/** @returns how many elements an array has */
function readHead(bytes: Buffer, type: number): number {
  if (bytes.readUInt32LE() !== ARRAY || bytes.readUInt32LE(4) !== type) {
    throw invalidGguf('the vocabulary is not in the form that is known here');
  }
  return Number(bytes.readBigUInt64LE(8));
}

function readStrings(bytes: Buffer): string[] {
  const strings: string[] = [];
  const count = readHead(bytes, STRING);
  for (let at = HEAD_BYTES; strings.length < count;) {
    const start = at + 8;
    at = start + Number(bytes.readBigUInt64LE(at));
    strings.push(bytes.toString('utf8', start, at));
  }
  return strings;
}

function readNumbers(bytes: Buffer): number[] {
  return Array.from({ length: readHead(bytes, INT32) }, (_, at) => bytes.readInt32LE(HEAD_BYTES + 4 * at));
}

export function writeStrings(strings: readonly string[]): Buffer {
  const parts = [arrayHead(STRING, strings.length)];
  for (const each of strings) {
    const [length, text] = [Buffer.alloc(8), Buffer.from(each)];
    length.writeBigUInt64LE(BigInt(text.length));
    parts.push(length, text);
  }
  return Buffer.concat(parts);
}

export function writeNumbers(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((each, at) => bytes.writeInt32LE(each, 4 * at));
  return Buffer.concat([arrayHead(INT32, numbers.length), bytes]);
}
