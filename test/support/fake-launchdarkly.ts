import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'

/**
 * LaunchDarkly's flags API as its published OpenAPI types (npm `launchdarkly-api-typescript` 17.2.0) and the descriptions of
 * the instructions in them say it is: a semantic patch is carried out as a whole or refused as a whole, and what names
 * something that is not there is refused. Nobody has compared it with the live service.
 */
export interface FakeLaunchdarkly {
  readonly url: string
  readonly token: string
  readonly project: string
  readonly environment: string
  /** Makes a boolean flag as a new one is: off, and on for everybody once it is switched on. */
  addFlag(key: string, more?: Partial<Flag>): void
  flag(key: string): Flag
  /** What an application gets. */
  evaluate(key: string, who: { readonly user: string; readonly cohort?: string }): boolean
  /** Answers every further request with this, until it is null again. */
  answerWith(
    answer: { readonly status: number; readonly headers?: Record<string, string>; readonly body?: object } | null,
  ): void
  freeze(): Promise<void>
  thaw(): Promise<void>
  close(): Promise<void>
}

const clause = z.strictObject({
  contextKind: z.string().min(1).default('user'),
  attribute: z.string().min(1),
  op: z.enum(['in', 'endsWith', 'startsWith', 'matches', 'contains', 'segmentMatch', 'lessThan', 'greaterThan']),
  negate: z.boolean().default(false),
  values: z.array(z.union([z.string(), z.number()])).min(1),
})
const weights = z.record(z.string(), z.int().min(0).max(100_000))
const served = {
  variationId: z.string().optional(),
  rolloutWeights: weights.optional(),
  rolloutBucketBy: z.string().optional(),
  rolloutContextKind: z.string().optional(),
}
const ruleInput = z.strictObject({
  ...served,
  description: z.string().optional(),
  clauses: z.array(clause),
  trackEvents: z.boolean().optional(),
})
const targetInput = z.strictObject({
  contextKind: z.string().default('user'),
  variationId: z.string(),
  values: z.array(z.string()),
})
const instruction = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('turnFlagOn') }),
  z.strictObject({ kind: z.literal('turnFlagOff') }),
  z.strictObject({ kind: z.literal('updateOffVariation'), variationId: z.string() }),
  z.strictObject({ kind: z.literal('updateFallthroughVariationOrRollout'), ...served }),
  z.strictObject({ kind: z.literal('replaceRules'), rules: z.array(ruleInput) }),
  z.strictObject({ kind: z.literal('replaceTargets'), targets: z.array(targetInput) }),
  z.strictObject({
    kind: z.literal('replacePrerequisites'),
    prerequisites: z.array(z.strictObject({ key: z.string(), variationId: z.string() })),
  }),
  z.strictObject({ kind: z.literal('updateRuleDescription'), ruleId: z.string(), description: z.string() }),
])
const semanticPatch = z.strictObject({
  environmentKey: z.string(),
  comment: z.string().optional(),
  instructions: z.array(instruction).min(1),
})

interface Served {
  variation?: number
  rollout?: { variations: { variation: number; weight: number }[]; contextKind: string; bucketBy?: string }
}
interface Rule extends Served {
  _id: string
  clauses: (z.output<typeof clause> & { _id: string })[]
  trackEvents: boolean
  description?: string
}
interface Config {
  on: boolean
  archived: false
  salt: string
  sel: string
  lastModified: number
  version: number
  targets: { values: string[]; variation: number }[]
  contextTargets: { values: string[]; variation: number; contextKind?: string }[]
  rules: Rule[]
  fallthrough: Served
  offVariation?: number
  prerequisites: { key: string; variation: number }[]
  trackEvents: false
  trackEventsFallthrough: false
  _environmentName: string
}
export interface Flag {
  key: string
  name: string
  kind: 'boolean' | 'multivariate'
  description: string
  _version: number
  creationDate: number
  variations: { _id: string; value: unknown }[]
  temporary: boolean
  tags: string[]
  archived: boolean
  needsApproval: boolean
  environments: Record<string, Config>
}

class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export async function startFakeLaunchdarkly(): Promise<FakeLaunchdarkly> {
  const [project, environment, token] = ['shop', 'production', `api-${randomUUID()}`]
  const flags = new Map<string, Flag>()
  let fixed: Parameters<FakeLaunchdarkly['answerWith']>[0] = null
  let thawed: Promise<void> = Promise.resolve()
  let release = (): void => undefined

  const flagAt = (key: string): Flag => {
    const found = flags.get(key)
    if (found === undefined) throw new Refusal(404, `Unknown flag key ${key}`)
    return found
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    await thawed
    const send = (status: number, body: object, headers: Record<string, string> = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    if (fixed !== null) return void send(fixed.status, fixed.body ?? {}, fixed.headers)
    try {
      if (request.headers.authorization !== token) throw new Refusal(401, 'Invalid account ID header')
      const url = new URL(request.url ?? '/', 'http://fake')
      const [, , , of, name = '', key = ''] = url.pathname.split('/').map(decodeURIComponent)
      if (of !== 'flags' || name !== project) throw new Refusal(404, `Unknown project key ${name}`)
      const flag = flagAt(key)
      if (request.method === 'PATCH')
        patch(flag, String(request.headers['content-type']), Buffer.concat(chunks).toString())
      else if (request.method !== 'GET') throw new Refusal(405, 'Method not allowed')
      const wanted = url.searchParams.get('env')
      const environments = wanted === null ? flag.environments : pick(flag.environments, wanted)
      const { needsApproval: _, ...shown } = flag
      send(200, { ...shown, environments })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      send(error.status, { code: error.status === 400 ? 'invalid_request' : 'error', message: error.message })
    }
  }

  function patch(flag: Flag, type: string, text: string): void {
    if (!/;\s*domain-model=launchdarkly\.semanticpatch/.test(type)) throw new Refusal(400, 'must be a JSON patch')
    const parsed = semanticPatch.safeParse(JSON.parse(text))
    if (!parsed.success) throw new Refusal(400, z.prettifyError(parsed.error))
    const { environmentKey, instructions } = parsed.data
    const before = flag.environments[environmentKey]
    if (before === undefined) throw new Refusal(404, `Unknown environment key ${environmentKey}`)
    if (flag.needsApproval) throw new Refusal(405, 'approvals are required for this flag in this environment')
    const after = structuredClone(before)
    for (const one of instructions) carryOut(flag, after, one)
    after.version += 1
    flag._version += 1
    flag.environments[environmentKey] = after
  }

  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    ...{ url: `http://127.0.0.1:${address.port}`, token, project, environment },
    addFlag: (key, more) => void flags.set(key, { ...newFlag(key, environment), ...more }),
    flag: flagAt,
    evaluate: (key, who) => evaluate(flagAt(key), environment, who),
    answerWith: (next) => {
      fixed = next
    },
    async freeze() {
      thawed = new Promise((resolve) => {
        release = resolve
      })
    },
    async thaw() {
      release()
    },
    async close() {
      release()
      server.close()
      server.closeAllConnections()
    },
  }
}

