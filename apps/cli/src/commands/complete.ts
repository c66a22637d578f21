import type { Command } from 'commander';
import { CompleteResponseSchema, FinishReason, RetrievalMode } from '@repoformer/protocol';
import type { CompleteResponse, DecisionOutcome } from '@repoformer/protocol';
import { AppError, invalidArgument } from '@repoformer/domain';
import type { CliContext } from '../cli-context.js';
import { action, collect, examples, tableOption } from '../command.js';
import { readDocument } from '../document.js';
import { parseDuration, toDuration } from '../duration.js';
import type { Host } from '../host.js';
import { renderContext, renderDecision, renderFinished } from '../render/completion.js';
import { printable } from '../render/style.js';
import { findRepositoryOf, findRepositoryRoot } from '../repository-of.js';

const MODES = {
  auto: RetrievalMode.AUTO,
  always: RetrievalMode.ALWAYS,
  never: RetrievalMode.NEVER,
} as const;

/** Room beyond the budget for the last event to arrive. */
const DEADLINE_MARGIN_MS = 2_000;

export function addCompleteCommand(program: Command, host: Host): void {
  const command = program
    .command('complete')
    .description('Complete code at a place in a file, as it is generated.')
    .argument('<FILE:LINE[:COL]>', 'the place, counted from 1 as editors do; without COL the end of the line')
    .addOption(tableOption('mode'))
    .addOption(tableOption('threshold'))
    .addOption(tableOption('max-tokens'))
    .addOption(tableOption('max-lines'))
    .option('--replace-line', 'drop what stands after the cursor on its line, to try a hole in existing code')
    .option('--path <PATH>', 'file that the text on standard input belongs to (with "-" for FILE)')
    .option('--explain', 'show chunks with their text, token counts and the time of each stage')
    .option('--budget <TIME>', 'longest wait for the last token, such as 500ms or 2s')
    .option('--session <KEY>', 'supersede an older completion that has the same key')
    .option('--stop <TEXT>', 'end before this text; may be repeated', collect)
    .option('--language <ID>', 'language as editors name it (default: from the file name)')
    .option('--temperature <N>', 'sample with this temperature, from 0 to 2 (default: 0, greedy)')
    .option('--top-p <N>', 'sample from the most probable tokens up to this sum (default: 1)')
    .option('--sample-top-k <N>', 'sample from this many tokens (default: 0, all)')
    .option('--seed <N>', 'seed of the sampling (default: 0)')
    .action(action(host, complete));
  examples(command, [
    ['repoformer complete src/main.py:42', 'at the end of line 42'],
    ['repoformer complete src/main.py:42:9', 'after its 8th character'],
    ['repoformer complete src/main.py:42:9 --replace-line', 'as if the rest of the line were not there'],
    ['repoformer complete a.ts:7 --mode always --explain', 'with context, and what went into it'],
    ['repoformer complete -:3 --path src/a.py < buffer.py', 'in an unsaved buffer'],
    ["repoformer complete a.ts:7 --json | jq -j '.text.text // empty'", 'events as JSON, one a line'],
  ]);
}

async function complete(context: CliContext, position: string): Promise<void> {
  const { host, options, output, signal } = context;
  const sampling = readSampling(options);
  const budgetMs =
    options['budget'] === undefined ? undefined : parseDuration('--budget', options['budget'] as string);
  const document = await readDocument(host, position, {
    path: options['path'] as string | undefined,
    replaceLine: options['replaceLine'] === true,
  });
  const root = await findRepositoryRoot(document.path);
  if (root !== undefined) context.readRepositorySettings(root);
  const { config, origins } = context.settings;
  const sendThreshold =
    config.threshold !== undefined && (config.mode === 'auto' || origins.threshold.kind === 'flag');
  const clients = await context.connect();
  const repository = await findRepositoryOf(context, clients, document.path, root);
  const events = clients.completion.complete(
    {
      repository: repository.registered?.id ?? '',
      path: repository.path,
      prefix: document.prefix,
      suffix: document.suffix,
      language: (options['language'] as string | undefined) ?? '',
      mode: MODES[config.mode],
      ...(sendThreshold && { threshold: config.threshold }),
      // What is not set here is left to the daemon, which may have been started with other options.
      maxTokens: origins['max-tokens'].kind === 'default' ? 0 : config.maxTokens,
      maxLines: config.maxLines,
      ...(sampling !== undefined && { sampling }),
      ...(budgetMs !== undefined && { budget: toDuration(budgetMs) }),
      session: (options['session'] as string | undefined) ?? '',
      explain: options['explain'] === true,
      stop: [...((options['stop'] as readonly string[] | undefined) ?? [])],
    },
    { signal, ...(budgetMs !== undefined && { timeoutMs: budgetMs + DEADLINE_MARGIN_MS }) },
  );
  output.progress('waiting for the model');
  const printer = new CompletionPrinter(context);
  for await (const response of events) await printer.print(response);
  await printer.end();
}

