import { type AddressRange, isInRange, parseAddress, parseRange } from './address-range.ts'

/**
 * Who is of a cohort, as plain JSON that any router can be told.
 *
 * - `header`, `cookie`: who sends one of these values; header names are in lower case
 * - `user`: who is one of these, by the key that the router knows users by
 * - `address`: who comes from one of these ranges; `header` names the header whose last address counts, null: the connection's
 * - `gateway`: whom a gateway says to be of it
 */
export type CohortRule =
  | { readonly kind: 'header'; readonly name: string; readonly values: readonly string[] }
  | { readonly kind: 'cookie'; readonly name: string; readonly values: readonly string[] }
  | { readonly kind: 'user'; readonly values: readonly string[] }
  | { readonly kind: 'address'; readonly ranges: readonly string[]; readonly header: string | null }
  | { readonly kind: 'gateway' }

/** The cohorts of a target by name. */
export type CohortRules = Readonly<Record<string, CohortRule>>

/** What one request shows of who sent it. */
export interface Visitor {
  /** The key that the router knows the user by. */
  readonly user: string
  /** Null when the header is missing, or was sent several times: then nobody knows which one counts. */
  readonly header: (name: string) => string | null
  /** The last value of a cookie that was sent several times. */
  readonly cookie: (name: string) => string | null
  /** The address of the connection. */
  readonly address: string | null
}

/** A function that says whether a visitor is of the cohort, with the work done once that does not depend on the visitor. */
export function matcherOf(rule: CohortRule): (visitor: Visitor) => boolean {
  switch (rule.kind) {
    case 'header': {
      const values = new Set(rule.values)
      return ({ header }) => isOneOf(values, header(rule.name))
    }
    case 'cookie': {
      const values = new Set(rule.values)
      return ({ cookie }) => isOneOf(values, cookie(rule.name))
    }
    case 'user': {
      const values = new Set(rule.values)
      return ({ user }) => values.has(user)
    }
    case 'address': {
      const ranges = rangesOf(rule.ranges)
      return (visitor) => isFrom(ranges, rule.header === null ? visitor.address : lastOf(visitor.header(rule.header)))
    }
    case 'gateway':
      return () => false
  }
}

/** The ranges of these texts; those that are none are left out. */
export function rangesOf(texts: readonly string[]): readonly AddressRange[] {
  return texts.flatMap((text) => {
    const parsed = parseRange(text)
    return 'range' in parsed ? [parsed.range] : []
  })
}

/** Of these cohorts those that a router has to match by itself. */
export function matchedBy(rules: CohortRules, cohorts: Iterable<string>): CohortRules {
  const matched = [...cohorts].sort().flatMap((name) => {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    return rule === undefined || rule.kind === 'gateway' ? [] : [[name, rule] as const]
  })
  return Object.fromEntries(matched)
}

/** The rule as one text, the same for the same people whatever order they were written in: what digests are made of. */
export function ruleText(rule: CohortRule): string {
  switch (rule.kind) {
    case 'header':
    case 'cookie':
      return JSON.stringify([rule.kind, rule.name, unique(rule.values)])
    case 'user':
      return JSON.stringify([rule.kind, unique(rule.values)])
    case 'address':
      return JSON.stringify([rule.kind, rule.header, unique(rule.ranges)])
    case 'gateway':
      return JSON.stringify([rule.kind])
  }
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort()
}

function isOneOf(values: ReadonlySet<string>, value: string | null): boolean {
  return value !== null && values.has(value)
}

function isFrom(ranges: readonly AddressRange[], text: string | null): boolean {
  const address = text === null ? null : parseAddress(text)
  return address !== null && ranges.some((range) => isInRange(address, range))
}

/** Of a list such as `x-forwarded-for` the last address is the one that the nearest proxy has seen itself. */
function lastOf(list: string | null): string | null {
  return list?.split(',').at(-1)?.trim() ?? null
}
