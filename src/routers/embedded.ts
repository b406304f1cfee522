import { z } from 'zod'
import type { RouterCapabilities } from '../domain/capabilities.ts'
import { SluiceError } from '../domain/errors.ts'
import { compareFences, type Fence } from '../domain/exposure.ts'
import { fencedError } from '../domain/fenced-error.ts'
import { parseJson } from '../domain/json.ts'
import { targetName } from '../domain/target.ts'
import { FULL_WEIGHT, type Milliseconds } from '../domain/units.ts'
import { deadlineText, millisecondsOf } from '../outbound/deadline.ts'
import { fetchText } from '../outbound/fetch-text.ts'
import { readRegularFile } from '../outbound/regular-file.ts'
import { defineRouter, type RouterContext } from './define.ts'
import {
  type DesiredRouting,
  mirrorOf,
  type ObservedRouting,
  type Permit,
  pinsOf,
  type Router,
  splitOf,
} from './router.ts'
import { keyFor, matchedRules, NO_KEY, type RuleDigests, rulesFlaw, ticketsFlaw } from './targeting.ts'
import { checkWish } from './wish.ts'

const CAPABILITIES: RouterCapabilities = {
  weightStep: 1,
  cohorts: true,
  tickets: true,
  mirror: true,
  sticky: 'hash',
  readBack: 'traffic',
  atomic: true,
  survivesRestart: true,
  health: true,
}

/** No answer of the admin API is longer than a few kilobytes; more is not the admin API. */
const MAX_BYTES = 262_144

const optionsSchema = z.strictObject({
  kind: z.literal('embedded').describe('the kind'),
  admin: z
    .url({ protocol: /^https?$/ })
    .describe('address of the data plane’s admin API, such as `http://127.0.0.1:7081`'),
  deadline: deadlineText
    .default('2s')
    .describe('how long one read or one change may take altogether, from `100ms` to `1m`'),
  secretFile: z.string().min(1).optional().describe('file with the secret of the data plane, read at each call'),
  secret: z
    .strictObject({ env: z.string().min(1) })
    .optional()
    .describe('the same from this environment variable of the worker'),
  seed: z
    .enum(['service', 'release'])
    .default('service')
    .describe('`service`: in each release of the target the same users come first; `release`: other ones in each'),
})

/** Drives the data plane that `npm start` brings along. */
export const embeddedRouter = defineRouter({
  kind: 'embedded',
  options: optionsSchema,
  capabilities: CAPABILITIES,
  summary: 'The data plane that comes with Sluice: a Node.js proxy with steps of 0.01%, sticky users and cohorts.',
  statesOf: ({ admin }) => [`the data plane at ${new URL(admin).host.replace(/^localhost\b/, '127.0.0.1')}`],
  create: createEmbeddedRouter,
})

function createEmbeddedRouter(options: z.output<typeof optionsSchema>, context: RouterContext): Router {
  const admin: AdminApi = {
    url: new URL('/routing', options.admin).href,
    fetch: context.fetch ?? fetch,
    deadline: millisecondsOf(options.deadline),
    secret: () => secretOf(options),
  }
  return {
    capabilities: CAPABILITIES,
    async read(signal) {
      const answer = await callAdmin(admin, { method: 'GET' }, signal)
      if (answer.status !== 200) throw refusal(admin, answer)
      return checkPools(parseRouting(admin, answer.text, context), context.pools)
    },
    async apply(wish, signal, permit) {
      signal.throwIfAborted()
      checkWish(wish, context.pools, CAPABILITIES)
      const seed = seedOf(options.seed, context.target, wish.fence)
      const rules = matchedRules(context, wish.exposure.cohorts)
      const key = keyFor(wish, context)
      const mirror = mirrorOf(wish)
      const body = JSON.stringify({
        ...{ split: splitOf(wish), cohorts: pinsOf(wish), fence: wish.fence, seed },
        ...(Object.keys(rules).length > 0 && { rules }),
        ...(mirror !== null && { mirror }),
        ...(key !== NO_KEY && { tickets: { ...key, pool: wish.roles.canary } }),
      })
      const answer = await callAdmin(admin, { method: 'PUT', body }, signal, permit)
      const newest = answer.status === 409 ? fenceIn(answer.text) : null
      if (newest !== null && compareFences(newest, wish.fence) > 0) throw fencedError(wish.fence, newest)
      if (answer.status !== 200) throw refusal(admin, answer)
      const shown = parseRouting(admin, answer.text, context)
      if (shown.fence === null || compareFences(shown.fence, wish.fence) < 0) throw notTaken(wish, shown)
      return { warning: noticeIn(answer.text) }
    },
    async health(signal) {
      const asked = { ...admin, url: new URL('/health', options.admin).href }
      const answer = await callAdmin(asked, { method: 'GET' }, signal)
      const health = answer.status === 200 ? healthSchema.safeParse(parseJson(answer.text)) : null
      if (health?.success !== true) throw refusal(asked, answer)
      return health.data
    },
    async close() {},
  }
}

