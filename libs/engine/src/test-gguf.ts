/** Metadata value types of the GGUF format that the fixtures need. */
const TYPE = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;
type Value =
  | { readonly type: 'u32' | 'f32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'array'; readonly of: 'string'; readonly value: readonly string[] }
  | { readonly type: 'array'; readonly of: 'f32' | 'i32'; readonly value: readonly number[] };

const ALIGNMENT = 32;

/** Writes a GGUF file (version 3, little endian) with F32 tensors. */
export function writeGguf(
  metadata: Readonly<Record<string, Value>>,
  tensors: Readonly<Record<string, { readonly dimensions: readonly number[]; readonly data: Float32Array }>>,
): Buffer {
  const parts: Buffer[] = [];
  const u32 = (value: number) => parts.push(bytes(4, (b) => b.writeUInt32LE(value)));
  const u64 = (value: number) => parts.push(bytes(8, (b) => b.writeBigUInt64LE(BigInt(value))));
  const text = (value: string) => {
    u64(Buffer.byteLength(value));
    parts.push(Buffer.from(value));
  };
  const scalar = (type: keyof typeof TYPE, value: number | boolean | string) => {
    if (type === 'string') text(String(value));
    else if (type === 'bool') parts.push(Buffer.of(Number(value)));
    else if (type === 'f32') parts.push(bytes(4, (b) => b.writeFloatLE(Number(value))));
    else parts.push(bytes(4, (b) => b.writeInt32LE(Number(value))));
  };

  parts.push(Buffer.from('GGUF'));
  u32(3);
  u64(Object.keys(tensors).length);
  u64(Object.keys(metadata).length);
  for (const [key, entry] of Object.entries(metadata)) {
    text(key);
    u32(TYPE[entry.type]);
    if (entry.type === 'array') {
      u32(TYPE[entry.of]);
      u64(entry.value.length);
      for (const value of entry.value) scalar(entry.of, value);
    } else {
      scalar(entry.type, entry.value);
    }
  }
  let offset = 0;
  for (const [name, { dimensions, data }] of Object.entries(tensors)) {
    text(name);
    u32(dimensions.length);
    for (const size of dimensions) u64(size);
    u32(0);
    u64(offset);
    offset += padded(data.byteLength);
  }
  const head = Buffer.concat(parts);
  const body = Object.values(tensors).flatMap(({ data }) => [
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    Buffer.alloc(padded(data.byteLength) - data.byteLength),
  ]);
  return Buffer.concat([head, Buffer.alloc(padded(head.length) - head.length), ...body]);
}

function bytes(size: number, write: (buffer: Buffer) => unknown): Buffer {
  const buffer = Buffer.alloc(size);
  write(buffer);
  return buffer;
}

function padded(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, byte: 6 };

type Row = readonly [text: string, type: number];
type Metadata = Readonly<Record<string, Value>>;

const u32 = (value: number): Value => ({ type: 'u32', value });
const string = (value: string): Value => ({ type: 'string', value });
const bool = (value: boolean): Value => ({ type: 'bool', value });
const typed =
  (type: number) =>
  (text: string): Row => [text, type];

/**
 * A model with a SentencePiece vocabulary in the manner of CodeLlama: byte tokens, a space before every text,
 * markers that begin with U+2581.
 *
 * @param byteTokens llama.cpp aborts while it loads a vocabulary of this kind that has none.
 */
export function sentencePieceModel({ byteTokens = true } = {}): Buffer {
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(2, '0');
  const byteTexts = Array.from({ length: byteTokens ? 256 : 0 }, (_, value) => `<0x${hex(value)}>`);
  const rows: Row[] = [
    ['<unk>', TOKEN_TYPE.unknown],
    ...['<s>', '</s>'].map(typed(TOKEN_TYPE.control)),
    ...byteTexts.map(typed(TOKEN_TYPE.byte)),
    ...['▁<PRE>', '▁<SUF>', '▁<MID>', '▁<EOT>'].map(typed(TOKEN_TYPE.control)),
    ['<tool>', TOKEN_TYPE.userDefined],
    // Longer pieces first: the order is their score.
    ...['▁return', 'return', '▁retur', 'retur', '▁retu', 'retu', '▁ret', 'ret', '▁re', 're', '▁r'].map(
      typed(TOKEN_TYPE.normal),
    ),
    ...['▁▁▁▁', '▁▁', '▁', ...'abcdefghijklmnopqrstuvwxyz=().,?:'].map(typed(TOKEN_TYPE.normal)),
  ];
  const id = (text: string) => u32(rows.findIndex(([own]) => own === text));
  return tinyModel(rows, {
    'tokenizer.ggml.model': string('llama'),
    'tokenizer.ggml.scores': { type: 'array', of: 'f32', value: rows.map((_, index) => -index) },
    'tokenizer.ggml.unknown_token_id': u32(0),
    'tokenizer.ggml.bos_token_id': u32(1),
    'tokenizer.ggml.eos_token_id': u32(2),
    'tokenizer.ggml.eot_token_id': id('▁<EOT>'),
    'tokenizer.ggml.prefix_token_id': id('▁<PRE>'),
    'tokenizer.ggml.suffix_token_id': id('▁<SUF>'),
    'tokenizer.ggml.middle_token_id': id('▁<MID>'),
    'tokenizer.ggml.add_bos_token': bool(true),
    'tokenizer.ggml.add_space_prefix': bool(true),
  });
}

/** A model whose byte-level vocabulary lacks most bytes: there is text that it cannot write. */
export function sparseModel(): Buffer {
  const rows: Row[] = [
    ['<|endoftext|>', TOKEN_TYPE.control],
    ...['Ġ', 'Ċ', '=', ...'abcdefghijklmnopqrstuvwxyz', 're'].map(typed(TOKEN_TYPE.normal)),
  ];
  return tinyModel(rows, {
    'tokenizer.ggml.model': string('gpt2'),
    'tokenizer.ggml.pre': string('smollm'),
    'tokenizer.ggml.merges': { type: 'array', of: 'string', value: ['r e'] },
    'tokenizer.ggml.eos_token_id': u32(0),
    'tokenizer.ggml.add_bos_token': bool(false),
  });
}

/** One layer of random weights. */
function tinyModel(rows: readonly Row[], tokenizer: Metadata): Buffer {
  const width = 64;
  const matrix = (...dimensions: number[]) => ({
    dimensions,
    data: noise(dimensions.reduce((a, b) => a * b, 1)),
  });
  const ones = { dimensions: [width], data: new Float32Array(width).fill(1) };
  return writeGguf(
    {
      'general.architecture': string('llama'),
      'llama.context_length': u32(512),
      'llama.embedding_length': u32(width),
      'llama.block_count': u32(1),
      'llama.feed_forward_length': u32(width),
      'llama.attention.head_count': u32(1),
      'llama.attention.head_count_kv': u32(1),
      'llama.rope.dimension_count': u32(width),
      'llama.attention.layer_norm_rms_epsilon': { type: 'f32', value: 1e-5 },
      'tokenizer.ggml.tokens': { type: 'array', of: 'string', value: rows.map(([text]) => text) },
      'tokenizer.ggml.token_type': { type: 'array', of: 'i32', value: rows.map(([, type]) => type) },
      ...tokenizer,
    },
    {
      'token_embd.weight': matrix(width, rows.length),
      'output.weight': matrix(width, rows.length),
      'output_norm.weight': ones,
      'blk.0.attn_norm.weight': ones,
      'blk.0.attn_q.weight': matrix(width, width),
      'blk.0.attn_k.weight': matrix(width, width),
      'blk.0.attn_v.weight': matrix(width, width),
      'blk.0.attn_output.weight': matrix(width, width),
      'blk.0.ffn_norm.weight': ones,
      'blk.0.ffn_gate.weight': matrix(width, width),
      'blk.0.ffn_up.weight': matrix(width, width),
      'blk.0.ffn_down.weight': matrix(width, width),
    },
  );
}

/** The same numbers each time. */
function noise(count: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) / 4;
  });
}
