import { z } from 'zod'
import type { FlagStoreCapabilities } from '../domain/capabilities.ts'
import { SluiceError } from '../domain/errors.ts'
import type { Fence } from '../domain/exposure.ts'
import { FLAG_OFF, type FlagReach } from '../domain/flag-reach.ts'
import type { Milliseconds } from '../domain/units.ts'
import { deadlineText, millisecondsOf } from '../outbound/deadline.ts'
import { LATE, lateText, within } from '../outbound/within.ts'
import type { Permit } from '../routers/router.ts'
import { defineFlagStore } from './define.ts'
import { newestFence } from './fence-text.ts'
import type { FlagStore, FlagWish } from './flag-store.ts'
import {
  definitionOf,
  type FlagSet,
  fenceOfDefinition,
  parseFlagSet,
  reachOf,
  writeFlagSet,
} from './flagd/definitions.ts'
import { createEvaluator } from './flagd/evaluation.ts'
import { readNewest, tidy, writeVersion } from './flagd/folder.ts'
import { evaluateOver } from './flagd/ofrep-client.ts'
import { probesOf } from './flagd/probes.ts'
import { createServedFlags } from './flagd/served.ts'
import { baseUrl, flagName, secret, secretOf } from './options.ts'
import { provenReach } from './proof.ts'
import type { Evaluation, FlagContext } from './served-flags.ts'
import { checkFence, checkReaches } from './wish.ts'

const CAPABILITIES: FlagStoreCapabilities = { weightStep: 1, cohorts: true, readBack: 'evaluation' }

const options = z.strictObject({
  kind: z.literal('flagd').describe('the kind'),
  folder: z
    .string()
    .regex(/^\/[^\0]{1,1000}$/, { error: 'must be the whole path of a folder' })
    .describe('where the definitions lie; workers write and API processes read it, and no other target has it'),
  flags: z.array(flagName).min(1).max(200).describe('names of the flags, which are off until a plan sets them'),
  cohort: z
    .string()
    .regex(/^[A-Za-z][\w-]{0,63}$/, { error: 'must be the name of an attribute' })
    .default('cohort')
    .describe('attribute of the evaluation context that holds the name of the user’s cohort'),
  ofrep: z
    .array(baseUrl)
    .min(1)
    .max(32)
    .optional()
    .describe(
      'addresses of the API processes, such as `http://api-1:8080/flags/checkout/production`; each one is asked when flags are read back',
    ),
  token: secret
    .optional()
    .describe(
      'environment variable of API and worker with the token of the applications; without it only their own machine may ask',
    ),
  address: baseUrl
    .optional()
    .describe('where applications reach the flags of this target, for the event stream; what they asked when left out'),
  deadline: deadlineText
    .default('2s')
    .describe('how long one read or one change may take altogether, from `100ms` to `1m`'),
})

type FlagdOptions = z.output<typeof options>

/** Flags as flagd's JSON in a shared folder, which the API serves to applications over OFREP. */
export const flagdStore = defineFlagStore({
  kind: 'flagd',
  options,
  capabilities: CAPABILITIES,
  summary:
    'Flags that Sluice serves itself over OFREP, evaluated as flagd does: steps of 0.01%, cohorts, pushed to clients.',
  statesOf: ({ folder }) => [`the folder ${folder}`],
  serve: ({ folder, flags, cohort, token, address: known }) =>
    createServedFlags({ folder, known: flags, attribute: cohort, token: tokenOf(token), address: known ?? null }),
  create: (chosen, context) =>
    createFlagdStore(chosen, { token: tokenOf(chosen.token), fetch: context.fetch ?? globalThis.fetch }),
})

interface Outside {
  readonly token: string | null
  readonly fetch: typeof fetch
}

