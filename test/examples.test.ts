import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { kindOf } from '../src/analysis/checks/index.ts'
import { shapeThrough } from '../src/analysis/judges/sequential/latency-shape.ts'
import { powerOf } from '../src/analysis/power/plan-power.ts'
import { ADAPTERS, CHECK_KINDS, planContextFor } from '../src/catalog.ts'
import { readInstallation } from '../src/config/installation.ts'
import type { Action } from '../src/domain/plan/actions.ts'
import type { Plan } from '../src/domain/plan/plan.ts'
import { readPlanText } from '../src/domain/plan/plan-text.ts'
import { STEP_KINDS } from '../src/domain/plan/steps/index.ts'
import { formatProblem } from '../src/domain/problems.ts'

const FOLDER = fileURLToPath(new URL('../examples/', import.meta.url))
const textOf = (file: string) => readFileSync(`${FOLDER}${file}`, 'utf8')
const PLANS = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml') && file !== 'sluice.yaml')

function installation() {
  const read = readInstallation(textOf('sluice.yaml'), 'examples/sluice.yaml', ADAPTERS)
  if ('problems' in read) throw new Error(read.problems.map(formatProblem).join('\n'))
  return read.installation
}

function planOf(file: string) {
  const read = readPlanText(textOf(file), `examples/${file}`, planContextFor(installation()))
  if ('problems' in read) throw new Error(read.problems.map(formatProblem).join('\n'))
  return read.plan
}

/** The plan's own checks and those of its analyses. */
const checksOf = ({ actions, checks }: Plan) => [
  ...checks,
  ...actions.flatMap((action) => (action.kind === 'judge' ? action.checks : [])),
]

const bakeOf = (actions: readonly Action[]) =>
  actions.reduce((sum, action) => sum + (action.kind === 'bake' || action.kind === 'judge' ? action.duration : 0), 0)

describe('examples/governed', () => {
  const read = readInstallation(textOf('governed/sluice.yaml'), 'sluice.yaml', ADAPTERS, (file) =>
    textOf(`governed/${file}`),
  )
  if ('problems' in read) throw new Error(read.problems.map(formatProblem).join('\n'))
  const context = planContextFor(read.installation)
  const text = textOf('governed/checkout.yaml')
  const pageOf = (name: string) => readFileSync(new URL(`../docs/${name}.md`, import.meta.url), 'utf8')
  const page = pageOf('templates')

  it('has a plan that a template completes', () => {
    const result = readPlanText(text, 'checkout.yaml', context)
    expect(result).toMatchObject({ plan: { template: 'careful' } })
    expect('plan' in result && checksOf(result.plan).map(({ name }) => name)).toEqual(['errors', 'latency', 'orders'])
  })

  it('has a policy that the plan keeps, as the page of policies shows it', () => {
    const result = readPlanText(text, 'checkout.yaml', context)
    expect(result).toMatchObject({ plan: { policies: [{ name: 'careful-production', mayShorten: ['grace'] }] } })
    const [, policies = ''] = /^(policies:\n[^]*?)\n\n/m.exec(textOf('governed/sluice.yaml')) ?? []
    expect(pageOf('policies')).toContain(`\`\`\`yaml policy\n${policies}\n\`\`\``)
  })

  it('refuses a plan that is weaker, as the page of policies shows it', () => {
    const steps = '  - weight: 10%\n  - bake: 20m\n  - weight: 20%\n  - bake: 20m\n  - weight: 40%\n  - bake: 20m\n'
    const approve = '  - approve: { by: checkout-owners }\n  - weight: 100%\n'
    const checks = 'checks:\n  e: { errorRate: { max: 2% } }\n  l: { latency: { quantiles: [p95], max: 1s } }\n'
    const head = 'service: checkout\nenvironment: production\nsteps:\n'
    const result = readPlanText(`${head}${steps}${approve}${checks}`, 'checkout.yaml', context)
    const shown = 'problems' in result ? result.problems.map(formatProblem) : []
    expect(shown).toHaveLength(1)
    expect(pageOf('policies')).toContain(`\n${shown.join()}\n`)
  })

  it('is refused where the weak part stands: what fills the template in, or the template', () => {
    const weak = text.replace('through: [2%, 10%, 25%]', 'through: [6%, 10%, 25%]\n  bake: 9m')
    const result = readPlanText(weak, 'checkout.yaml', context)
    const places =
      'problems' in result
        ? result.problems.map(({ file, line, column, rule }) => `${file}:${line}:${column} ${rule}`)
        : []
    expect([...new Set(places)]).toEqual([
      'checkout.yaml:7:13 policy.firstWeight',
      'checkout.yaml:8:9 policy.bake',
      'templates/careful.yaml:10:5 policy.bake',
      'templates/careful.yaml:12:15 policy.bake',
    ])
  })

  it('stands on the page of templates', () => {
    expect(page).toContain(`\`\`\`yaml template\n${textOf('governed/templates/careful.yaml')}\`\`\``)
    expect(page).toContain(`\`\`\`yaml extends\n${text}\`\`\``)
  })

  it('refuses what the template says itself, as the page shows it', () => {
    const result = readPlanText(text.replace('checks:', 'onFail: pause\nchecks:'), 'checkout.yaml', context)
    expect(page).toContain('problems' in result ? result.problems.map(formatProblem).join('\n') : 'no problem')
  })
})

