/** The part of JSON Schema that the catalogue needs. A keyword outside it does not compile. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly uniqueItems?: true;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  /** Alternatives told apart by the value of their property `kind`, instead of the other keywords. */
  readonly anyOf?: readonly JsonSchema[];
}

/** What is wrong with a value, each as `path: problem`; empty when it conforms. */
export function validate(schema: JsonSchema, value: unknown, path = ''): string[] {
  const at = (problem: string) => [`${path === '' ? 'the document' : path}: ${problem}`];
  if (schema.type !== typeOf(value) && !(schema.type === 'number' && typeOf(value) === 'integer')) {
    return at(`must be ${article(schema.type)}`);
  }
  if (schema.anyOf !== undefined) return validateAlternatives(schema.anyOf, value as object, path, at);
  if (typeof value === 'string') return validateString(schema, value).flatMap(at);
  if (typeof value === 'number') return validateNumber(schema, value).flatMap(at);
  if (Array.isArray(value)) {
    const own: string[] = [];
    if (value.length < (schema.minItems ?? 0)) own.push(...at(`needs at least ${schema.minItems} elements`));
    if (schema.uniqueItems && new Set(value.map((one) => JSON.stringify(one))).size < value.length) {
      own.push(...at('names something twice'));
    }
    const { items } = schema;
    return items === undefined
      ? own
      : [...own, ...value.flatMap((one, index) => validate(items, one, `${path}[${index}]`))];
  }
  if (typeof value === 'object') return validateObject(schema, value as Record<string, unknown>, path, at);
  return [];
}

type Report = (problem: string) => string[];

function validateObject(
  schema: JsonSchema,
  value: Record<string, unknown>,
  path: string,
  at: Report,
): string[] {
  const properties = schema.properties ?? {};
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
  const problems = missing.flatMap((name) => at(`lacks "${name}"`));
  for (const [name, member] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (known !== undefined)
      problems.push(...validate(known, member, path === '' ? name : `${path}.${name}`));
    else if (schema.additionalProperties === false) problems.push(...at(`does not know "${name}"`));
  }
  return problems;
}

function validateAlternatives(
  alternatives: readonly JsonSchema[],
  value: object,
  path: string,
  at: Report,
): string[] {
  const kinds = alternatives.map((one) => one.properties?.['kind']?.enum?.[0] ?? '');
  const chosen = alternatives[kinds.indexOf(String((value as { kind?: unknown }).kind))];
  if (chosen === undefined) return at(`"kind" must be one of ${kinds.join(', ')}`);
  return validate(chosen, value, path);
}

function validateString(schema: JsonSchema, value: string): string[] {
  const problems: string[] = [];
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    problems.push(`must be one of ${schema.enum.join(', ')}`);
  }
  if (value.length < (schema.minLength ?? 0)) problems.push('must not be empty');
  if (value.length > (schema.maxLength ?? Infinity))
    problems.push(`is longer than ${schema.maxLength} characters`);
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
    problems.push(`does not match ${schema.pattern}`);
  }
  return problems;
}

function validateNumber(schema: JsonSchema, value: number): string[] {
  if (value < (schema.minimum ?? -Infinity)) return [`must be at least ${schema.minimum}`];
  if (value > (schema.maximum ?? Infinity)) return [`must be at most ${schema.maximum}`];
  return [];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (Number.isSafeInteger(value)) return 'integer';
  return typeof value;
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
