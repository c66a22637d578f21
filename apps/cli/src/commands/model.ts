import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ModelEntry, ModelLocation, ModelStore, PullProgress } from '@repoformer/models';
import { AppError } from '@repoformer/domain';
import type { CliContext } from '../cli-context.js';
import { action, collect, examples, tableOption } from '../command.js';
import type { Host } from '../host.js';
import { shownOn } from '../render/chunk.js';
import type { Style } from '../render/style.js';
import { formatBytes, formatCount, formatMs, formatTable } from '../render/units.js';

export function addModelCommands(program: Command, host: Host): void {
  const model = program.command('model').description('Models on this machine and in the catalogue.');
  const subcommand = (name: string, description: string): Command =>
    model.command(name).description(description).addOption(tableOption('models-dir'));
  examples(
    subcommand('list', 'List the models that are known by name, and whether their files are here.').action(
      action(host, listModels),
    ),
    [['repoformer model list', 'the default is marked with *']],
  );
  examples(
    subcommand('show', 'Show a model: licence, size, checksum, files, adapters.')
      .argument('[NAME]', 'name in the catalogue', 'default')
      .action(action(host, showModel)),
    [['repoformer model show', 'the default model']],
  );
  examples(
    subcommand(
      'pull',
      "Download a model, or go on with a download. A file counts only with the catalogue's SHA-256.",
    )
      .argument('[NAME]', 'name in the catalogue', 'default')
      .addOption(tableOption('offline'))
      .action(action(host, pullModel)),
    [
      ['repoformer model pull', 'the default model'],
      ['repoformer model pull --offline', 'fail rather than use the network'],
    ],
  );
  examples(
    subcommand('import', 'Make a GGUF file known by a name, or give a model of the catalogue its file.')
      .argument('<FILE>', 'the file')
      .option('--name <NAME>', 'name to know it by (default: from the file)')
      .option('--link', 'point to the file where it is instead of copying it')
      .option('--sha256 <HEX>', 'checksum that it must have')
      .option('--family <NAME>', 'fill-in-the-middle family (default: recognised when it is loaded)')
      .option('--licence <ID>', 'SPDX identifier of its licence (default: from the file)')
      .action(action(host, importModel)),
    [['repoformer model import ~/Downloads/starcoder2-3b.gguf --link', 'without storing it twice']],
  );
  examples(
    subcommand('merge', 'Write a model and its adapter as one file, which is evaluated faster.')
      .argument('[NAME]', 'name in the catalogue', 'default')
      .option('--name <NAME>', "name to know it by (default: the model's with -merged)")
      .option('--adapter <FILE>', "adapter to merge in place of the catalogue's; may be repeated", collect)
      .option('--type <TYPE>', 'of the matrices that change: q8_0, f16 or bf16 (default: as they are)')
      .option('--vocabulary <FILE>', 'keep only the tokens that it names, one a line (default: all)')
      .option('--family <NAME>', "fill-in-the-middle family of the result (default: the model's)")
      .action(action(host, mergeModel)),
    [
      ['repoformer model merge --type q8_0', 'a third larger, and the fastest on a processor'],
      ['repoformer model merge --vocabulary code.txt', 'smaller, and writes faster'],
    ],
  );
  examples(
    subcommand('verify', 'Compute the checksum of a model and its adapters anew.')
      .argument('[NAME]', 'name in the catalogue', 'default')
      .action(action(host, verifyModel)),
    [['repoformer model verify', 'exit code 1 where a file is not the right one']],
  );
  examples(
    subcommand('remove', 'Delete the file of a model; an imported one is forgotten too.')
      .argument('<NAME>', 'name in the catalogue')
      .action(action(host, removeModel)),
    [['repoformer model remove starcoder2-3b', 'frees its space']],
  );
}

async function openStore(context: CliContext): Promise<ModelStore> {
  const { ModelStore } = await import('@repoformer/models');
  return ModelStore.open({ modelsDirectory: context.settings.config.modelsDir });
}

/** Progress of reading a file through, for checksums. */
function hashing(context: CliContext, name: string, totalBytes: number): (doneBytes: number) => void {
  return (doneBytes) =>
    context.output.progress(`checking ${name}: ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`);
}

async function listModels(context: CliContext): Promise<void> {
  const { output, signal } = context;
  const store = await openStore(context);
  const locations: ModelLocation[] = [];
  for (const { name, sizeBytes } of store.catalog.list()) {
    locations.push(await store.locate(name, { signal, onBytes: hashing(context, name, sizeBytes) }));
  }
  output.clearProgress();
  if (output.json) {
    for (const location of locations) await output.value(describe(location));
    return;
  }
  const rows = formatTable(
    locations.map((location) => {
      const { entry } = location;
      return [
        entry.default === true ? '*' : ' ',
        entry.name,
        stateOf(location),
        formatBytes(entry.sizeBytes),
        entry.licence,
        entry.title,
      ];
    }),
  );
  const show = shownOn(output.terminal);
  for (const [i, row] of rows.entries()) {
    const location = locations[i];
    await output.line(location === undefined ? row : colourState(show(row), location, output.style));
  }
}