/** Writes the events of one completion as they come. */
class CompletionPrinter {
  readonly #context: CliContext;
  #endsWithNewline = true;
  #finished: FinishReason | undefined;
  #outcome: DecisionOutcome | undefined;

  constructor(context: CliContext) {
    this.#context = context;
  }

  async print(response: CompleteResponse): Promise<void> {
    const { output, options } = this.#context;
    const explain = options['explain'] === true;
    if (response.event.case === 'finished') this.#finished = response.event.value.reason;
    if (output.json) {
      await output.message(CompleteResponseSchema, response);
      return;
    }
    const style = output.noteStyle;
    switch (response.event.case) {
      case 'decision':
        this.#outcome = response.event.value.outcome;
        output.note(renderDecision(response.event.value, style));
        break;
      case 'context':
        output.note(renderContext(response.event.value, style, explain));
        output.progress('generating');
        break;
      case 'text': {
        const { text } = response.event.value;
        if (text === '') break;
        this.#endsWithNewline = text.endsWith('\n');
        await output.text(output.terminal ? output.style.green(printable(text)) : text);
        break;
      }
      case 'finished':
        await this.#endLine();
        output.note(renderFinished(response.event.value, style, explain));
        break;
      default:
        break;
    }
  }

  /** @throws AppError when the stream ended without its last event, or the completion was superseded. */
  async end(): Promise<void> {
    await this.#endLine();
    if (this.#finished === FinishReason.SUPERSEDED) {
      throw new AppError({
        kind: 'aborted',
        reason: 'SUPERSEDED',
        message: 'a newer completion of the same session took its place',
      });
    }
    if (this.#finished === undefined) {
      throw new AppError({
        kind: 'unavailable',
        reason: 'INTERNAL',
        message: `the daemon ended the completion before it was finished${this.#outcome === undefined ? '' : ', after its decision'}`,
      });
    }
  }

  /** Remarks begin on a line of their own; a pipe of its own gets the completion and nothing else. */
  async #endLine(): Promise<void> {
    const { output } = this.#context;
    if (this.#endsWithNewline || !output.mixesRemarks || output.json) return;
    this.#endsWithNewline = true;
    await output.line();
  }
}

interface SamplingInit {
  temperature: number;
  topP: number;
  topK: number;
  seed: bigint;
}

function readSampling(options: Readonly<Record<string, unknown>>): SamplingInit | undefined {
  const given = ['temperature', 'topP', 'sampleTopK', 'seed'].some((name) => options[name] !== undefined);
  if (!given) return undefined;
  return {
    temperature: readNumber(options, 'temperature', '--temperature', 2),
    topP: readNumber(options, 'topP', '--top-p', 1),
    topK: Number(readInteger(options, 'sampleTopK', '--sample-top-k', 2n ** 32n - 1n)),
    seed: readInteger(options, 'seed', '--seed', 2n ** 64n - 1n),
  };
}

function readNumber(
  options: Readonly<Record<string, unknown>>,
  name: string,
  flag: string,
  max: number,
): number {
  const text = (options[name] as string | undefined) ?? '0';
  const value = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : NaN;
  if (!(value <= max)) throw invalidArgument(flag, `${JSON.stringify(text)} is no number from 0 to ${max}`);
  return value;
}

function readInteger(
  options: Readonly<Record<string, unknown>>,
  name: string,
  flag: string,
  max: bigint,
): bigint {
  const text = (options[name] as string | undefined) ?? '0';
  if (!/^\d{1,20}$/.test(text) || BigInt(text) > max) {
    throw invalidArgument(flag, `${JSON.stringify(text)} is no integer from 0 to ${max}`);
  }
  return BigInt(text);
}
