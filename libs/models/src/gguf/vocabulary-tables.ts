import { invalidGguf } from './gguf-cursor.js';
import { layoutBytes, type GgufFile, type GgufTensor } from './gguf-file.js';
import { dequantise, tensorTypeOf } from './tensor-types.js';
import type { TensorSource } from './write-gguf.js';

const EMBEDDING = 'token_embd.weight';
const OUTPUT = 'output.weight';
/** Rows read before they are written. */
const PORTION_ROWS = 1024;
const COMPARED_ROWS = 64;
/** Of quantisation to 4 bits at most; two matrices that were trained apart differ by more than their own size. */
const MOST_DIFFERENCE = 0.15;

/**
 * The matrices that have a row for each token, with the rows of these tokens only. Where the two are one matrix, stored
 * twice in different precision, the more precise one serves as both: an undefined entry is to be left out.
 *
 * @param ids tokens to keep, ascending
 * @throws AppError failed_precondition/MODEL_INVALID for matrices that do not fit the vocabulary
 */
export async function pruneTables(
  file: GgufFile,
  ids: readonly number[],
): Promise<Map<string, TensorSource | undefined>> {
  const [embedding, output] = [EMBEDDING, OUTPUT].map((name) =>
    file.tensors.find((tensor) => tensor.name === name),
  );
  if (embedding === undefined) throw invalidGguf(`${file.path} has no ${EMBEDDING}`);
  for (const each of [embedding, ...(output ? [output] : [])]) {
    if ((ids.at(-1) ?? 0) >= (each.shape[1] ?? 0)) {
      throw invalidGguf(`${file.path}: ${each.name} has fewer rows than there are tokens`);
    }
  }
  if (output === undefined) return new Map([[EMBEDDING, rowsOf(file, embedding, ids)]]);
  if (!(await areAlike(file, embedding, output, ids))) {
    return new Map([embedding, output].map((each) => [each.name, rowsOf(file, each, ids)]));
  }
  const precise = rowBytes(file, output) >= rowBytes(file, embedding) ? output : embedding;
  return new Map([
    [EMBEDDING, { ...rowsOf(file, precise, ids), name: EMBEDDING }],
    [OUTPUT, undefined],
  ]);
}

function rowBytes(file: GgufFile, tensor: GgufTensor): number {
  const bytes = layoutBytes(tensor);
  const [width = 0, rows = 0] = tensor.shape;
  const type = tensorTypeOf(tensor.type);
  if (bytes === undefined || type === undefined || width % type.blockValues !== 0) {
    throw invalidGguf(
      `${file.path}: ${tensor.name} is of a type (${tensor.type}) whose rows cannot be told apart`,
    );
  }
  return bytes / rows;
}

function rowsOf(file: GgufFile, tensor: GgufTensor, ids: readonly number[]): TensorSource {
  const bytes = rowBytes(file, tensor);
  const { name, type, start, shape } = tensor;
  return {
    ...{ name, type, shape: [shape[0]!, ids.length], sizeBytes: ids.length * bytes },
    async *data() {
      for (let at = 0; at < ids.length; at += PORTION_ROWS) {
        const portion = ids.slice(at, at + PORTION_ROWS);
        yield Buffer.concat(await Promise.all(portion.map((id) => file.read(start + id * bytes, bytes))));
      }
    },
  };
}

/** Whether two matrices are one, but for their precision: told by some rows. */
async function areAlike(
  file: GgufFile,
  one: GgufTensor,
  other: GgufTensor,
  ids: readonly number[],
): Promise<boolean> {
  if (one.shape[0] !== other.shape[0]) return false;
  const step = Math.max(1, Math.floor(ids.length / COMPARED_ROWS));
  let [difference, size] = [0, 0];
  for (let at = 0; at < ids.length; at += step) {
    const [a, b] = [await readRow(file, one, ids[at]!), await readRow(file, other, ids[at]!)];
    for (let i = 0; i < a.length; i++) {
      difference += (a[i]! - b[i]!) ** 2;
      size += a[i]! ** 2;
    }
  }
  return Math.sqrt(difference / size) < MOST_DIFFERENCE;
}

async function readRow(file: GgufFile, tensor: GgufTensor, row: number): Promise<Float32Array> {
  const bytes = rowBytes(file, tensor);
  const values = new Float32Array(tensor.shape[0]!);
  dequantise(tensorTypeOf(tensor.type)!, await file.read(tensor.start + row * bytes, bytes), values);
  return values;
}
