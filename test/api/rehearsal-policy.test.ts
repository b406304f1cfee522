import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { configurationHash } from '../../src/config/fingerprint.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import { readPipeline } from '../../src/domain/pipeline/read-pipeline.ts'
import { type Plan, readPlan } from '../../src/domain/plan/plan.ts'
import { policySchema } from '../../src/domain/policy/policy.ts'
import { answerSlash } from '../../src/slack/answers.ts'
import { FACTS, planContext } from '../domain/plan/plan-context.ts'
import { apiParts } from '../support/api-parts.ts'
import { PLAN, TEAM } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'
import { runServed } from '../support/program.ts'

const DAY = 86_400_000
const NOW = Date.now()
const TARGET = { service: 'checkout', environment: 'production' }
const CONTEXT = planContext({
  ...FACTS,
  metrics: { proxy: FACTS.metrics['prometheus']! },
  policies: [{ name: 'careful', policy: policySchema.parse({ rehearsal: { within: '30d' } }) }],
})
const read = async (written: unknown) => readPlan(written, CONTEXT)
const PIPELINE = {
  ...{ pipeline: 'everywhere' },
  stages: [{ stage: 'shop', target: 'checkout/production', plan: PLAN }],
}
const OLD = 'rehearsed 31d ago by alice, longer ago than 30d: the policy careful asks for more (rehearsal)'

let releases: ReturnType<typeof createFakeReleases>
let parts: ReturnType<typeof apiParts>
let server: FastifyInstance

beforeEach(() => {
  releases = createFakeReleases()
  parts = apiParts({
    releases,
    plans: async () => PLAN,
    readPlan: read,
    readPipeline: (written) => readPipeline(written, { ...CONTEXT, readPlan: read, registeredPlan: async () => PLAN }),
    now: () => NOW,
  })
  server = createServer(parts)
})
afterEach(() => server.close())

const post = (url: string, payload: object) => server.inject({ method: 'POST', url: `/api/v1${url}`, payload })
const run = (...args: string[]) => runServed(server, args, { now: NOW, file: JSON.stringify(PLAN, null, 2) })
const start = () => post('/releases', { plan: PLAN, version: 'v1' })

async function rehearsed(daysAgo: number): Promise<void> {
  const result = await read(PLAN)
  const { plan } = result as { plan: Plan }
  const runs = [{ name: 'healthy', expected: 'promoted', came: 'promoted', isRight: true }]
  const configHash = configurationHash(parts.installation, TARGET)
  await releases.rehearsed(plan, { configHash, at: NOW - daysAgo * DAY, by: 'alice', runs, leftOut: [] })
}

function startBySlack() {
  const command = { kind: 'start' as const, version: 'v1', followsPlan: false, reason: '', target: TARGET }
  const patience = { now: () => 0, sleep: async () => undefined, onWait: async () => undefined }
  const say = async () => undefined
  return answerSlash(command, { team: TEAM, user: 'UALICE' }, 'delivery', { ...parts, patience, say })
}

describe('a plan whose policy asks for a rehearsal', () => {
  it('starts while its rehearsal is young enough, and not without one or after that', async () => {
    expect((await start()).json()).toMatchObject({ problems: [{ rule: 'policy.rehearsal' }] })
    await rehearsed(31)
    const answer = await start()
    expect([answer.statusCode, answer.json().problems[0].message]).toEqual([422, OLD])
    await rehearsed(30)
    expect((await start()).statusCode).toBe(201)
  })

  it('is refused by sluice start at its line, by Slack, and as a stage of a pipeline', async () => {
    await rehearsed(31)
    const { code, err } = await run('start', 'plan.yaml', '--version', 'v1')
    expect(code).not.toBe(0)
    expect(err).toContain(`: ${OLD}\n`)
    expect(err).toMatch(/^plan\.yaml:4:\d+: /m)
    expect(err).toContain('fix:      rehearse it: sluice rehearse <plan.yaml>')
    expect((await startBySlack()).text).toContain('the policy careful asks for more (rehearsal)')
    const staged = await post('/pipelines', { pipeline: PIPELINE, version: 'v1' })
    expect([staged.statusCode, staged.json()]).toMatchObject([
      422,
      { code: 'pipeline.invalid', problems: [{ rule: 'policy.rehearsal', where: 'stages[0].target', message: OLD }] },
    ])
  })

  it('is told so by plan check, which does not refuse it', async () => {
    await rehearsed(31)
    const note = `would be refused to start: ${OLD}; rehearse it: sluice rehearse <plan.yaml>`
    expect((await post('/plans/check', { plan: PLAN })).json()).toMatchObject({ notes: [note] })
    const { code, out } = await run('plan', 'check', 'plan.yaml')
    expect(code).toBe(0)
    expect(out.replace(/\s+/g, ' ')).toContain(note)
  })

  it('does not start while nobody knows whether it was rehearsed', async () => {
    await rehearsed(1)
    releases.failWith(new SluiceError('temporal.unavailable', { message: 'Temporal does not answer' }))
    expect((await start()).statusCode).toBe(503)
    const { notes } = (await post('/plans/check', { plan: PLAN })).json()
    expect(notes).toEqual([expect.stringMatching(/^nobody can say now whether the plan was rehearsed/)])
  })
})
