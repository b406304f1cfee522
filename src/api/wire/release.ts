import { z } from 'zod'
import { COMMAND_VERBS } from '../../domain/release/verbs.ts'
import { keptReadiness } from './readiness.ts'
import { duration, instant, list, releaseId, weight } from './shapes.ts'

const verdict = z.enum(['pass', 'fail', 'inconclusive'])
const outcome = z.enum([...verdict.options, 'none'])

const returns = z.object({
  version: z.string(),
  pool: z.string().meta({ description: 'Where everybody goes' }),
  from: z.string().nullable().meta({ description: 'The version that is left; null when nobody knows it' }),
})

export const submission = z
  .object({
    releaseId,
    placed: z.enum(['started', 'queued']),
    ahead: z.number().meta({ description: 'Releases that go first; 0 when started' }),
    returns: returns.exactOptional().meta({ description: 'Present for a return to the version before, in one step' }),
    notes: list(z.string())
      .exactOptional()
      .meta({ description: 'What to know before: freezes that the plan runs into, bakes too short for the traffic' }),
  })
  .meta({ id: 'Submission' })

export const commandOutcome = z
  .object({
    releaseId,
    phase: z.string().nullable().meta({ description: '`withdrawn` when it had only waited; null when not known' }),
    text: z.string(),
    isSettled: z.boolean().meta({ description: 'False when Temporal has the command and it is not carried out yet' }),
  })
  .meta({ id: 'CommandOutcome' })

const arm = z
  .object({
    requests: z.number(),
    errors: z.number().nullable().meta({ description: 'Null when no pool has been seen to report errors' }),
    p95Seconds: z.number().nullable(),
    p99Seconds: z.number().nullable(),
  })
  .meta({ id: 'Arm' })

const figures = z
  .record(z.string(), z.number())
  .exactOptional()
  .meta({
    description:
      'The numbers behind the verdict. Where rates are compared: `ratioAtLeast` and `ratioAtMost`, the true ratio canary / stable being ' +
      'between them at every look with probability `ratioConfidence`; `seenRise` and `seenFall`, events per request that would have ' +
      'been seen by now with probability `seenPower`, and `seenSlowdown`, the same for how many times as slow all requests are. What ' +
      'is open or not known is left out',
  })

const ledgerRow = z
  .object({
    check: z.string(),
    only: z.enum(['hold', 'warn']),
    since: instant,
    until: instant.nullable().meta({ description: 'Null as long as it lasts' }),
    reason: z.string(),
    would: z.enum(['rollback', 'pause']).meta({ description: 'What the plan does with checks that say nothing' }),
    step: z.number(),
    isBlind: z.literal(true).exactOptional().meta({ description: 'It had no data; absent: it has failed' }),
    text: z.string(),
  })
  .meta({ id: 'LedgerRow' })

const approval = z.object({ by: z.string(), need: z.number(), given: list(z.string()), deadline: instant })

const rollback = z.object({
  tries: z.number().meta({ description: 'Tries that failed' }),
  lastError: z.string(),
  since: instant,
  live: z.string().meta({ description: 'What was live when the router was last read' }),
})

const waiting = z.object({
  behind: releaseId.nullable(),
  ahead: z.number(),
  since: instant.nullable(),
  isFrozen: z.boolean(),
})

export const card = z
  .object({
    releaseId,
    service: z.string(),
    environment: z.string(),
    version: z.string(),
    replaces: z.string().nullish().meta({ description: 'The version that is on stable meanwhile' }),
    author: z.string(),
    phase: z.string().meta({ examples: ['baking', 'paused (baking)', 'promoted'] }),
    isEnded: z.boolean(),
    weight,
    cohorts: list(z.string()),
    flags: list(z.string()).exactOptional().meta({ description: 'Feature flags that it has set: `new-checkout on`' }),
    byFlags: z
      .literal(true)
      .exactOptional()
      .meta({ description: 'Where no router splits the users: weight and cohorts are those of the flags' }),
    mirror: weight
      .exactOptional()
      .meta({ description: 'Share of the requests of stable of which the canary gets copies, in basis points' }),
    tickets: z.literal(true).exactOptional().meta({ description: 'Who has a try-it ticket is on the canary' }),
    step: z.number().meta({ description: 'The step that runs, from 1: what a command is meant for' }),
    steps: list(z.object({ number: z.number(), label: z.string(), mark: z.string() })),
    reason: z.string().nullable().meta({ description: 'Why it is paused, waits or rolls back' }),
    outcome: outcome.meta({ description: 'The weakest of the verdicts' }),
    verdicts: list(z.object({ check: z.string(), outcome: verdict, reason: z.string(), figures })),
    notices: list(z.string()).exactOptional(),
    ledger: list(ledgerRow).exactOptional().meta({ description: 'When checks failed that hold or warn, oldest first' }),
    readiness: keptReadiness
      .exactOptional()
      .meta({ description: 'What the checklist was answered with last, where the plan has a gate for it' }),
    approval: approval.nullable(),
    bakeRemaining: duration.nullable(),
    bakeDuration: duration.nullable(),
    warmsUpUntil: instant
      .nullable()
      .exactOptional()
      .meta({ description: 'Until when the canary warms up, so that no check counts' }),
    opensAt: instant.nullable().exactOptional().meta({ description: 'When the window opens that it waits for' }),
    watchedUntil: instant
      .nullable()
      .exactOptional()
      .meta({ description: 'Until when a release that has ended watches what it promoted' }),
    verbs: list(z.enum(COMMAND_VERBS)).meta({ description: 'Commands that would be taken now' }),
    startedAt: instant,
    endedAt: instant.nullable(),
    latest: z.object({ at: instant, canary: arm.nullable(), stable: arm.nullable() }).nullable(),
    repairs: z.number(),
    rollback: rollback.nullable().exactOptional(),
    trail: list(z.object({ at: instant, text: z.string() })),
    asOf: instant.exactOptional().meta({ description: 'When it was read' }),
    waiting: waiting.nullable().exactOptional().meta({ description: 'Not null in the phase `queued`' }),
  })
  .meta({ id: 'Release' })

export const ticket = z
  .object({
    releaseId,
    name: z.string().meta({ description: 'Name of the cookie, and of the parameter in a link' }),
    ticket: z.string(),
    until: instant,
  })
  .meta({ id: 'Ticket' })

const row = z
  .object({
    releaseId,
    service: z.string(),
    environment: z.string(),
    version: z.string(),
    phase: z.string(),
    weight,
    verdict: z.string(),
    startedAt: instant,
    endedAt: instant.nullable(),
  })
  .meta({ id: 'ReleaseRow' })

export const page = z
  .object({
    releases: list(row),
    next: z.string().nullable().meta({ description: 'Hand it back for the next page; null on the last one' }),
  })
  .meta({ id: 'ReleasePage' })
