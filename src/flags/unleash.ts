import { z } from 'zod'
import type { FlagStoreCapabilities } from '../domain/capabilities.ts'
import { SluiceError } from '../domain/errors.ts'
import { type FlagReach, isOff } from '../domain/flag-reach.ts'
import { deadlineText, millisecondsOf } from '../outbound/deadline.ts'
import type { Permit } from '../routers/router.ts'
import { type AdminApi, type Allowance, allow, callAdmin, refused, unreadable } from './admin-api.ts'
import { defineFlagStore } from './define.ts'
import type { FlagStore, FlagWish } from './flag-store.ts'
import { changeOne, type FlagService, readEach, refuseLate } from './one-by-one.ts'
import { baseUrl, secret, secretOf } from './options.ts'
import { provenReach } from './proof.ts'
import { inTurn } from './turns.ts'
import { changesFor } from './unleash/changes.ts'
import { flagsOnFor, probesOf } from './unleash/probes.ts'
import { type FlagEnvironment, fenceOfFlag, flagEnvironment, reachOfFlag } from './unleash/state.ts'
import { checkReaches } from './wish.ts'

/** Unleash compares whole per cents: it takes `0.5` and serves nobody. */
const CAPABILITIES: FlagStoreCapabilities = { weightStep: 100, cohorts: true, readBack: 'evaluation' }

const options = z.strictObject({
  kind: z.literal('unleash').describe('the kind'),
  url: baseUrl.describe('base address of Unleash; `/api/admin` is added'),
  project: z
    .string()
    .regex(/^[\w.~-]{1,100}$/, { error: 'must be the id of a project' })
    .default('default')
    .describe('id of the project that has the flags'),
  environment: z
    .string()
    .regex(/^[\w.~-]{1,100}$/, { error: 'must be the name of an environment' })
    .describe('name of the environment in Unleash'),
  token: secret.describe('environment variable of the worker with an admin token'),
  cohort: z
    .string()
    .regex(/^[A-Za-z][\w-]{0,99}$/, { error: 'must be the name of a context field' })
    .default('cohort')
    .describe('context field that holds the name of the user’s cohort'),
  stickiness: z
    .enum(['default', 'userId'])
    .default('default')
    .describe('what says who a user is: `userId`, or `default`, which goes by the session where there is no user'),
  deadline: deadlineText
    .default('5s')
    .describe('how long one read or one change may take altogether, from `100ms` to `1m`'),
})

type UnleashOptions = z.output<typeof options>

/** Flags of an Unleash server, changed and read back through its admin API. */
export const unleashStore = defineFlagStore({
  kind: 'unleash',
  options,
  capabilities: CAPABILITIES,
  summary: 'Unleash 7.5, through its admin API: steps of 1%, cohorts as a constraint, read back by evaluation.',
  create: (chosen, context) =>
    createUnleashStore(chosen, {
      name: 'Unleash',
      url: chosen.url.replace(/\/+$/, ''),
      headers: { authorization: secretOf(chosen.token, 'unleash') },
      fetch: context.fetch ?? globalThis.fetch,
    }),
})

const CONFLICT = /TEST_OPERATION_FAILED/

function createUnleashStore(chosen: UnleashOptions, api: AdminApi): FlagStore {
  const { project, environment } = chosen
  const deadline = millisecondsOf(chosen.deadline)
  const settings = { cohortField: chosen.cohort, stickiness: chosen.stickiness }
  const place = (flag: string) =>
    `/api/admin/projects/${encodeURIComponent(project)}/features/${encodeURIComponent(flag)}/environments/${encodeURIComponent(environment)}`

  async function look(flag: string, allowance: Allowance): Promise<FlagEnvironment | null> {
    const answer = await callAdmin(api, allowance, { method: 'GET', path: place(flag) })
    if (answer.status === 404) return null
    if (answer.status !== 200) throw refused(api.name, `to show the flag ${flag}`, answer)
    const parsed = flagEnvironment.safeParse(answer.body)
    if (!parsed.success) throw unreadable(api.name, 'a flag')
    return parsed.data
  }

  const service: FlagService<FlagEnvironment> = {
    ...{ name: api.name, look, fenceOf: fenceOfFlag },
    missing: {
      expected: `a flag of the project ${project} with the environment ${environment}`,
      fix: 'create the flag in Unleash, or correct its name in the plan',
    },
  }

  async function prove(now: FlagEnvironment, allowance: Allowance): Promise<FlagReach> {
    const claimed = reachOfFlag(now, settings)
    if (claimed === null) throw unclear(now.name)
    const probes = probesOf(now.name, claimed)
    const where = { project, environment, cohortField: chosen.cohort }
    const evaluations = await Promise.all(
      probes.map(async (probe) => (await flagsOnFor(api, allowance, where, probe)).has(now.name)),
    )
    return provenReach(claimed, probes, evaluations)
  }

  function write(flag: string, wish: FlagWish, allowance: Allowance, permit: Permit): Promise<void> {
    return changeOne(service, flag, wish, allowance, (now, reach) =>
      change(flag, changesFor(now, reach, wish.fence, settings), allowance, permit),
    )
  }

  /** False when somebody else was faster. */
  async function change(
    flag: string,
    changes: ReturnType<typeof changesFor>,
    allowance: Allowance,
    permit: Permit,
  ): Promise<boolean> {
    for (const { what, method, path, body } of changes) {
      permit()
      const request = { method, path: `${place(flag)}${path}`, conflict: CONFLICT, ...(body !== undefined && { body }) }
      const answer = await callAdmin(api, allowance, request)
      if (answer.status === 409 || answer.status === 404) return false
      if (answer.status < 200 || answer.status > 299) throw refused(api.name, `${what} (${flag})`, answer)
    }
    return true
  }

  return {
    capabilities: CAPABILITIES,
    async read(names, signal) {
      const allowance = allow(deadline, signal)
      return readEach(service, names, allowance, (now) => prove(now, allowance))
    },
    async apply(wish, signal, permit = () => undefined) {
      const allowance = allow(deadline, signal)
      checkReaches(wish, CAPABILITIES)
      await refuseLate(service, wish, allowance)
      for (const flag of offFirst(wish)) {
        await inTurn(`${api.url}${place(flag)}`, allowance, () => write(flag, wish, allowance, permit))
      }
    },
    async close() {},
  }
}

/** Flags that go off come first: what a way back is for must not wait for anything else. */
function offFirst({ flags }: FlagWish): readonly string[] {
  const entries = Object.entries(flags)
  const [off, others] = [entries.filter(([, reach]) => isOff(reach)), entries.filter(([, reach]) => !isOff(reach))]
  return [...off, ...others].map(([name]) => name)
}

function unclear(flag: string): SluiceError {
  return new SluiceError('flag.misconfigured', {
    message: `the flag ${flag} has a strategy in Unleash that says in another way who has it`,
    expected: 'a gradual rollout of all users, or one of 100% for a list of cohorts',
    fix: 'disable or remove the other strategies of the flag in this environment',
  })
}
