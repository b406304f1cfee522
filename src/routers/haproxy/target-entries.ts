import { type AddressRange, formatAddress } from '../../domain/cohorts/address-range.ts'
import { type CohortRule, type CohortRules, rangesOf } from '../../domain/cohorts/cohort-rule.ts'
import type { PoolRoles } from '../../domain/exposure.ts'
import { keyDigest } from '../../tickets/ticket.ts'
import type { TicketKey } from '../targeting.ts'

export type MapEntry = readonly [key: string, value: string]

/** Entries that pin whoever has this value there: `is:header:x-country:de`. */
export const MATCH_KEY = 'is:'
/** Entries that say whose try-it tickets are let in. */
export const TICKET_KEY = 'try:'

/**
 * Where in a request a value stands that a cohort goes by, as a word: `header:x-country`, `cookie:beta`, `user`,
 * `address:8` for the first 8 bits of the connection's address, `address@x-forwarded-for:8` for those of a header's.
 */
export type Source = string

/** The sources that rules go by, without repeats. */
export function sourcesOf(rules: CohortRules): readonly Source[] {
  return [...new Set(Object.values(rules).flatMap((rule) => valuesOf(rule).map(([source]) => source)))].sort()
}

/** The map entries by which HAProxy pins the people of these cohorts by itself. */
export function matchEntries(rules: CohortRules, pool: string): readonly MapEntry[] {
  const keys = Object.values(rules).flatMap((rule) =>
    valuesOf(rule).map(([source, value]) => `${MATCH_KEY}${source}:${value}`),
  )
  return [...new Set(keys)].sort().map((key): MapEntry => [key, pool])
}

/** The map entries by which HAProxy lets in who has a ticket of this release. */
export function ticketEntries(tickets: TicketKey | null, { canary }: Pick<PoolRoles, 'canary'>): readonly MapEntry[] {
  if (tickets === null) return []
  return [
    [`${TICKET_KEY}release`, tickets.release],
    [`${TICKET_KEY}key`, tickets.key],
    [`${TICKET_KEY}pool`, canary],
  ]
}

/** Whose tickets a map lets in, or null. */
export function ticketsIn(
  entries: Readonly<Record<string, string>>,
): { readonly release: string; readonly digest: string } | null {
  const [release, key] = [entries[`${TICKET_KEY}release`], entries[`${TICKET_KEY}key`]]
  return release === undefined || key === undefined ? null : { release, digest: keyDigest(key) }
}

function valuesOf(rule: CohortRule): readonly (readonly [Source, string])[] {
  switch (rule.kind) {
    case 'header':
    case 'cookie':
      return rule.values.map((value) => [`${rule.kind}:${rule.name}`, value] as const)
    case 'user':
      return rule.values.map((value) => ['user', value] as const)
    case 'address':
      return rangesOf(rule.ranges).map((range) => [addressSource(rule.header, range), formatAddress(range)] as const)
    case 'gateway':
      return []
  }
}

function addressSource(header: string | null, { prefix }: AddressRange): Source {
  return header === null ? `address:${prefix}` : `address@${header}:${prefix}`
}
