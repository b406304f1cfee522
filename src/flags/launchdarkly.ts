import { z } from 'zod'
import type { FlagStoreCapabilities } from '../domain/capabilities.ts'
import { SluiceError } from '../domain/errors.ts'
import type { FlagReach } from '../domain/flag-reach.ts'
import { deadlineText, millisecondsOf } from '../outbound/deadline.ts'
import type { Permit } from '../routers/router.ts'
import { type AdminApi, type Allowance, allow, callAdmin, refused, unreadable } from './admin-api.ts'
import { defineFlagStore } from './define.ts'
import type { FlagStore, FlagWish } from './flag-store.ts'
import {
  type FlagConfig,
  featureFlag,
  fenceOfConfig,
  reachOfConfig,
  type Variations,
  variationsOf,
} from './launchdarkly/flag.ts'
import { patchFor } from './launchdarkly/patch.ts'
import { changeOne, type FlagService, readEach, refuseLate } from './one-by-one.ts'
import { baseUrl, secret, secretOf } from './options.ts'
import { checkReaches } from './wish.ts'

const CAPABILITIES: FlagStoreCapabilities = { weightStep: 1, cohorts: true, readBack: 'config' }

const key = z.string().regex(/^[A-Za-z0-9][\w.-]{0,99}$/, { error: 'must be a key' })

const options = z.strictObject({
  kind: z.literal('launchdarkly').describe('the kind'),
  url: baseUrl.default('https://app.launchdarkly.com').describe('base address; `/api/v2` is added'),
  project: key.describe('key of the project that has the flags'),
  environment: key.describe('key of the environment in LaunchDarkly'),
  token: secret.describe('environment variable of the worker with an access token that may change flags'),
  contextKind: key.default('user').describe('kind of context whose key decides who is in a share'),
  cohort: key.default('cohort').describe('attribute of that context that holds the name of the user’s cohort'),
  deadline: deadlineText
    .default('5s')
    .describe('how long one read or one change may take altogether, from `100ms` to `1m`'),
})

type LaunchdarklyOptions = z.output<typeof options>

/** Boolean flags of LaunchDarkly, changed by semantic patch. Not verified against the live service. */
export const launchdarklyStore = defineFlagStore({
  kind: 'launchdarkly',
  options,
  capabilities: CAPABILITIES,
  summary:
    'LaunchDarkly, by semantic patch: steps of 0.01%, cohorts, one change at once. Not verified against the live service.',
  create: (chosen, context) =>
    createLaunchdarklyStore(chosen, {
      name: 'LaunchDarkly',
      url: chosen.url.replace(/\/+$/, ''),
      headers: { authorization: secretOf(chosen.token, 'launchdarkly') },
      fetch: context.fetch ?? globalThis.fetch,
    }),
})

interface Found {
  readonly config: FlagConfig
  readonly variations: Variations
}

const SEMANTIC = 'application/json; domain-model=launchdarkly.semanticpatch'

function createLaunchdarklyStore(chosen: LaunchdarklyOptions, api: AdminApi): FlagStore {
  const { project, environment, contextKind, cohort } = chosen
  const deadline = millisecondsOf(chosen.deadline)
  const place = (flag: string) => `/api/v2/flags/${encodeURIComponent(project)}/${encodeURIComponent(flag)}`

  async function look(flag: string, allowance: Allowance): Promise<Found | null> {
    const path = `${place(flag)}?env=${encodeURIComponent(environment)}`
    const answer = await callAdmin(api, allowance, { method: 'GET', path })
    if (answer.status === 404) return null
    if (answer.status !== 200) throw refused(api.name, `to show the flag ${flag}`, answer)
    const parsed = featureFlag.safeParse(answer.body)
    if (!parsed.success) throw unreadable(api.name, 'a flag')
    const config = parsed.data.environments[environment]
    if (config === undefined || parsed.data.archived) return null
    const variations = variationsOf(parsed.data)
    if (variations === null) throw notBoolean(flag)
    return { config, variations }
  }

  const service: FlagService<Found> = {
    ...{ name: api.name, look, fenceOf: ({ config }) => fenceOfConfig(config) },
    missing: {
      expected: `a flag of the project ${project} with the environment ${environment}`,
      fix: 'create the flag in LaunchDarkly, or correct its key in the plan',
    },
  }

  function reachOf({ config, variations }: Found, flag: string): FlagReach {
    const reach = reachOfConfig(config, variations, chosen)
    if (reach === null) throw unclear(flag)
    return reach
  }

  function write(flag: string, wish: FlagWish, allowance: Allowance, permit: Permit): Promise<void> {
    return changeOne(service, flag, wish, allowance, async (now, reach) => {
      const context = { environment, contextKind, cohort, variations: now.variations }
      const body = patchFor(now.config, reach, wish.fence, context)
      permit()
      const answer = await callAdmin(api, allowance, { method: 'PATCH', path: place(flag), body, type: SEMANTIC })
      if (answer.status === 200) return true
      // A rule that is gone, or a conflict: somebody else was faster. Whatever else is refused is refused for good.
      const isOvertaken = answer.status === 409 || (await isChanged(flag, now, allowance))
      if (!isOvertaken) throw refused(api.name, `a change of the flag ${flag}`, answer)
      return false
    })
  }

  async function isChanged(flag: string, before: Found, allowance: Allowance): Promise<boolean> {
    const now = await look(flag, allowance)
    return now !== null && now.config['version'] !== before.config['version']
  }

  return {
    capabilities: CAPABILITIES,
    read: async (names, signal) => readEach(service, names, allow(deadline, signal), reachOf),
    async apply(wish, signal, permit = () => undefined) {
      const allowance = allow(deadline, signal)
      checkReaches(wish, CAPABILITIES)
      await refuseLate(service, wish, allowance)
      for (const flag of Object.keys(wish.flags)) await write(flag, wish, allowance, permit)
    },
    async close() {},
  }
}

function notBoolean(flag: string): SluiceError {
  return new SluiceError('flag.misconfigured', {
    message: `the flag ${flag} is not one that is on or off`,
    expected: 'a flag with the two variations true and false',
    fix: 'use a boolean flag',
  })
}

function unclear(flag: string): SluiceError {
  return new SluiceError('flag.misconfigured', {
    message: `the flag ${flag} says in LaunchDarkly in another way who has it`,
    expected: 'no targets, prerequisites or rules beside the one of Sluice, and a variation for off',
    fix: 'remove the other targeting of the flag in this environment',
  })
}