function createFlagdStore(chosen: FlagdOptions, outside: Outside): FlagStore {
  const { folder, cohort: attribute } = chosen
  const deadline = millisecondsOf(chosen.deadline)

  async function apply(wish: FlagWish, signal: AbortSignal, permit: Permit = () => undefined): Promise<void> {
    checkReaches(wish, CAPABILITIES)
    await bounded(deadline, signal, async (inner) => {
      for (;;) {
        const newest = await readNewest(folder)
        const written = parseFlagSet(newest.text) ?? {}
        checkKnown(wish, chosen.flags, written)
        checkFence(wish.fence, fenceOf(written, Object.keys(wish.flags)))
        const number = newest.number + 1
        const text = writeFlagSet({ ...allOff(chosen), ...written, ...definitions(wish, attribute) }, number)
        const isOurs = await writeVersion(folder, { number, text }, () => {
          inner.throwIfAborted()
          permit()
        })
        if (isOurs) return tidy(folder)
      }
    })
  }

  async function read(names: readonly string[], signal: AbortSignal) {
    return bounded(deadline, signal, async (inner, left) => {
      const newest = await readNewest(folder)
      const written = parseFlagSet(newest.text)
      if (written === null) throw unreadable(folder, newest.number)
      const all: FlagSet = { ...allOff(chosen), ...written }
      const evaluator = await createEvaluator(all, newest.number)
      const asks: readonly Ask[] = [
        async (flag, context) => evaluator.one(flag, context),
        ...(chosen.ofrep ?? []).map(
          (base): Ask =>
            (flag, context) =>
              evaluateOver({ ...outside, base, deadline: left(), signal: inner }, flag, context),
        ),
      ]
      const reaches = await Promise.all(
        names.map(
          async (name) => [name, Object.hasOwn(all, name) ? await prove(name, all[name], asks) : null] as const,
        ),
      )
      return { flags: Object.fromEntries(reaches), fence: fenceOf(written, names) }
    })
  }

  /** What all who evaluate agree on; else what the first who departs from the definition shows. */
  async function prove(flag: string, definition: unknown, asks: readonly Ask[]): Promise<FlagReach> {
    const claimed = reachOf(definition, attribute)
    if (claimed === null) throw foreign(flag)
    const probes = await probesOf(flag, claimed)
    const proven = await Promise.all(
      asks.map(async (ask) => {
        const answers = await Promise.all(
          probes.map(({ user, cohort }) =>
            ask(flag, {
              ...(user !== null && { targetingKey: user }),
              ...(cohort !== null && { [attribute]: cohort }),
            }),
          ),
        )
        return provenReach(
          claimed,
          probes,
          answers.map((answer) => answer !== null && 'value' in answer && answer.value === true),
        )
      }),
    )
    return proven.find((reach) => reach !== claimed) ?? claimed
  }

  return { capabilities: CAPABILITIES, read, apply, async close() {} }
}

type Ask = (flag: string, context: FlagContext) => Promise<Evaluation | null>

function allOff({ flags, cohort }: FlagdOptions): FlagSet {
  const off = definitionOf(FLAG_OFF, null, cohort)
  return Object.fromEntries(flags.map((name) => [name, off]))
}

function definitions({ flags, fence }: FlagWish, attribute: string): FlagSet {
  return Object.fromEntries(Object.entries(flags).map(([name, reach]) => [name, definitionOf(reach, fence, attribute)]))
}

/** A flag belongs to one plan at a time, and a folder to one target: the fence of the flags is the newest of theirs. */
function fenceOf(written: FlagSet, names: readonly string[]): Fence | null {
  return newestFence(names.map((name) => fenceOfDefinition(written[name])))
}

/** Throws `flag.unknown` for a flag that is neither in the options nor in the folder. */
function checkKnown({ flags }: FlagWish, known: readonly string[], written: FlagSet): void {
  const unknown = Object.keys(flags).find((name) => !known.includes(name) && !Object.hasOwn(written, name))
  if (unknown === undefined) return
  throw new SluiceError('flag.unknown', {
    message: `there is no flag ${unknown}`,
    expected: `one of ${known.join(', ')}`,
    fix: 'add it to the `flags` of the flag store in sluice.yaml, or correct its name in the plan',
  })
}

/** What `work` says, within the time that one call may take. A file system that fails is `flag.unreachable`. */
async function bounded<T>(
  deadline: Milliseconds,
  signal: AbortSignal,
  work: (signal: AbortSignal, left: () => Milliseconds) => Promise<T>,
): Promise<T> {
  const end = performance.now() + deadline
  try {
    const ended = await within({ deadline, signal }, (inner) => work(inner, () => end - performance.now()))
    if (ended !== LATE) return ended
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Error && 'syscall' in error) throw unreachable(error.message, error)
    throw error
  }
  throw unreachable(lateText(deadline))
}

function unreachable(reason: string, cause?: Error): SluiceError {
  return new SluiceError('flag.unreachable', {
    message: `the folder of the flags cannot be used: ${reason}`,
    fix: 'let the workers write the `folder` of the flag store in sluice.yaml, and see that its drive answers',
    cause,
  })
}

function unreadable(folder: string, version: number): SluiceError {
  return new SluiceError('flag.misconfigured', {
    message: `version ${version} of the flags cannot be read`,
    expected: "flagd's JSON",
    fix: `remove the file with that number from ${folder}; the version before it comes in force`,
  })
}

function foreign(flag: string): SluiceError {
  return new SluiceError('flag.misconfigured', {
    message: `the flag ${flag} is defined in a form that Sluice does not write`,
    expected: 'a share of all users, and a list of cohorts',
    fix: `put the definition back, or have a plan set the flag anew`,
  })
}

function tokenOf(token: FlagdOptions['token']): string | null {
  return token === undefined ? null : secretOf(token, 'flagd')
}