describe('examples/haproxy/sluice.yaml', () => {
  it('is an installation for the pools and the map of haproxy.cfg', () => {
    const read = readInstallation(textOf('haproxy/sluice.yaml'), 'examples/haproxy/sluice.yaml', ADAPTERS)
    if ('problems' in read) throw new Error(read.problems.map(formatProblem).join('\n'))
    const config = textOf('haproxy/haproxy.cfg')
    for (const { service, pools, router } of read.installation.targets) {
      for (const pool of pools) expect(config).toContain(`backend ${pool}`)
      expect(config).toContain(`map(${(router as { map?: string }).map},0)`)
      expect(planOf('checkout.yaml').service).toBe(service)
    }
  })
})

describe('examples/sluice.yaml', () => {
  it('is an installation, and every target names a plan that is for it', () => {
    for (const target of installation().targets) {
      const plan = planOf(target.plan ?? 'missing')
      expect({ service: plan.service, environment: plan.environment }).toEqual({
        service: target.service,
        environment: target.environment,
      })
    }
  })

  it('can open every adapter it names', async () => {
    for (const { router, metrics, flags, pools } of installation().targets) {
      const named = [
        ...(router === undefined ? [] : [{ list: ADAPTERS.routers, option: router }]),
        ...Object.values(metrics).map((option) => ({ list: ADAPTERS.metricSources, option })),
        ...(flags === undefined ? [] : [{ list: ADAPTERS.flagStores, option: flags }]),
      ]
      for (const { list, option } of named) {
        const listed = list.find(({ kind }) => kind === option.kind)
        expect(listed, option.kind).toBeDefined()
        await listed?.open(option, { pools }).close()
      }
    }
  })
})

describe.each(PLANS)('examples/%s', (file) => {
  it('is a valid plan that ends with everybody on the new version', () => {
    const { actions, checks } = planOf(file)
    const last = actions.findLast((action) => action.kind === 'expose')
    expect(last?.exposure.weight).toBe(10_000)
    expect(checks.length).toBeGreaterThan(0)
  })

  it('names the schema that editors check it with, and says what it is for', () => {
    const [first, ...rest] = textOf(file).split('\n')
    expect(first).toBe('# yaml-language-server: $schema=../schema/plan.schema.json')
    expect(rest[1]).toMatch(/^# \w/)
  })
})

describe('examples/checkout.yaml', () => {
  it('bakes for 40 seconds at most, so that the demo can be watched', () => {
    expect(bakeOf(planOf('checkout.yaml').actions)).toBeLessThanOrEqual(40_000)
  })

  it('goes from people by name through shares to everybody, with one approval', () => {
    const { actions } = planOf('checkout.yaml')
    const exposures = actions.flatMap((action) => (action.kind === 'expose' ? [action.exposure] : []))
    expect(exposures.map(({ weight }) => weight)).toEqual([0, 0, 100, 500, 1_000, 2_500, 5_000, 10_000])
    expect(exposures.every(({ cohorts }) => cohorts.join() === 'internal')).toBe(true)
    const asked = actions.flatMap((action) => (action.kind === 'ask' ? [action.people] : []))
    expect(asked).toEqual([['alice', 'bob', 'demo-approver']])
  })
})

describe('the limits of the examples', () => {
  const latency = shapeThrough([
    { quantile: 0.5, seconds: 0.08 },
    { quantile: 0.99, seconds: 0.9 },
  ])
  it.each(PLANS.flatMap((file) => [10, 50, 120, 1_000].map((rps) => [file, rps] as const)))(
    'of %s fail a canary that is as stable is in less than 1%% of the bakes, at %d requests/s',
    (file, requestsPerSecond) => {
      const plan = planOf(file)
      const checks = plan.checks.filter((check) => 'rule' in check && kindOf(check).alpha(check) === null)
      const traffic = {
        requestsPerSecond,
        errors: { from: 0.005, to: 0.02 },
        latency,
        slower: null,
        events: {},
        changes: {},
      }
      const often = powerOf({ ...plan, checks }, traffic).filter(({ falseAlarm }) => (falseAlarm ?? 0) > 0.01)
      expect(often).toEqual([])
    },
  )
})

describe('the examples together', () => {
  it('show every step kind and every check kind', () => {
    const plans = PLANS.map(planOf)
    const steps = new Set(plans.flatMap((plan) => plan.steps.map(({ kind }) => kind)))
    const checks = new Set(plans.flatMap((plan) => checksOf(plan).map(({ kind }) => kind)))
    expect([...steps].sort()).toEqual(STEP_KINDS.map(({ kind }) => kind).sort())
    expect([...checks].sort()).toEqual(CHECK_KINDS.map(({ kind }) => kind).sort())
  })
})
