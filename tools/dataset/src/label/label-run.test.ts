import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeLabelRun, labelRunKey, openLabelRun, readLabelRun } from './label-run.js';
import { DEFAULT_RUN_SETTINGS } from './run-settings.js';
import { useEmbeddedModel } from '../samples/testing.js';
import { TEST_RUN } from './testing.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-run-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const inodeOf = async (path: string) => (await stat(path)).ino;

describe('describeLabelRun', () => {
  const embedded = useEmbeddedModel();

  it('tells runs apart by how a model is helped along to copy', async () => {
    const opened = embedded();
    const { copying: rule, ...info } = opened.model.info;
    const model = Object.assign(Object.create(opened.model) as typeof opened.model, {});
    Object.defineProperty(model, 'info', { value: info });
    const runs = [opened, { ...opened, model }].map((each) => describeLabelRun(each, DEFAULT_RUN_SETTINGS));
    const [copying, plain] = await Promise.all(runs);
    expect(copying).toMatchObject({ copying: rule });
    expect(plain).not.toHaveProperty('copying');
    expect(labelRunKey(copying!)).not.toBe(labelRunKey(plain!));
  });
});

describe('openLabelRun', () => {
  it('writes run.json once, however many start', async () => {
    const folders = await Promise.all([1, 2].map(() => openLabelRun(directory, TEST_RUN)));
    expect(new Set(folders).size).toBe(1);
    const path = join(folders[0]!, 'run.json');
    const inode = await inodeOf(path);
    await openLabelRun(directory, TEST_RUN);
    expect(await inodeOf(path)).toBe(inode);
    expect(await readLabelRun(folders[0]!)).toEqual(TEST_RUN);
    expect(await readdir(folders[0]!)).toEqual(['run.json']);
  });

  it.each(['', '{"schema": 1, "mod'])('makes good what a full disk or a kill has left: %j', async (left) => {
    const folder = await openLabelRun(directory, TEST_RUN);
    const path = join(folder, 'run.json');
    const whole = await readFile(path, 'utf8');
    await writeFile(path, left);
    const inode = await inodeOf(path);
    await openLabelRun(directory, TEST_RUN);
    expect(await readFile(path, 'utf8')).toBe(whole);
    // Not written over: beside it, and renamed.
    expect(await inodeOf(path)).not.toBe(inode);
  });
});
