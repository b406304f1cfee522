import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { readPlan } from '../../src/domain/plan/plan.ts'
import { policySchema } from '../../src/domain/policy/policy.ts'
import { answerSlash } from '../../src/slack/answers.ts'
import { FACTS, planContext } from '../domain/plan/plan-context.ts'
import { apiParts } from '../support/api-parts.ts'
import { PLAN, TEAM } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'
import { runServed } from '../support/program.ts'

const RULES = {
  firstWeight: '10%',
  bake: { each: '10m' },
  checks: [{ kind: 'errorRate' }],
  noWarn: 'all',
  override: 'bakers',
}
const CONTEXT = planContext({
  ...FACTS,
  metrics: { proxy: FACTS.metrics['prometheus']! },
  groups: { ...FACTS.groups, bakers: ['bob'] },
  policies: [{ name: 'money', policy: policySchema.parse(RULES) }],
})

const WEAK = { ...PLAN, steps: [{ weight: '50%' }, { bake: '10m' }, { weight: '100%' }] }
const REFUSAL = 'the first weight is too large: the policy money asks for more (firstWeight)'
const ROLLOUT = `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: checkout }
spec:
  template: { spec: { containers: [{ image: "registry/checkout:2.4.0" }] } }
  strategy:
    canary:
      steps:
        - setWeight: 50
        - pause: { duration: 20m }
        - setWeight: 100
`

const releases = createFakeReleases()
let registered: object = WEAK
const parts = apiParts({
  releases,
  plans: async () => registered,
  readPlan: async (written) => readPlan(written, CONTEXT),
})
let server: FastifyInstance

beforeEach(() => {
  registered = WEAK
  server = createServer(parts)
})
afterEach(() => server.close())

const post = (url: string, payload: object) => server.inject({ method: 'POST', url: `/api/v1${url}`, payload })
const run = (file: string, ...args: string[]) => runServed(server, args, { now: Date.now(), file })

async function startBySlack() {
  const command = {
    ...{ kind: 'start' as const, version: 'v1', followsPlan: false, reason: '' },
    target: { service: 'checkout', environment: 'production' },
  }
  const patience = { now: () => 0, sleep: async () => undefined, onWait: async () => undefined }
  const say = async () => undefined
  const deps = { ...parts, patience, say }
  return answerSlash(command, { team: TEAM, user: 'UALICE' }, 'delivery', deps)
}

describe('a plan weaker than its policy', () => {
  it.each([
    ['/plans/check', { plan: WEAK }],
    ['/releases', { plan: WEAK, version: 'v1' }],
    ['/releases', { service: 'checkout', environment: 'production', version: 'v1' }],
    ['/calibrations', { plan: WEAK }],
  ])('is refused by POST %s %j', async (url, body) => {
    const answer = await post(url, body)
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({
      code: 'plan.invalid',
      problems: [{ rule: 'policy.firstWeight', where: 'steps[0].weight', message: REFUSAL }],
    })
  })

  it.each([
    ['plan check', ['plan', 'check', 'plan.yaml'], JSON.stringify(WEAK, null, 2), 'plan.yaml:6:17'],
    ['start', ['start', 'plan.yaml', '--version', 'v1'], JSON.stringify(WEAK, null, 2), 'plan.yaml:6:17'],
    ['start -f with a Rollout', ['start', '-f', 'rollout.yaml'], ROLLOUT, 'rollout.yaml:9:22'],
  ])('is refused by sluice %s at its line', async (_, args, file, place) => {
    const { code, err } = await run(file, ...args)
    expect(code).not.toBe(0)
    expect(err).toContain(`${place}: ${REFUSAL}`)
  })

  it('is refused in Slack', async () => {
    expect((await startBySlack()).text).toContain(REFUSAL)
  })
})

describe('a release whose plan keeps its policy', () => {
  it('is started by each entrance, and says what it keeps', async () => {
    registered = PLAN
    const checked = await post('/plans/check', { plan: PLAN })
    expect(checked.json()).toMatchObject({ plan: { policies: [{ name: 'money', mayShorten: ['bob'] }] } })
    expect((await startBySlack()).text).toContain('started')
    const { out } = await run(JSON.stringify(PLAN), 'plan', 'explain', 'plan.yaml')
    expect(out).toContain('holds the policy money')
    expect(out).toContain('only bob may end a bake below 100% early, with a reason')
    expect((await run(JSON.stringify(PLAN), 'plan', 'check', 'plan.yaml')).out).toContain('policies: money')
  })
})
