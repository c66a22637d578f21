import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { invalidArgument } from '@repoformer/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JsonlWriter, readJsonl } from './jsonl.js';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-jsonl-'));
  path = join(directory, 'records.jsonl');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const readAll = async (parse: (value: unknown) => unknown = (value) => value) => {
  const records: unknown[] = [];
  for await (const record of readJsonl(path, parse)) records.push(record);
  return records;
};
const append = async (...records: unknown[]) => {
  const writer = await JsonlWriter.open(path);
  for (const record of records) await writer.append(record);
  await writer.close();
};

describe('JSONL files', () => {
  it('give back what was appended, line ends and all', async () => {
    const records = [{ text: 'a\nb\u2028c' }, [], 'x'.repeat(200_000)];
    await append(...records);
    await append(4);
    expect(await readAll()).toEqual([...records, 4]);
  });

  it.each(['{"half', '{"id":2}', 'x'.repeat(100_000)])(
    'lose only the line that was being written: %s',
    async (half) => {
      await append({ id: 1 });
      await appendFile(path, half.slice(0, 100_000));
      expect(await readAll()).toEqual([{ id: 1 }]);
      await append({ id: 3 });
      expect(await readAll()).toEqual([{ id: 1 }, { id: 3 }]);
      expect(await readFile(path, 'utf8')).toBe('{"id":1}\n{"id":3}\n');
    },
  );

  it('may be empty, or hold nothing but a beginning', async () => {
    await writeFile(path, '');
    expect(await readAll()).toEqual([]);
    await writeFile(path, '{"id"');
    expect(await readAll()).toEqual([]);
  });

  it('name the file and the line that cannot be read', async () => {
    await writeFile(path, '{"id":1}\n{"id":\n{"id":3}\n');
    await expect(readAll()).rejects.toMatchObject({ kind: 'data_loss' });
    await expect(readAll()).rejects.toThrow(/records\.jsonl, line 2: /);
    await writeFile(path, '{"id":1}\n');
    const refuse = () => {
      throw invalidArgument('id', 'is too small');
    };
    await expect(readAll(refuse)).rejects.toThrow(/line 1: id: is too small; remove the line/);
  });

  it('say what is wrong with the place', async () => {
    await expect(readAll()).rejects.toMatchObject({ kind: 'not_found' });
    await expect(JsonlWriter.open(directory)).rejects.toThrow(/is a folder/);
  });
});

describe.runIf(process.platform === 'linux')('a full disk', () => {
  it('fails the append with an error that says what to do', async () => {
    const handle = { appendFile: () => Promise.reject(Object.assign(new Error(), { code: 'ENOSPC' })) };
    await append({ id: 1 });
    const writer = await JsonlWriter.open(path);
    Object.assign((writer as unknown as { handle: object }).handle, handle);
    await expect(writer.append({ id: 2 })).rejects.toMatchObject({ kind: 'resource_exhausted' });
    await expect(writer.append({ id: 2 })).rejects.toThrow(/the disk is full; .* goes on where it stopped/);
    await writer.close();
    expect(await readAll()).toEqual([{ id: 1 }]);
  });
});
