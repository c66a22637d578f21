import { AppError } from '@repoformer/domain';

/**
 * Reads fields of untrusted JSON: each method gives a value of the asked kind, or throws an error that names the
 * place in the document.
 */
export class JsonReader {
  constructor(
    private readonly value: unknown,
    /** Where in the document this value stands. */
    readonly place: string,
    /** What the document is, for messages: a file's name. */
    private readonly source: string,
  ) {}

  fail(problem: string): never {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `${this.source}: ${this.place === '' ? 'the document' : this.place} ${problem}; fit the policy again with this version, or set the option "policy" to "similarity"`,
      meta: { place: this.place },
    });
  }

  get isPresent(): boolean {
    return this.value !== undefined;
  }

  field(name: string): JsonReader {
    const object = this.object();
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    return new JsonReader(value, this.place === '' ? name : `${this.place}.${name}`, this.source);
  }

  /** The field's value as `read` makes it; undefined where there is none. */
  optional<T>(name: string, read: (field: JsonReader) => T): T | undefined {
    const field = this.field(name);
    return field.isPresent ? read(field) : undefined;
  }

  number(least = -Number.MAX_VALUE, most = Number.MAX_VALUE): number {
    const { value } = this;
    if (typeof value !== 'number' || !Number.isFinite(value)) this.fail('is not a finite number');
    if (value < least || value > most) this.fail(`is ${value}, not in [${least}, ${most}]`);
    return value;
  }

  integer(least: number, most: number): number {
    const value = this.number(least, most);
    return Number.isInteger(value) ? value : this.fail('is not a whole number');
  }

  text(pattern: RegExp): string {
    const { value } = this;
    if (typeof value !== 'string' || !pattern.test(value))
      this.fail(`is not text of the form ${pattern.source}`);
    return value;
  }

  oneOf<T extends string | number>(...allowed: readonly T[]): T {
    const found = allowed.find((each) => each === this.value);
    return found ?? this.fail(`is none of ${allowed.join(', ')}`);
  }

  items(most: number, least = 0): JsonReader[] {
    const { value } = this;
    if (!Array.isArray(value)) this.fail('is not a list');
    if (value.length < least || value.length > most) {
      this.fail(`has ${value.length} entries, not ${least === most ? least : `${least} to ${most}`}`);
    }
    return value.map((each: unknown, at) => new JsonReader(each, `${this.place}[${at}]`, this.source));
  }

  /** Finite numbers within bounds. */
  numbers(
    length: { readonly least?: number; readonly most: number },
    least?: number,
    most?: number,
  ): number[] {
    return this.items(length.most, length.least).map((each) => each.number(least, most));
  }

  integers(
    length: { readonly least?: number; readonly most: number },
    least: number,
    most: number,
  ): number[] {
    return this.items(length.most, length.least).map((each) => each.integer(least, most));
  }

  /** The entries of an object with at most so many keys. */
  entries(most: number): [string, JsonReader][] {
    const keys = Object.keys(this.object());
    if (keys.length > most) this.fail(`has ${keys.length} entries, more than ${most}`);
    return keys.map((key) => {
      if (!/^[\w@.+#-]{1,64}$/.test(key) || key === '__proto__') this.fail('has a key of an odd form');
      return [key, this.field(key)];
    });
  }

  private object(): Record<string, unknown> {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail('is not an object');
    return value as Record<string, unknown>;
  }
}
