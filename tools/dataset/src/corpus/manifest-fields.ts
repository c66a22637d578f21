import { AppError } from '@repoformer/domain';

/** An error that names file and field, and says what is expected there. */
export function manifestError(file: string, field: string, problem: string, cause?: unknown): AppError {
  return new AppError({
    kind: 'invalid_argument',
    reason: 'CONFIG_INVALID',
    message: `${file}${field === '' ? '' : `, ${field}`}: ${problem}`,
    meta: { file, field },
    cause,
  });
}

/** A JSON object of a manifest: unknown fields are refused, since a misspelt one would be ignored silently. */
export class EntryFields {
  readonly #file: string;
  readonly #at: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(file: string, at: string, value: unknown, known: readonly string[]) {
    this.#file = file;
    this.#at = at;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw manifestError(file, at, 'must be a JSON object');
    }
    this.#fields = value as Record<string, unknown>;
    for (const name of Object.keys(value)) {
      if (!known.includes(name)) {
        throw manifestError(file, this.#path(name), `unknown field; known are ${known.join(', ')}`);
      }
    }
  }

  required(name: string): FieldValue {
    const field = this.optional(name);
    if (!field) throw manifestError(this.#file, this.#path(name), 'is missing');
    return field;
  }

  optional(name: string): FieldValue | undefined {
    if (!Object.hasOwn(this.#fields, name)) return undefined;
    return new FieldValue(this.#file, this.#path(name), this.#fields[name]);
  }

  refuse(names: readonly string[], why: string): void {
    for (const name of names) {
      if (Object.hasOwn(this.#fields, name)) throw manifestError(this.#file, this.#path(name), why);
    }
  }

  #path(name: string): string {
    return this.#at === '' ? name : `${this.#at}.${name}`;
  }
}

/** One field's value, with the checks it may be put to. */
export class FieldValue {
  readonly #file: string;

  constructor(
    file: string,
    readonly at: string,
    readonly value: unknown,
  ) {
    this.#file = file;
  }

  error(problem: string): AppError {
    return manifestError(this.#file, this.at, problem);
  }

  text(pattern?: RegExp, expected = 'a text'): string {
    if (typeof this.value !== 'string' || this.value === '') throw this.error('must be a text');
    if (pattern && !pattern.test(this.value)) throw this.error(`must be ${expected}`);
    return this.value;
  }

  array(): readonly unknown[] {
    if (!Array.isArray(this.value)) throw this.error('must be a list');
    return this.value;
  }

  texts(): string[] {
    return this.array().map((one, at) => new FieldValue(this.#file, `${this.at}[${at}]`, one).text());
  }

  /** Paths inside an archive: relative, forward slashes, no `..`. */
  paths(): string[] {
    return this.array().map((one, at) => {
      const field = new FieldValue(this.#file, `${this.at}[${at}]`, one);
      const path = field.text().replace(/\/+$/, '');
      if (path.startsWith('/') || path.split('/').some((part) => ['', '.', '..'].includes(part))) {
        throw field.error("must be a path inside the package, such as 'src/'");
      }
      return path;
    });
  }

  oneOf<T extends string>(allowed: readonly T[]): T {
    const found = allowed.find((one) => one === this.value);
    if (found === undefined) throw this.error(`must be one of ${allowed.join(', ')}`);
    return found;
  }

  /** At least one of the allowed, none twice. */
  listOf<T extends string>(allowed: readonly T[]): T[] {
    const list = this.array().map((one, at) =>
      new FieldValue(this.#file, `${this.at}[${at}]`, one).oneOf(allowed),
    );
    if (list.length === 0 || new Set(list).size < list.length) {
      throw this.error(`must name at least one of ${allowed.join(', ')}, none twice`);
    }
    return list;
  }
}
