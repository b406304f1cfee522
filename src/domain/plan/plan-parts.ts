import type { z } from 'zod'
import { isRecord } from '../json.ts'
import { nearestWord } from '../nearest-word.ts'
import { MOST_PROBLEMS } from '../problems.ts'

/** The options of a step or a check as far as they can be read, so that one wrong word does not hide what else is wrong. */
export interface Parts<Options> {
  /** What can be read, with defaults for what is not written. A key that is written wrongly is not here. */
  readonly read: Partial<Options>
  /** True for a key that is written, readable or not, and for one that a misspelt key is likely to mean. */
  readonly has: (key: keyof Options & string) => boolean
}

/** Reads each option for itself. */
export function partsOf<Shape extends z.core.$ZodLooseShape>(
  schema: z.ZodObject<Shape>,
  value: unknown,
): Parts<z.output<z.ZodObject<Shape>>> {
  const record = isRecord(value) ? value : {}
  const known = Object.keys(schema.shape)
  const written = Object.keys(record)
  const misspelt = written.filter((key) => !known.includes(key)).slice(0, MOST_PROBLEMS)
  const meant = new Set([...written, ...misspelt.flatMap((key) => nearestWord(key, known) ?? [])])
  const read = known.flatMap((key) => {
    const isWritten = Object.hasOwn(record, key)
    const parsed =
      !isWritten && meant.has(key) ? null : partOf(schema, key).safeParse(isWritten ? record[key] : undefined)
    return parsed?.success === true ? [[key, parsed.data] as const] : []
  })
  return {
    read: Object.fromEntries(read) as Partial<z.output<z.ZodObject<Shape>>>,
    has: (key) => meant.has(key),
  }
}

function partOf<Shape extends z.core.$ZodLooseShape>(schema: z.ZodObject<Shape>, key: string): z.ZodType {
  return schema.shape[key] as unknown as z.ZodType
}

/** A value that was read whole, as parts. */
export function wholeParts<Options extends object>(options: Options, written: unknown): Parts<Options> {
  return { read: options, has: (key) => isRecord(written) && Object.hasOwn(written, key) }
}
