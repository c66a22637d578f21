import { join } from 'node:path';
import { vi } from 'vitest';
import { writeRepository } from '../corpus/write-repository.js';
import type { FileText } from '../holes/index.js';
import { createProgram } from './program.js';

/** Makes a git repository of these files; for tests. @returns its folder */
export async function writeTestRepository(
  base: string,
  name: string,
  files: readonly FileText[],
): Promise<string> {
  const root = join(base, name);
  const bytes = files.map(({ path, text }) => ({ path, bytes: Buffer.from(text) }));
  await writeRepository(root, name, bytes);
  return root;
}

/** What a command line said. */
export interface Said {
  readonly out: string;
  readonly error: string;
}

/** Runs a command line in this process; for tests. */
export async function runDataset(...args: readonly string[]): Promise<Said> {
  return saidBy(() => parseDataset(...args));
}

/** The same, as it speaks. */
export async function parseDataset(...args: readonly string[]): Promise<void> {
  const program = createProgram(new AbortController().signal);
  for (const command of program.commands) command.exitOverride();
  await program.parseAsync([...args], { from: 'user' });
}

/** What is said in the course of something. */
export async function saidBy(body: () => Promise<unknown>): Promise<Said> {
  let out = '';
  let error = '';
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((text) => void (out += `${text}\n`)),
    vi.spyOn(console, 'table').mockImplementation((rows) => void (out += `${JSON.stringify(rows)}\n`)),
    vi.spyOn(console, 'error').mockImplementation((text) => void (error += `${text}\n`)),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      error += String(text);
      return true;
    }),
  ];
  try {
    await body();
    return { out, error };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