function stateOf({ state, partialBytes, entry, bundled }: ModelLocation): string {
  if (state === 'present') return bundled ? 'comes along' : 'here';
  if (state === 'corrupt') return 'damaged';
  if (partialBytes > 0) return `${Math.floor((100 * partialBytes) / entry.sizeBytes)} % here`;
  return 'not here';
}

function colourState(row: string, location: ModelLocation, style: Style): string {
  const word = stateOf(location);
  const colour =
    location.state === 'present' ? style.green : location.state === 'corrupt' ? style.red : style.dim;
  return row.replace(` ${word} `, ` ${colour(word)} `);
}

async function showModel(context: CliContext, name: string): Promise<void> {
  const { output, signal } = context;
  const store = await openStore(context);
  const entry = store.catalog.get(name);
  const location = await store.locate(name, { signal, onBytes: hashing(context, name, entry.sizeBytes) });
  output.clearProgress();
  if (output.json) {
    await output.value(describe(location));
    return;
  }
  const { sourceLabel } = await import('@repoformer/models');
  const { adapters } = entry;
  const policyText = await describePolicy(context, entry);
  const rows: [string, string][] = [
    ['name', entry.name],
    ['title', entry.title],
    ['about', entry.description],
    ['licence', entry.licence],
    ['file', `${location.path} (${stateOf(location)})`],
    ...(location.problem === undefined ? [] : [['problem', location.problem] as [string, string]]),
    ['size', `${formatBytes(entry.sizeBytes)} (${formatCount(entry.sizeBytes)} bytes)`],
    ['sha256', entry.sha256],
    ['family', entry.family ?? 'recognised when it is loaded'],
    ['context', `${formatCount(entry.contextTokens)} tokens`],
    ['roles', entry.roles.join(', ')],
    ...(policyText === undefined ? [] : [['policy', policyText] as [string, string]]),
    ['sources', entry.sources.map(sourceLabel).join(', ') || 'none'],
    ...(entry.merged && location.merged
      ? [
          [
            'merged',
            `${location.merged.path} (${formatBytes(entry.merged.sizeBytes)}, ${location.merged.state})`,
          ] as [string, string],
        ]
      : []),
    ...adapters.map((adapter, i): [string, string] => [
      'adapter',
      `${location.adapters[i]?.path ?? adapter.file} (${formatBytes(adapter.sizeBytes)}, ${adapter.licence}, ${location.adapters[i]?.state ?? 'absent'})`,
    ]),
  ];
  const show = shownOn(output.terminal);
  for (const [label, value] of rows)
    await output.line(`${output.style.bold(label.padEnd(8))}  ${show(value)}`);
}

/** What decides for a model unless the options say otherwise; undefined: nothing is known of it. */
async function describePolicy(
  { settings }: CliContext,
  { name, policy }: ModelEntry,
): Promise<string | undefined> {
  const { tunedPolicyPath } = await import('@repoformer/models');
  const tuned = tunedPolicyPath(settings.config.modelsDir, name);
  if (existsSync(tuned)) return `classifier, tuned on this machine: ${tuned}`;
  if (policy === undefined) return undefined;
  const { threshold, file } = policy;
  return [
    policy.name,
    ...(threshold === undefined ? [] : [` above ${threshold}`]),
    ...(file === undefined ? [] : [`, ${file}`]),
  ].join('');
}

async function pullModel(context: CliContext, name: string): Promise<void> {
  const { output, signal } = context;
  const store = await openStore(context);
  const { sizeBytes, name: fullName } = store.catalog.get(name);
  let announced = false;
  const location = await store.pull(name, {
    signal,
    offline: context.settings.config.offline,
    onProgress: (progress) => {
      if (!announced && progress.phase === 'downloading') {
        announced = true;
        output.note(
          `Downloading ${fullName}, ${formatBytes(sizeBytes)}; Ctrl-C stops, the next pull goes on.`,
        );
      }
      output.progress(renderPull(fullName, progress));
    },
    onMergeProblem: (problem) => {
      const why = problem instanceof AppError ? problem.message : 'see the log';
      output.note(`${fullName} and its adapter stay two files, which are evaluated slower: ${why}`);
    },
  });
  output.clearProgress();
  if (output.json) await output.value(describe(location));
  else {
    await output.line(`${fullName} is at ${location.path}`);
    if (location.merged?.state === 'present') {
      await output.line(`with its adapter as one file, which is evaluated faster: ${location.merged.path}`);
    }
  }
}

