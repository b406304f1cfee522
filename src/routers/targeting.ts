import { createHash } from 'node:crypto'
import { type CohortRules, matchedBy, ruleText } from '../domain/cohorts/cohort-rule.ts'
import { SluiceError } from '../domain/errors.ts'
import { keyDigest, ticketKeyOf } from '../tickets/ticket.ts'
import type { RouterContext } from './define.ts'
import { type DesiredRouting, ticketsOf } from './router.ts'

/** What a router has to know of a target beside its pools. */
type Targeting = Pick<RouterContext, 'cohorts' | 'ticketSecret'>

/** What may be shown of the rules of cohorts: a digest of each, because a rule may be a list of people. */
export type RuleDigests = Readonly<Record<string, string>>

/** Of these cohorts those that the router is to match by itself. */
export function matchedRules({ cohorts = {} }: Targeting, names: Iterable<string>): CohortRules {
  return matchedBy(cohorts, names)
}

/** The same rules always have the same digests. */
export function digestsOf(rules: CohortRules): RuleDigests {
  return Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, digest(ruleText(rule))]))
}

/** Why what the router matches is not what `sluice.yaml` says, or null when it is. */
export function rulesFlaw(targeting: Targeting, pinned: Iterable<string>, shown: RuleDigests): string | null {
  const wanted = digestsOf(matchedRules(targeting, pinned))
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(shown)])].sort()
  const wrong = names.filter((name) => of(wanted, name) !== of(shown, name))
  return wrong.length === 0 ? null : `${wrong.join(', ')} matched by other rules than those of sluice.yaml`
}

/** The key of a release's tickets, for the router that is to let them in. */
export interface TicketKey {
  readonly release: string
  readonly key: string
}

export const NO_KEY = null

/**
 * The key with which the router is to let tickets in, or {@link NO_KEY} where the wish has none.
 * @throws SluiceError `config.invalid` where this worker has no secret
 */
export function keyFor(
  wish: Pick<DesiredRouting, 'exposure' | 'releaseId'>,
  { ticketSecret = null }: Targeting,
): TicketKey | typeof NO_KEY {
  const release = ticketsOf(wish)
  if (release === null) return NO_KEY
  if (ticketSecret !== null) return { release, key: ticketKeyOf(ticketSecret(), release) }
  throw new SluiceError('config.invalid', {
    message: 'the plan lets in who has a try-it ticket, and this worker has no secret to check tickets with',
    expected: 'tickets in sluice.yaml',
    fix: 'give the workers the sluice.yaml and the file of the secret that the API has',
  })
}

/** Why the tickets that a router lets in are not those of the release that it names, or null when they are. */
export function ticketsFlaw(
  { ticketSecret = null }: Targeting,
  shown: { readonly release: string; readonly digest: string },
): string | null {
  const isOurs = ticketSecret !== null && keyDigest(ticketKeyOf(ticketSecret(), shown.release)) === shown.digest
  return isOurs ? null : 'try-it tickets checked with another key'
}

function of(digests: RuleDigests, name: string): string | null {
  return Object.hasOwn(digests, name) ? (digests[name] ?? null) : null
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
