import { isRecord } from '../../domain/json.ts'

const PART = /\.?([A-Za-z_][\w-]*)|\['([^']*)'\]|\["([^"]*)"\]|\[(\d+)\]/y

/** The keys of a field path such as `metadata.labels['app']` or `spec.template.spec.containers[0].name`; null when it is none. */
export function keysOf(path: string): readonly (string | number)[] | null {
  const keys: (string | number)[] = []
  PART.lastIndex = 0
  while (PART.lastIndex < path.length) {
    const match = PART.exec(path)
    if (match === null) return null
    const [, plain, single, double, index] = match
    keys.push(index === undefined ? (plain ?? single ?? double ?? '') : Number(index))
  }
  return keys.length === 0 ? null : keys
}

/** The text, number or boolean at this path of an object, as a text; null when there is none. */
export function fieldAt(value: unknown, keys: readonly (string | number)[]): string | null {
  const found = keys.reduce<unknown>((inner, key) => {
    if (typeof key === 'number') return Array.isArray(inner) ? inner[key] : undefined
    return isRecord(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined
  }, value)
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? String(found) : null
}
