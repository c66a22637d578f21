import { quote } from './config-error.js';
import type { Machine } from './machine.js';
import { absolutePath, isAbsolutePath } from './machine.js';
import type { ListenAddress, OptionRow, OptionValue } from './option.js';

/** A raw value: text of a flag or variable, or a JSON value of a file. */
export type RawValue = string | number | boolean | null | readonly unknown[] | object;

/** A value, or what is wrong with it, in words that follow its origin. */
export type ParsedValue = { readonly value: OptionValue } | { readonly problem: string };

export interface ValueContext {
  readonly machine: Machine;
  /** What relative paths are relative to. */
  readonly base: string;
  /** Text comes as one string from flags and variables; a file has typed values and must use the right type. */
  readonly typed: boolean;
}

const problem = (row: OptionRow, raw: unknown): ParsedValue => ({
  problem: `${row.name} is ${quote(raw)}; it must be ${describeAllowed(row)}`,
});

/** What an option accepts, in words: "an integer from 1 to 1024 (tokens)". */
export function describeAllowed(row: OptionRow): string {
  switch (row.type) {
    case 'integer':
    case 'number': {
      const noun = row.type === 'integer' ? 'an integer' : 'a number';
      return `${noun} from ${row.min} to ${row.max}${row.unit === undefined ? '' : ` (${row.unit})`}`;
    }
    case 'boolean':
      return 'true or false';
    case 'choice':
      return `one of ${(row.choices ?? []).join(', ')}`;
    case 'name':
      return 'a name of letters, digits and . _ - +';
    case 'path':
      return 'a path';
    case 'paths':
      return 'a list of paths';
    case 'model':
      return "a model's name, or the path of a GGUF file";
    case 'address':
      return 'host:port, such as 127.0.0.1:4317, with a port from 0 to 65535';
  }
}

/** Reads one value of one option. */
export function parseValue(row: OptionRow, raw: unknown, context: ValueContext): ParsedValue {
  switch (row.type) {
    case 'integer':
    case 'number': {
      const number = toNumber(raw, context.typed);
      const valid =
        number !== undefined &&
        (row.type === 'number' || Number.isSafeInteger(number)) &&
        number >= (row.min ?? -Infinity) &&
        number <= (row.max ?? Infinity);
      return valid ? { value: number } : problem(row, raw);
    }
    case 'boolean': {
      const value = toBoolean(raw, context.typed);
      return value === undefined ? problem(row, raw) : { value };
    }
    case 'choice':
      return typeof raw === 'string' && row.choices?.includes(raw) ? { value: raw } : problem(row, raw);
    case 'name':
      return typeof raw === 'string' && /^[\w.+-]{1,64}$/.test(raw) ? { value: raw } : problem(row, raw);
    case 'path':
      return isPath(raw) ? { value: toPath(raw, context) } : problem(row, raw);
    case 'paths': {
      const paths = toPaths(raw, context);
      return paths === undefined ? problem(row, raw) : { value: paths };
    }
    case 'model':
      if (!isPath(raw)) return problem(row, raw);
      return { value: isModelPath(raw) ? toPath(raw, context) : raw };
    case 'address': {
      const address = typeof raw === 'string' ? parseAddress(raw) : undefined;
      return address === undefined ? problem(row, raw) : { value: address };
    }
  }
}

/** Whether a model is given as a path rather than by its name in the catalogue. */
export function isModelPath(model: string): boolean {
  return /[\\/]/.test(model) || model.startsWith('~') || model.toLowerCase().endsWith('.gguf');
}

/** `host:port` or `[v6]:port`. */
export function parseAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65535 ? undefined : { host, port };
}

/** Whether a host can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(host);
}

/** `host:port` again. */
export function formatAddress({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function toNumber(raw: unknown, typed: boolean): number | undefined {
  if (typed) return typeof raw === 'number' ? raw : undefined;
  // Number() also takes "", " 1", "0x10" and "Infinity".
  return typeof raw === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(raw) ? Number(raw) : undefined;
}

function toBoolean(raw: unknown, typed: boolean): boolean | undefined {
  if (typeof raw === 'boolean') return raw;
  if (typed || typeof raw !== 'string') return undefined;
  const word = raw.toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(word)) return true;
  return ['false', '0', 'no', 'off'].includes(word) ? false : undefined;
}

function isPath(raw: unknown): raw is string {
  // eslint-disable-next-line no-control-regex -- no control character belongs in a path
  return typeof raw === 'string' && raw !== '' && raw.length <= 4096 && !/[\u0000-\u001f\u007f]/.test(raw);
}

function toPath(raw: string, { machine, base }: ValueContext): string {
  // Named pipes of Windows look like paths and are none.
  if (machine.platform === 'win32' && raw.startsWith('\\\\.\\pipe\\')) return raw;
  return isAbsolutePath(machine, raw) ? absolutePath(machine, raw, raw) : absolutePath(machine, raw, base);
}

function toPaths(raw: unknown, context: ValueContext): readonly string[] | undefined {
  const delimiter = context.machine.platform === 'win32' ? ';' : ':';
  const list =
    typeof raw === 'string' && !context.typed ? raw.split(delimiter).filter((path) => path !== '') : raw;
  if (!Array.isArray(list) || !list.every(isPath)) return undefined;
  return list.map((path) => toPath(path, context));
}