function carryOut(flag: Flag, config: Config, one: z.output<typeof instruction>): void {
  switch (one.kind) {
    case 'turnFlagOn':
      config.on = true
      return
    case 'turnFlagOff':
      config.on = false
      return
    case 'updateOffVariation':
      config.offVariation = indexOf(flag, one.variationId)
      return
    case 'updateFallthroughVariationOrRollout':
      config.fallthrough = servedBy(flag, one)
      return
    case 'replaceRules':
      config.rules = one.rules.map(({ clauses, description, trackEvents, ...rest }) => ({
        _id: randomUUID(),
        ...servedBy(flag, rest),
        clauses: clauses.map((part) => ({ _id: randomUUID(), ...part })),
        trackEvents: trackEvents ?? false,
        ...(description !== undefined && { description }),
      }))
      return
    case 'replaceTargets':
      config.targets = one.targets.map(({ values, variationId }) => ({ values, variation: indexOf(flag, variationId) }))
      config.contextTargets = []
      return
    case 'replacePrerequisites':
      config.prerequisites = one.prerequisites.map(({ key }) => ({ key, variation: 0 }))
      return
    case 'updateRuleDescription': {
      const rule = config.rules.find(({ _id }) => _id === one.ruleId)
      if (rule === undefined) throw new Refusal(400, `Could not find rule with ID ${one.ruleId}`)
      rule.description = one.description
    }
  }
}

function servedBy(
  flag: Flag,
  of: {
    variationId?: string | undefined
    rolloutWeights?: Record<string, number> | undefined
    rolloutContextKind?: string | undefined
  },
): Served {
  const { variationId, rolloutWeights } = of
  if ((variationId === undefined) === (rolloutWeights === undefined)) {
    throw new Refusal(400, 'must provide either variationId or rolloutWeights')
  }
  if (variationId !== undefined) return { variation: indexOf(flag, variationId) }
  const variations = Object.entries(rolloutWeights ?? {}).map(([id, weight]) => ({
    variation: indexOf(flag, id),
    weight,
  }))
  if (variations.reduce((sum, { weight }) => sum + weight, 0) !== 100_000) {
    throw new Refusal(400, 'the sum of rollout weights must be 100000')
  }
  return { rollout: { variations, contextKind: of.rolloutContextKind ?? 'user' } }
}

function indexOf({ variations }: Flag, id: string): number {
  const index = variations.findIndex(({ _id }) => _id === id)
  if (index < 0) throw new Refusal(400, `Could not find variation with ID ${id}`)
  return index
}

function evaluate(flag: Flag, environment: string, { user, cohort }: { user: string; cohort?: string }): boolean {
  const config = flag.environments[environment] as Config
  const value = (index: number | undefined) => (index === undefined ? false : flag.variations[index]?.value === true)
  if (!config.on) return value(config.offVariation)
  const matching = config.rules.find(({ clauses }) =>
    clauses.every(({ attribute, values }) => attribute === 'cohort' && values.includes(cohort ?? '')),
  )
  const { variation, rollout } = matching ?? config.fallthrough
  if (rollout === undefined) return value(variation)
  const hash = createHash('sha1').update(`${flag.key}.${config.salt}.${user}`).digest('hex').slice(0, 15)
  let rest = (Number.parseInt(hash, 16) / 16 ** 15) * 100_000
  for (const part of rollout.variations) {
    rest -= part.weight
    if (rest < 0) return value(part.variation)
  }
  return value(rollout.variations.at(-1)?.variation)
}

function newFlag(key: string, environment: string): Flag {
  const config: Config = {
    ...{ on: false, archived: false, salt: randomUUID(), sel: randomUUID(), lastModified: 0, version: 1 },
    ...{
      targets: [],
      contextTargets: [],
      rules: [],
      fallthrough: { variation: 0 },
      offVariation: 1,
      prerequisites: [],
    },
    ...{ trackEvents: false, trackEventsFallthrough: false, _environmentName: environment },
  }
  return {
    ...{ key, name: key, kind: 'boolean', description: '', _version: 1, creationDate: 0, temporary: true, tags: [] },
    ...{ archived: false, needsApproval: false },
    variations: [
      { _id: randomUUID(), value: true },
      { _id: randomUUID(), value: false },
    ],
    environments: { [environment]: config },
  }
}

function pick(environments: Flag['environments'], wanted: string): Flag['environments'] {
  const found = environments[wanted]
  return found === undefined ? {} : { [wanted]: found }
}