interface AdminApi {
  readonly url: string
  readonly fetch: typeof fetch
  readonly deadline: Milliseconds
  /** Null when the options name none. Read for each call, so that it can be changed while releases run. */
  readonly secret: () => Promise<string | null>
}

interface AdminAnswer {
  readonly status: number
  readonly text: string
}

const fenceSchema = z.strictObject({ release: z.int(), epoch: z.int() })
const share = z.int().min(0).max(FULL_WEIGHT)
const routingSchema = z.strictObject({
  split: z
    .record(z.string(), share)
    .refine((split) => Object.values(split).reduce((sum, one) => sum + one, 0) === FULL_WEIGHT),
  cohorts: z.record(z.string(), z.string()),
  fence: fenceSchema.nullable(),
  incarnation: z.string().min(1),
  served: z.record(z.string(), z.int().min(0)),
  seed: z.string().nullable().optional(),
  rules: z.record(z.string(), z.string()).default({}),
  tickets: z.strictObject({ release: z.string(), pool: z.string(), digest: z.string() }).nullable().default(null),
  mirror: z.strictObject({ pool: z.string(), share: z.int() }).nullable().default(null),
  notice: z.string().nullable().optional(),
})

const count = z.int().min(0)
const healthSchema = z.record(z.string(), z.object({ ready: count, total: count }))

async function callAdmin(
  admin: AdminApi,
  request: Pick<RequestInit, 'method' | 'body'>,
  signal: AbortSignal,
  permit?: Permit,
): Promise<AdminAnswer> {
  const bounds = { signal, deadline: admin.deadline, maxBytes: MAX_BYTES }
  const secret = await admin.secret()
  const headers = {
    'content-type': 'application/json',
    ...(secret !== null && { authorization: `Bearer ${secret}` }),
  }
  permit?.()
  const answer = await fetchText(admin.fetch, admin.url, { ...request, headers }, bounds)
  if (answer.kind === 'answer') return answer
  if (answer.kind === 'too-long' || answer.hasAnswered)
    throw new SluiceError('router.refused', {
      message: 'what answers there is not the admin API of an embedded data plane',
      expected: `an answer of a data plane from ${admin.url}`,
      received: answer.reason,
      fix: 'set `admin` in sluice.yaml to the admin address of the data plane',
    })
  throw new SluiceError('router.unreachable', {
    message: 'the embedded data plane did not answer',
    expected: `an answer from ${admin.url} within ${admin.deadline} ms`,
    received: answer.reason,
    fix: 'start the data plane, or set `admin` in sluice.yaml to its admin address; the change may have taken effect, so read the router again',
  })
}

function parseRouting(admin: AdminApi, text: string, context: RouterContext): ObservedRouting {
  const parsed = routingSchema.safeParse(parseJson(text))
  if (parsed.success) {
    const { seed: _seed, notice: _notice, rules, tickets, ...routing } = parsed.data
    const flaw = flawOf(routing.cohorts, rules, tickets, context)
    return { ...routing, tickets: tickets?.release ?? null, flaw }
  }
  throw new SluiceError('router.misconfigured', {
    message: 'this is not the admin API of an embedded data plane',
    expected: `the routing as JSON from ${admin.url}`,
    received: text.trim() === '' ? 'nothing' : text.slice(0, 200),
    fix: 'set `admin` in sluice.yaml to the admin address of the data plane',
  })
}

