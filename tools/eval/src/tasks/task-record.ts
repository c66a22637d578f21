import { taskFileError } from './task-file-error.js';

type Fields = Readonly<Record<string, unknown>>;

/** One record of a file of tasks; its readers name the field that is wrong. Fields are named by dots. */
export class TaskRecord {
  private readonly fields: Fields;

  constructor(
    readonly file: string,
    readonly line: number,
    value: unknown,
  ) {
    if (!isObject(value)) throw taskFileError({ file, line }, 'the record must be a JSON object.');
    this.fields = value;
  }

  /** The raw value of a field; undefined when it, or what it lies in, is not there. */
  value(field: string): unknown {
    let value: unknown = this.fields;
    for (const name of field.split('.'))
      value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    return value;
  }

  has(field: string): boolean {
    return this.value(field) !== undefined && this.value(field) !== null;
  }

  text(field: string): string {
    const value = this.value(field);
    return typeof value === 'string' ? value : this.failKind(field, 'a text', value);
  }

  /** A text, or undefined when the field is not there. */
  optionalText(field: string): string | undefined {
    return this.has(field) ? this.text(field) : undefined;
  }

  /** A whole number from 0. */
  index(field: string): number {
    const value = this.value(field);
    return Number.isSafeInteger(value) && (value as number) >= 0
      ? (value as number)
      : this.failKind(field, 'a whole number from 0', value);
  }

  texts(field: string): readonly string[] {
    const value = this.value(field);
    return Array.isArray(value) && value.every((one) => typeof one === 'string')
      ? (value as string[])
      : this.failKind(field, 'a list of texts', value);
  }

  list(field: string): readonly unknown[] {
    const value = this.value(field);
    return Array.isArray(value) ? (value as unknown[]) : this.failKind(field, 'a list', value);
  }

  /** @throws AppError invalid_argument that names file, line and field. */
  fail(field: string, problem: string): never {
    throw taskFileError({ file: this.file, line: this.line, field }, `${problem}.`);
  }

  /** As {@link fail}, for a value of the wrong kind. */
  failKind(field: string, wanted: string, value: unknown): never {
    return this.fail(field, `must be ${wanted} (found: ${kindOf(value)})`);
  }
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