/** `downloading default 120 MB of 491 MB (24 %), 8.1 MB/s, 46 s left`. */
export function renderPull(name: string, progress: PullProgress): string {
  const { phase, doneBytes, totalBytes, bytesPerSecond, remainingMs, source } = progress;
  if (phase === 'waiting') return `waiting for another download of ${name}`;
  const share = totalBytes === 0 ? 100 : Math.floor((100 * doneBytes) / totalBytes);
  const parts = [`${formatBytes(doneBytes)} of ${formatBytes(totalBytes)} (${share} %)`];
  if (bytesPerSecond > 0) parts.push(`${formatBytes(bytesPerSecond)}/s`);
  if (remainingMs !== undefined && remainingMs > 0) parts.push(`${formatMs(remainingMs)} left`);
  if (phase === 'downloading' && source !== '') parts.push(`from ${source}`);
  return `${phase} ${name}: ${parts.join(', ')}`;
}

async function importModel(context: CliContext, file: string): Promise<void> {
  const { output, signal, options } = context;
  const store = await openStore(context);
  const text = (name: string): string | undefined => options[name] as string | undefined;
  const [name, sha256, family, licence] = [text('name'), text('sha256'), text('family'), text('licence')];
  const location = await store.importFile(resolve(context.host.cwd, file), {
    signal,
    method: options['link'] === true ? 'link' : 'copy',
    ...(name !== undefined && { name }),
    ...(sha256 !== undefined && { sha256: sha256.toLowerCase() }),
    ...(family !== undefined && { family }),
    ...(licence !== undefined && { licence }),
    onBytes: (done, total) => output.progress(`importing: ${formatBytes(done)} of ${formatBytes(total)}`),
  });
  output.clearProgress();
  if (output.json) await output.value(describe(location));
  else {
    await output.line(`${location.entry.name} is at ${location.path}`);
    output.dimNote(`Use it with --model ${location.entry.name}, from the daemon's next start on.`);
  }
}

async function mergeModel(context: CliContext, name: string): Promise<void> {
  const { output, signal, options } = context;
  const store = await openStore(context);
  const text = (key: string): string | undefined => options[key] as string | undefined;
  const [newName, type, vocabulary, family] = ['name', 'type', 'vocabulary', 'family'].map(text);
  const adapters = options['adapter'] as readonly string[] | undefined;
  const location = await store.merge(name, {
    signal,
    ...(newName !== undefined && { name: newName }),
    ...(type !== undefined && { type }),
    ...(vocabulary !== undefined && { vocabulary: resolve(context.host.cwd, vocabulary) }),
    ...(family !== undefined && { family }),
    ...(adapters && {
      adapters: adapters.map((path) => ({ path: resolve(context.host.cwd, path), scale: 1 })),
    }),
    onBytes: (done, total) => output.progress(`merging: ${formatBytes(done)} of ${formatBytes(total)}`),
  });
  output.clearProgress();
  if (output.json) await output.value(describe(location));
  else {
    await output.line(`${location.entry.name} is at ${location.path}`);
    output.dimNote(`Use it with --model ${location.entry.name}, from the daemon's next start on.`);
  }
}

async function verifyModel(context: CliContext, name: string): Promise<void> {
  const { output, signal } = context;
  const store = await openStore(context);
  const { sizeBytes, name: fullName } = store.catalog.get(name);
  const { location, ok } = await store.verify(name, {
    signal,
    onBytes: hashing(context, fullName, sizeBytes),
  });
  output.clearProgress();
  if (output.json) await output.value({ ...describe(location), ok });
  const files = [
    { file: location.entry.file, ...location },
    ...location.adapters.map((adapter) => ({ file: adapter.entry.file, ...adapter })),
    // That it was not made is nothing wrong.
    ...(location.merged && location.merged.state !== 'absent' ? [location.merged] : []),
  ];
  if (!output.json) {
    for (const { path, state, problem } of files) {
      const mark = state === 'present' ? output.style.green('ok  ') : output.style.red('fail');
      await output.line(
        `${mark}  ${path}${state === 'absent' ? ': not here' : problem === undefined ? '' : `: ${problem}`}`,
      );
    }
  }
  if (ok) return;
  const absent = location.state === 'absent';
  throw new AppError({
    kind: absent ? 'not_found' : 'data_loss',
    reason: absent ? 'MODEL_NOT_FOUND' : 'MODEL_CHECKSUM_MISMATCH',
    message: absent
      ? `${fullName} is not on this machine`
      : `${fullName} is not the model that the catalogue names`,
    meta: { model: fullName, hint: `get it with "repoformer model pull ${fullName}"` },
  });
}

async function removeModel(context: CliContext, name: string): Promise<void> {
  const { output } = context;
  const store = await openStore(context);
  const removed = await store.remove(name);
  if (output.json) await output.value({ name, removed });
  else await output.line(removed ? `removed ${name}` : `${name} was not here`);
}

/** A model as `--json` shows it. */
function describe(location: ModelLocation): object {
  const { entry, state, path, bundled, problem, partialBytes, adapters, merged } = location;
  return {
    ...entry,
    ...(merged && { merged: { ...entry.merged, ...merged } }),
    state,
    path,
    bundled,
    partialBytes,
    ...(problem !== undefined && { problem }),
    adapters: adapters.map(({ entry: adapter, ...found }) => ({ ...adapter, ...found })),
  };
}
