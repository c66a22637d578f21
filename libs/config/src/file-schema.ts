import type { OptionRow } from './option.js';
import { OPTION_TABLE } from './option-table.js';

/** JSON schema (draft 2020-12) of the configuration files. */
export function createFileSchema(): Record<string, unknown> {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Repoformer options',
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { type: 'string' },
      ...Object.fromEntries(OPTION_TABLE.map((row: OptionRow) => [row.name, propertySchema(row)])),
    },
  };
}

function propertySchema(row: OptionRow): Record<string, unknown> {
  const description = row.scope === 'repository' ? row.doc : `${row.doc} Not allowed in a repository's file.`;
  const fallback = row.default === undefined ? {} : { default: row.default };
  switch (row.type) {
    case 'integer':
    case 'number':
      return { type: row.type, minimum: row.min, maximum: row.max, ...fallback, description };
    case 'boolean':
      return { type: 'boolean', ...fallback, description };
    case 'choice':
      return { enum: row.choices, ...fallback, description };
    case 'paths':
      return { type: 'array', items: { type: 'string', minLength: 1 }, ...fallback, description };
    default:
      return { type: 'string', minLength: 1, ...fallback, description };
  }
}
