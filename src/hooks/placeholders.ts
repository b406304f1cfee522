import type { CallRequest } from './outside.ts'

/** What stands in the place of `{version}` and the like. */
export type Fillings = Readonly<Record<string, string>>

export function fillingsOf({
  target,
  releaseId,
  version,
  roles,
  step,
  key,
}: Omit<CallRequest, 'call' | 'direction'>): Fillings {
  const { service, environment } = target
  return {
    service,
    environment,
    version,
    key,
    // Known to webhooks alone.
    callback: '',
    release: releaseId,
    pool: roles.canary,
    stable: roles.stable,
    step: String(step),
  }
}

/** The text with its placeholders replaced once: what is filled in is not looked through again. */
export function fill(text: string, fillings: Fillings, encode: (value: string) => string = String): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(fillings, name) ? encode(fillings[name] ?? '') : whole,
  )
}

/** The same in every text of a JSON value; keys stay as they are. */
export function fillJson(value: unknown, fillings: Fillings): unknown {
  if (typeof value === 'string') return fill(value, fillings)
  if (Array.isArray(value)) return value.map((one: unknown) => fillJson(one, fillings))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillJson(one, fillings)]))
}
