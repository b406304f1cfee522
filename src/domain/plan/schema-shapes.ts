import { z } from 'zod'
import type { ProblemPath } from '../problems.ts'

/** A part of a JSON Schema: what may stand at one place of a document. */
export type JsonShape = z.core.JSONSchema.BaseSchema

/** What people may write where the schema reads. Made once per schema, for it costs more than all the rest of a problem. */
export function shapeOf(schema: z.ZodType): JsonShape {
  const known = made.get(schema)
  if (known !== undefined) return known
  const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  made.set(schema, shape)
  return shape
}

const made = new WeakMap<z.ZodType, JsonShape>()

/** What may stand at a place: all forms of it, where there are several. */
export function shapesAt(shapes: readonly JsonShape[], path: ProblemPath): readonly JsonShape[] {
  return path.reduce<readonly JsonShape[]>(
    (found, key) => found.flatMap((shape) => formsOf(childAt(shape, key))),
    shapes.flatMap(formsOf),
  )
}

/** The keys that any of the forms knows. */
export function keysOf(shapes: readonly JsonShape[]): readonly string[] {
  return [...new Set(shapes.flatMap(({ properties = {} }) => Object.keys(properties)))]
}

function childAt({ properties = {}, items, additionalProperties }: JsonShape, key: string | number): unknown {
  if (typeof key === 'number') return items
  return Object.hasOwn(properties, key) ? properties[key] : additionalProperties
}

function formsOf(shape: unknown): readonly JsonShape[] {
  if (!isShape(shape)) return []
  const { anyOf = [], oneOf = [], allOf = [] } = shape
  return [shape, ...[...anyOf, ...oneOf, ...allOf].flatMap(formsOf)]
}

function isShape(value: unknown): value is JsonShape {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
