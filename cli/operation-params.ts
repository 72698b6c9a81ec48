/** An operation's parameters as the command line sees them, read off its input schema. */
import * as z from 'zod'
import type { CliShape, Operation } from '../node/ops/define.ts'

export type ParamKind = 'text' | 'number' | 'flag' | 'list' | 'json'

export interface Param {
  /** The name in the input object. */
  readonly name: string
  /** The flag's name without dashes. */
  readonly flag: string
  readonly kind: ParamKind
  /** What stands for it in usage lines. */
  readonly placeholder: string
  readonly doc: string
  readonly required: boolean
  readonly initial: unknown
  readonly choices: readonly string[]
  /** Its place among the positionals, or null for a flag. */
  readonly place: number | null
}

interface JsonSchema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
}

/** Every parameter that the command line offers (or all there are): positionals first, in their order. */
export function operationParams(operation: Operation, which: 'offered' | 'all' = 'offered'): readonly Param[] {
  const schema = z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' }) as { properties?: Record<string, JsonSchema>; required?: readonly string[] }
  const cli: CliShape | undefined = operation.cli
  const params = Object.entries(schema.properties ?? {})
    .filter(([name]) => which === 'all' || cli?.hidden?.includes(name) !== true)
    .map(([name, property]): Param => {
      const flag = cli?.flags?.[name] ?? name.replaceAll('_', '-')
      const place = (operation.positional as readonly string[]).indexOf(name)
      return {
        name,
        flag,
        kind: kindOf(property),
        placeholder: cli?.placeholders?.[name] ?? flag.toUpperCase(),
        doc: property.description ?? '',
        required: schema.required?.includes(name) === true,
        initial: property.default,
        choices: (property.enum ?? []).map(String),
        place: place < 0 ? null : place,
      }
    })
  return params.toSorted((a, b) => (a.place ?? 99) - (b.place ?? 99))
}

function kindOf({ type, anyOf }: JsonSchema): ParamKind {
  if (anyOf !== undefined) return anyOf.some((one) => one.type === 'string') ? 'text' : 'json'
  if (type === 'boolean') return 'flag'
  if (type === 'number' || type === 'integer') return 'number'
  if (type === 'array') return 'list'
  return type === 'string' ? 'text' : 'json'
}
