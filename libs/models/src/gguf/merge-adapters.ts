import { layoutBytes, openGguf, type GgufFile, type GgufTensor } from './gguf-file.js';
import { invalidGguf } from './gguf-cursor.js';
import {
  dequantise,
  quantise,
  TARGET_TYPES,
  tensorTypeOf,
  writableType,
  type TensorType,
} from './tensor-types.js';
import { pruneTables } from './vocabulary-tables.js';
import { pruneVocabulary } from './vocabulary.js';
import { textField, writeGguf, type TensorSource } from './write-gguf.js';

/** A LoRA adapter and how strongly it is applied. */
export interface AppliedAdapter {
  readonly path: string;
  readonly scale: number;
}

export interface MergeOptions {
  /** Name to write into the file. */
  readonly name: string;
  /** Type of the matrices that change, such as `q8_0`; default: as they are, K-quants as Q8_0. */
  readonly type?: string;
  /** Ordinary tokens to keep, closed under merges; default: all. See `selectTokens`. */
  readonly tokens?: readonly string[];
  readonly signal?: AbortSignal;
  readonly onBytes?: (doneBytes: number, totalBytes: number) => void;
}

const A = '.lora_a';
const B = '.lora_b';
const CARD = 'repoformer.training_card';
/** Values computed at a time. */
const PORTION_VALUES = 2 ** 20;
const COPY_BYTES = 4 * 1024 * 1024;

