import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openLabelModel, type LabelModel } from '../label/open-label-model.js';

/** The embedded model, open for the tests of a file. @returns what gives it once they run */
export function useEmbeddedModel(): () => LabelModel {
  let directory: string;
  let opened: LabelModel;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'repoformer-samples-'));
    const { signal } = new AbortController();
    opened = await openLabelModel({ model: 'repoformer-nano', modelsDirectory: directory, signal });
  });
  afterAll(async () => {
    await opened.model.close();
    await rm(directory, { recursive: true, force: true });
  });
  return () => opened;
}
