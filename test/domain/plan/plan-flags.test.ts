import { describe, expect, it } from 'vitest'
import { CHECK_KINDS } from '../../../src/analysis/checks/index.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { flagsIn } from '../../../src/domain/plan/plan-flags.ts'
import { STEP_KINDS } from '../../../src/domain/plan/steps/index.ts'
import { FINE_ROUTER } from './plan-context.ts'

const STORE = { weightStep: 100, cohorts: false, readBack: 'evaluation' } as const
const FLAGS = { kind: 'unleash', capabilities: STORE, names: ['new-checkout', 'banner'] }

function read(
  steps: readonly object[],
  checks: object = {},
  flags: object | null = FLAGS,
  cohorts: readonly string[] | null = null,
) {
  const facts = {
    router: FINE_ROUTER,
    metrics: { shop: { counts: true, latency: true, queries: null, records: false } },
    groups: {},
    cohorts,
    ...(flags !== null && { flags: flags as typeof FLAGS }),
  }
  return readPlan(
    { service: 'shop', environment: 'production', steps, checks },
    { stepKinds: STEP_KINDS, checkKinds: CHECK_KINDS, targets: [], target: () => facts },
  )
}

const END = [{ weight: '100%' }]
const said = (result: ReturnType<typeof read>) =>
  'problems' in result ? result.problems.map(({ rule, path, fix }) => `${rule} ${path.join('.')}: ${fix}`) : []

describe('a step that sets flags', () => {
  it('is an exposure with the flags so far, whoever has the version', () => {
    const result = read([{ weight: '10%' }, { flag: { banner: '25%' } }, { flag: { 'new-checkout': 'on' } }, ...END])
    if ('problems' in result) throw new Error(JSON.stringify(result.problems))
    const flags = { banner: { weight: 2_500, cohorts: [] }, 'new-checkout': { weight: 10_000, cohorts: [] } }
    expect(result.plan.actions.map((action) => (action.kind === 'expose' ? action.exposure : null))).toEqual([
      { weight: 1_000, cohorts: [] },
      { weight: 1_000, cohorts: [], flags: { banner: flags.banner } },
      { weight: 1_000, cohorts: [], flags },
      { weight: 10_000, cohorts: [], flags },
    ])
    expect(result.plan.steps.map(({ label }) => label)[1]).toBe('flag banner 25%')
    expect(flagsIn(result.plan.actions)).toEqual(['banner', 'new-checkout'])
  })

  it('is refused where it cannot be carried out, with what to write', () => {
    const first = [{ weight: '10%' }]
    expect(said(read([...first, { flag: { 'new-chekout': 'on' } }, ...END]))).toEqual([
      'unknown-flag steps.1.flag.new-chekout: write new-checkout',
    ])
    expect(said(read([...first, { flag: { banner: '0.5%' } }, ...END]))).toEqual([
      'flag-store-cannot steps.1.flag.banner: round the share',
    ])
    expect(said(read([...first, { flag: { banner: ['beta'] } }, ...END]))).toEqual([
      'flag-store-cannot steps.1.flag.banner: write a share, or use a flag store with cohorts',
    ])
    expect(said(read([{ flag: { banner: 'on' } }, ...END]))).toEqual([
      'flag-before-version steps.0.flag.banner: move the step behind the first cohort or weight',
    ])
    expect(said(read([...first, { flag: { banner: 'on' } }, ...END], {}, null))).toEqual([
      'no-flag-store steps.1.flag.banner: ask an administrator to add one, or remove the step',
    ])
  })

  it('names cohorts that the target defines, beside a share if it is to', () => {
    const facts = { ...FLAGS, capabilities: { ...STORE, weightStep: 1, cohorts: true } }
    const named = (value: unknown) =>
      read([{ weight: '10%' }, { flag: { banner: value } }, ...END], {}, facts, ['beta'])
    expect(said(named(['bata']))).toEqual(['unknown-cohort steps.1.flag.banner: did you mean beta?'])
    expect(said(named(['beta', '25%']))).toEqual([])
    expect(said(named(['25%', '50%']))).toHaveLength(1)
  })

  it.each([{ banner: 'yes' }, { banner: true }, {}, { 'a b': 'on' }, { banner: [] }, 'banner'])(
    'is refused as %o',
    (value) => {
      expect(said(read([{ weight: '10%' }, { flag: value }, ...END])).length).toBeGreaterThan(0)
    },
  )

  it('may set a flag off before anybody has the version', () => {
    expect(said(read([{ flag: { banner: 'off' } }, ...END]))).toEqual([])
  })
})

describe('a check that a flag answers for', () => {
  const steps = [{ weight: '10%' }, { flag: { banner: 'on' } }, ...END]
  const check = (onFail: unknown) => ({ errors: { errorRate: { notWorseThan: '1.5x' }, onFail } })

  it('names a flag of the plan', () => {
    const result = read(steps, check({ flag: 'banner', set: 'off' }))
    if ('problems' in result) throw new Error(JSON.stringify(result.problems))
    expect(result.plan.checks[0]?.onFailFlag).toEqual({ flag: 'banner', set: 'off' })
    expect(result.plan.checks[0]?.onFail).toBeUndefined()
    expect(said(read(steps, check({ flag: 'new-checkout', set: 'off' })))).toEqual([
      'flag-not-set checks.errors.onFail.flag: add a step such as flag: { new-checkout: on }',
    ])
  })

  it.each([{ flag: 'banner', set: 'on' }, { flag: 'banner' }, { set: 'off' }, 'off'])('is refused as %o', (onFail) => {
    expect(said(read(steps, check(onFail))).length).toBeGreaterThan(0)
  })
})
