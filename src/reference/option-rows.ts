import { z } from 'zod'
import { formatDuration } from '../domain/units.ts'

/** One key that somebody may write, as a row of the documentation. */
export interface OptionRow {
  /** `targets[].service`. */
  readonly key: string
  /** What may stand there, in words. */
  readonly takes: string
  /** What holds when the key is left out; `required` when it may not be. */
  readonly otherwise: string
  readonly meaning: string
}

type Shape = z.core.JSONSchema.BaseSchema

/** The keys of an object, those of the objects in it included where `isDeep`. Each must have a description in its schema. */
export function optionRows(schema: z.ZodType, { isDeep = false } = {}): readonly OptionRow[] {
  if (!(schema instanceof z.ZodObject)) throw new Error('only the keys of an object can be listed')
  return rowsOf(schema, '', isDeep)
}

function rowsOf(object: z.ZodObject, path: string, isDeep: boolean): readonly OptionRow[] {
  return Object.entries(object.shape).flatMap(([name, value]) => {
    const field = value as z.ZodType
    const shape = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' })
    const key = `${path}${name}`
    const below = isDeep ? rowsBelow(field, key) : []
    const row = {
      key,
      takes: below.length === 0 ? takesOf(shape) : shape.type === 'array' ? 'list' : 'keys',
      otherwise: otherwiseOf(field, shape),
      meaning: shape.description ?? missing(key),
    }
    return [row, ...below]
  })
}

/** Adapters say their own options elsewhere: an object that takes any key has none to list. */
function rowsBelow(field: z.ZodType, key: string): readonly OptionRow[] {
  const [inner, suffix] = bare(field)
  if (!(inner instanceof z.ZodObject) || inner.def.catchall instanceof z.ZodUnknown) return []
  return rowsOf(inner, `${key}${suffix}.`, true)
}

/** What is left without defaults and lists around it, and what a list adds to the path. */
function bare(field: z.ZodType): readonly [z.ZodType, string] {
  if (field instanceof z.ZodDefault || field instanceof z.ZodOptional) return bare(field.unwrap() as z.ZodType)
  if (!(field instanceof z.ZodArray)) return [field, '']
  const [inner, suffix] = bare(field.element as z.ZodType)
  return [inner, `[]${suffix}`]
}

function otherwiseOf(field: z.ZodType, { title }: Shape): string {
  if (field instanceof z.ZodDefault) return shown(field.def.defaultValue, title === 'duration')
  return field.isOptional() ? 'none' : 'required'
}

function shown(value: unknown, isDuration: boolean): string {
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return 'none'
  return `\`${isDuration && typeof value === 'number' ? formatDuration(value) : String(value)}\``
}

function takesOf(shape: Shape): string {
  if (shape.title !== undefined) return shape.title
  if (shape.const !== undefined) return `\`${String(shape.const)}\``
  if (shape.enum !== undefined) return shape.enum.map((value) => `\`${String(value)}\``).join(' or ')
  if (shape.type === 'array') return listOf(shape)
  if (shape.type === 'object') return objectOf(shape)
  if (shape.type === 'integer' || shape.type === 'number') return 'number'
  return shape.format === 'uri' ? 'address' : 'text'
}

function listOf({ prefixItems, items }: Shape): string {
  if (prefixItems !== undefined) return `list of ${prefixItems.length}`
  const each = takesOf(typeof items === 'object' && !Array.isArray(items) ? items : {})
  return `list of ${each === 'text' ? 'texts' : each === 'address' ? 'addresses' : each}`
}

function objectOf(shape: Shape): string {
  if (shape.properties !== undefined) return `\`${keysOf(shape)}\``
  return `by name: ${takesOf(typeof shape.additionalProperties === 'object' ? shape.additionalProperties : {})}`
}

/** `{ metric, labels? }`: a key with a question mark may be left out. */
function keysOf({ properties = {}, required = [], additionalProperties }: Shape): string {
  const keys = Object.entries(properties).map(([name, value]) => {
    const inner = typeof value === 'object' ? value : {}
    const mark = required.includes(name) ? name : `${name}?`
    return inner.properties === undefined ? mark : `${mark}: ${keysOf(inner)}`
  })
  return `{ ${[...keys, ...(additionalProperties === false ? [] : ['…'])].join(', ')} }`
}

function missing(key: string): never {
  throw new Error(`${key} has no description in its zod schema`)
}
