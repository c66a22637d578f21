import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readGgufHeader } from './gguf-header.js';
import { createSandbox, ggufBytes, type Sandbox } from '../testing.js';

describe('readGgufHeader', () => {
  let sandbox: Sandbox;
  let path: string;
  beforeAll(async () => {
    sandbox = await createSandbox();
    path = join(sandbox.root, 'a.gguf');
  });
  afterAll(() => sandbox.remove());

  it('finds what an entry needs, behind arrays too', async () => {
    const metadata = {
      'general.architecture': 'qwen2',
      'general.type': 'model',
      'general.name': 'Näme',
      'general.license': 'mit',
      'general.parameter_count': 12,
      'qwen2.context_length': 2048,
      'other.context_length': 1,
    };
    await writeFile(path, ggufBytes(5000, metadata));
    expect(await readGgufHeader(path)).toEqual({
      version: 3,
      sizeBytes: 5000,
      architecture: 'qwen2',
      type: 'model',
      name: 'Näme',
      licence: 'mit',
      contextTokens: 2048,
    });
  });

  it('says what is wrong with a file', async () => {
    const attempt = async (bytes: Buffer) => {
      await writeFile(path, bytes);
      return readGgufHeader(path);
    };
    const invalid = { reason: 'MODEL_INVALID' };
    const whole = ggufBytes(0, { 'general.architecture': 'llama' });
    await expect(attempt(Buffer.from('GG'))).rejects.toMatchObject(invalid);
    await expect(attempt(Buffer.from('<!doctype html><html>....'))).rejects.toThrow(/no GGUF file/);
    const old = Buffer.from(whole);
    old.writeUInt32LE(1, 4);
    await expect(attempt(old)).rejects.toThrow(/GGUF version 1/);
    for (let length = 24; length < whole.length; length += 7) {
      await expect(attempt(whole.subarray(0, length))).rejects.toMatchObject(invalid);
    }
    const huge = Buffer.from(whole);
    huge.writeBigUInt64LE(2n ** 62n, 16);
    await expect(attempt(huge)).rejects.toThrow(/corrupt/);
    await expect(readGgufHeader(sandbox.root)).rejects.toMatchObject(invalid);
    await expect(readGgufHeader(join(sandbox.root, 'none.gguf'))).rejects.toMatchObject({
      kind: 'not_found',
      reason: 'MODEL_NOT_FOUND',
    });
  });
});