/** What an adapter adds to a matrix: the product of `b` [rows, rank] and `a` [rank, values of a row]. */
interface Factors {
  readonly rank: number;
  /** Scaled already. */
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/**
 * Writes a model and its adapters as one file: what they add is added to the matrices, all else is copied. With only some
 * of its tokens if so asked: the same model, which spells out what it has no token for any more.
 *
 * @param target must not exist
 * @throws AppError failed_precondition/MODEL_INVALID for an adapter of another model; not_found/MODEL_NOT_FOUND;
 * cancelled
 */
export async function mergeAdapters(
  base: string,
  adapters: readonly AppliedAdapter[],
  target: string,
  { name, type, tokens, signal, onBytes }: MergeOptions,
): Promise<void> {
  const files: GgufFile[] = [];
  const openFile = async (path: string) => {
    const file = await openGguf(path);
    files.push(file);
    return file;
  };
  try {
    const model = await openFile(base);
    const added = new Map<string, Factors[]>();
    const fields = new Map<string, Uint8Array>();
    for (const { key, start, end } of model.fields) fields.set(key, await model.read(start, end - start));
    for (const { path, scale } of adapters) {
      const adapter = await openFile(path);
      await collectFactors(model, adapter, scale, added);
      const card = adapter.fields.find(({ key }) => key === CARD);
      if (card) fields.set(CARD, await adapter.read(card.start, card.end - card.start));
    }
    fields.set('general.name', textField(name));
    const wanted = type === undefined ? undefined : TARGET_TYPES[type];
    const pruned = tokens === undefined ? undefined : await pruneVocabulary(model, tokens);
    for (const [key, value] of pruned?.fields ?? []) fields.set(key, value);
    const tables = pruned
      ? await pruneTables(model, pruned.ids)
      : new Map<string, TensorSource | undefined>();
    const tensors = model.tensors.flatMap((tensor) => {
      const factors = added.get(tensor.name);
      if (!tables.has(tensor.name)) {
        return factors === undefined ? copyOf(model, tensor) : sumOf(model, tensor, factors, wanted);
      }
      if (factors)
        throw invalidGguf(`an adapter changes ${tensor.name}: merge it before tokens are left out`);
      return tables.get(tensor.name) ?? [];
    });
    const total = tensors.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    await writeGguf(
      target,
      { alignment: model.alignment, fields, tensors },
      { ...(signal && { signal }), onBytes: (done) => onBytes?.(done, total) },
    );
  } finally {
    for (const file of files) await file.close();
  }
}

async function collectFactors(
  model: GgufFile,
  adapter: GgufFile,
  scale: number,
  into: Map<string, Factors[]>,
): Promise<void> {
  const { path } = adapter;
  if (adapter.value('adapter.type') !== 'lora') throw invalidGguf(`${path} is no LoRA adapter`);
  const [forWhat, is] = [adapter, model].map((file) => file.value('general.architecture'));
  if (forWhat !== is)
    throw invalidGguf(`${path} is for ${forWhat ?? 'nothing it names'}, the model is ${is ?? 'unknown'}`);
  const alpha = adapter.value('adapter.lora.alpha');
  if (typeof alpha !== 'number') throw invalidGguf(`${path} lacks adapter.lora.alpha`);
  const byName = new Map(adapter.tensors.map((tensor) => [tensor.name, tensor]));
  const seconds = adapter.tensors.filter((tensor) => tensor.name.endsWith(B));
  if (2 * seconds.length !== adapter.tensors.length) {
    throw invalidGguf(`${path} holds other tensors than pairs of factors`);
  }
  for (const b of seconds) {
    const name = b.name.slice(0, -B.length);
    const a = byName.get(name + A);
    const whole = model.tensors.find((tensor) => tensor.name === name);
    if (a === undefined) throw invalidGguf(`${path} lacks ${name}${A}`);
    const rank = a.shape[1] ?? 0;
    const isFitting = whole?.shape[0] === a.shape[0] && whole?.shape[1] === b.shape[1] && b.shape[0] === rank;
    if (!isFitting || rank === 0) throw invalidGguf(`${path} is for another model: ${name} does not fit`);
    const factor = (alpha / rank) * scale;
    const values = await readValues(adapter, a);
    into.set(name, [
      ...(into.get(name) ?? []),
      { rank, a: values.map((value) => value * factor), b: await readValues(adapter, b) },
    ]);
  }
}

async function readValues(file: GgufFile, tensor: GgufTensor): Promise<Float32Array> {
  const bytes = await file.read(tensor.start, checkedBytes(file, tensor));
  const values = new Float32Array(tensor.shape.reduce((product, each) => product * each, 1));
  dequantise(tensorTypeOf(tensor.type)!, bytes, values);
  return values;
}

function checkedBytes(file: GgufFile, tensor: GgufTensor): number {
  const bytes = layoutBytes(tensor);
  if (bytes !== undefined) return bytes;
  throw invalidGguf(`${file.path}: ${tensor.name} is of a type (${tensor.type}) that cannot be merged with`);
}

function copyOf(file: GgufFile, tensor: GgufTensor): TensorSource {
  // What is known to be padding is not copied.
  const sizeBytes = layoutBytes(tensor) ?? tensor.sizeBytes;
  const { name, shape, type, start } = tensor;
  return {
    ...{ name, shape, type, sizeBytes },
    async *data() {
      for (let at = 0; at < sizeBytes; at += COPY_BYTES) {
        yield file.read(start + at, Math.min(COPY_BYTES, sizeBytes - at));
      }
    },
  };
}

function sumOf(
  file: GgufFile,
  tensor: GgufTensor,
  factors: readonly Factors[],
  wanted: TensorType | undefined,
): TensorSource {
  const bytes = checkedBytes(file, tensor);
  const { name, shape, start } = tensor;
  const [width = 0, rows = 0] = shape;
  const from = tensorTypeOf(tensor.type)!;
  const to = writableType(wanted ?? from, width);
  const rowBytes = bytes / rows;
  const portion = Math.max(1, Math.floor(PORTION_VALUES / width));
  return {
    ...{ name, shape, type: to.id, sizeBytes: ((rows * width) / to.blockValues) * to.blockBytes },
    async *data() {
      for (let row = 0; row < rows; row += portion) {
        const count = Math.min(portion, rows - row);
        const values = new Float32Array(count * width);
        dequantise(from, await file.read(start + row * rowBytes, count * rowBytes), values);
        for (const each of factors) addProduct(values, each, row, width);
        yield quantise(to, values);
      }
    },
  };
}

/** Adds rows of the product, from `firstRow` on. */
function addProduct(values: Float32Array, { rank, a, b }: Factors, firstRow: number, width: number): void {
  for (let at = 0, row = firstRow; at < values.length; at += width, row++) {
    for (let k = 0; k < rank; k++) {
      const weight = b[row * rank + k]!;
      const line = k * width;
      for (let i = 0; i < width; i++) values[at + i]! += weight * a[line + i]!;
    }
  }
}
