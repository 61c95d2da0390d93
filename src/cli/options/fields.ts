import { z } from 'zod';

/** One option as the command line sees it. */
export interface Field {
  /** Its name in the schema and in files: `attack_target`. */
  readonly key: string;
  /** Its name on the command line: `attack-target`. */
  readonly flag: string;
  readonly kind: 'number' | 'integer' | 'boolean' | 'text' | 'choice' | 'list';
  /** What a choice may be. */
  readonly choices: readonly string[];
  readonly description: string;
  readonly fallback: unknown;
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
}

/** The options that a schema describes, in its order. */
export function fieldsOf(schema: z.ZodObject): Field[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' }) as { properties?: Record<string, JsonSchema> };
  return Object.entries(properties).map(([key, property]) => ({
    key,
    flag: key.replaceAll('_', '-'),
    kind: kindOf(key, property),
    choices: property.enum ?? [],
    description: property.description ?? '',
    fallback: property.default,
  }));
}

function kindOf(key: string, { type, enum: choices }: JsonSchema): Field['kind'] {
  if (choices) return 'choice';
  if (type === 'string') return 'text';
  if (type === 'array') return 'list';
  if (type === 'number' || type === 'integer' || type === 'boolean') return type;
  throw new Error(`option '${key}' is of a type that the command line cannot take: ${type}`);
}
