import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon, GitRepository, runCli } from './harness/index.js';
import { PROJECT_ROOT } from './harness/paths.js';

const NANO_MODEL = join(PROJECT_ROOT, 'models/repoformer-nano0-7m-q8_0.gguf');
/** The last layer of the embedded model, and its width. */
const LAYER = 5;
const WIDTH = 256;
const RANK = 2;

const PREFIX = 'import json\n\n\ndef read_settings(path):\n    with open(path) as file:\n        ';

/** A LoRA adapter of one matrix, strong enough to change what is said. */
function loraBytes(): Buffer {
  const text = (value: string) => Buffer.concat([uint64(Buffer.byteLength(value)), Buffer.from(value)]);
  const uint32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
  const uint64 = (value: number) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
  const said = (key: string, value: string) => [text(key), uint32(8), text(value)];
  const shapes: [name: string, shape: [number, number]][] = [
    [`blk.${LAYER}.attn_output.weight.lora_a`, [WIDTH, RANK]],
    [`blk.${LAYER}.attn_output.weight.lora_b`, [RANK, WIDTH]],
  ];
  const bytes = 4 * WIDTH * RANK;
  const header = Buffer.concat([
    ...[Buffer.from('GGUF'), uint32(3), uint64(shapes.length), uint64(4)],
    ...said('general.type', 'adapter'),
    ...said('general.architecture', 'llama'),
    ...said('adapter.type', 'lora'),
    ...[text('adapter.lora.alpha'), uint32(6), Buffer.from(Float32Array.of(RANK).buffer)],
    ...shapes.flatMap(([name, shape], at) => [
      ...[text(name), uint32(2), ...shape.map(uint64), uint32(0), uint64(at * bytes)],
    ]),
  ]);
  const values = Float32Array.from({ length: shapes.length * WIDTH * RANK }, (_, at) =>
    Math.sin(1 + at * at),
  );
  return Buffer.concat([header, Buffer.alloc((32 - (header.length % 32)) % 32), Buffer.from(values.buffer)]);
}

describe('repoformer model merge', () => {
  let folder: string;
  let adapter: string;
  let repository: GitRepository;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'repoformer-merge-'));
    adapter = join(folder, 'adapter.gguf');
    writeFileSync(adapter, loraBytes());
    repository = GitRepository.create();
    repository.commit({ 'settings.py': PREFIX, 'store.py': 'def store(path):\n    return path\n' });
  });
  afterAll(() => {
    repository.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** How much the model wants context: what it says where it decides. */
  const wish = async (model: string, ...args: string[]) => {
    const daemon = await Daemon.start({ model, args: ['--models-dir', folder, '--policy', 'self', ...args] });
    try {
      await daemon.index(repository.root);
      const { decision } = await daemon.policy.score({
        ...{ repository: repository.root, path: 'settings.py', prefix: PREFIX, suffix: '\n' },
      });
      return decision!.probability!;
    } finally {
      await daemon.remove();
    }
  };

  it('writes one file that says what model and adapter say', async () => {
    const merge = (...args: string[]) =>
      runCli(['model', 'merge', 'repoformer-nano', '--models-dir', folder, '--adapter', adapter, ...args]);
    const { stdout } = await merge('--name', 'both', '--type', 'f16', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      ...{
        name: 'both',
        state: 'present',
        adapters: [],
        family: 'repoformer',
        policy: { name: 'similarity' },
      },
    });
    const [plain, adapted, merged] = [
      await wish(NANO_MODEL),
      await wish(NANO_MODEL, '--adapter', adapter),
      await wish('both'),
    ];
    // Sums are rounded otherwise; the adapter itself changes far more.
    const distance = (one: number, other: number) => Math.abs(Math.log(one / other));
    console.log(plain, adapted, merged);
    expect(distance(adapted, plain)).toBeGreaterThan(0.2);
    expect(distance(merged, adapted)).toBeLessThan(distance(adapted, plain) / 4);
    const { stdout: otherForm } = await merge('--name', 'other', '--family', 'repoformer-qwen', '--json');
    expect(JSON.parse(otherForm)).toMatchObject({ name: 'other', family: 'repoformer-qwen' });
    const again = await merge('--name', 'both');
    expect(again.code).not.toBe(0);
    expect(again.stderr).toContain('there is a model called both already');
    const nothing = await runCli(['model', 'merge', 'repoformer-nano', '--models-dir', folder]);
    expect(nothing.stderr).toContain('repoformer-nano has no adapter: there is nothing to merge');
  });
});