/** What departs from sluice.yaml although split and cohorts may be right. */
function flawOf(
  pins: ObservedRouting['cohorts'],
  rules: RuleDigests,
  tickets: z.output<typeof routingSchema>['tickets'],
  context: RouterContext,
): string | null {
  return rulesFlaw(context, Object.keys(pins), rules) ?? (tickets === null ? null : ticketsFlaw(context, tickets))
}

function checkPools(routing: ObservedRouting, pools: readonly [string, string]): ObservedRouting {
  const live = Object.keys(routing.split).sort()
  if (live.join() === [...pools].sort().join()) return routing
  throw new SluiceError('router.misconfigured', {
    message: 'the embedded data plane has different pools from the target',
    expected: pools.join(' and '),
    received: live.join(' and '),
    fix: 'name the pools of the target in sluice.yaml as the data plane knows them',
  })
}

function notTaken(wish: DesiredRouting, shown: ObservedRouting): SluiceError {
  return new SluiceError('router.not-applied', {
    message: 'the embedded data plane acknowledged a change that it does not show',
    expected: `the fence ${wish.fence.release}:${wish.fence.epoch}`,
    received: shown.fence === null ? 'no fence' : `the fence ${shown.fence.release}:${shown.fence.epoch}`,
    fix: 'check that no other data plane or proxy answers at this address',
  })
}

/** 422 says that a pool is unknown or the wish is no routing; anything else is a refusal that may pass. */
function refusal(admin: AdminApi, { status, text }: AdminAnswer): SluiceError {
  return new SluiceError(status === 422 || status === 404 ? 'router.misconfigured' : 'router.refused', {
    message: 'the embedded data plane refused the call',
    expected: `200 from ${admin.url}`,
    received: `${status} ${text.slice(0, 200)}`,
    fix: FIXES[status] ?? 'look at the log of the data plane',
  })
}

const FIXES: Readonly<Record<number, string>> = {
  401: 'name the file with its secret as `secretFile` in sluice.yaml',
  403: 'write `admin` in sluice.yaml with 127.0.0.1 and the port that the data plane has itself',
  422: 'name the pools as the data plane knows them',
}

/** Undefined leaves the seed as it is, which an adapter does that does not know its target. */
function seedOf(per: 'service' | 'release', target: RouterContext['target'], fence: Fence): string | undefined {
  if (target === undefined) return undefined
  return per === 'service' ? targetName(target) : `${targetName(target)}#${fence.release}`
}

async function secretOf({ secretFile, secret }: z.output<typeof optionsSchema>): Promise<string | null> {
  if (secretFile === undefined && secret === undefined) return null
  const found =
    secretFile === undefined ? process.env[secret?.env ?? ''] : await readRegularFile(secretFile).catch(() => '')
  if (found !== undefined && /^[\x21-\x7e]{1,512}$/.test(found.trim())) return found.trim()
  throw new SluiceError('router.refused', {
    message: 'the secret of the embedded data plane cannot be read',
    expected: `a secret in ${secretFile ?? `the environment variable ${secret?.env}`}`,
    received: 'nothing usable',
    fix: 'set `secretFile` in sluice.yaml to a file that the worker can read',
  })
}

/** What the data plane has to say beside its routing, e.g. that its disk is full. */
function noticeIn(text: string): string | null {
  const parsed = z.object({ notice: z.string() }).safeParse(parseJson(text))
  return parsed.success ? parsed.data.notice.slice(0, 400) : null
}

function fenceIn(text: string): Fence | null {
  const parsed = z.object({ fence: fenceSchema }).safeParse(parseJson(text))
  return parsed.success ? parsed.data.fence : null
}
