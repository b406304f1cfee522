import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CHECK_KINDS } from '../../../src/catalog.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { FACTS, planContext } from '../../domain/plan/plan-context.ts'
import { flagger } from '../imported.ts'

const canary = (analysis: string, spec = '') => `apiVersion: flagger.app/v1beta1
kind: Canary
metadata: { name: checkout, namespace: shop }
spec:
  targetRef: { name: checkout-app }${spec}
  analysis:
${analysis.replaceAll(/^/gm, '    ')}
`
const TEMPLATE = `---
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: { name: lost }
spec:
  provider: { type: prometheus, address: http://p }
  query: lost{ns="{{ namespace }}", app="{{ target }}", svc="{{ service }}", pool="$pool", at="{{ variables.at }}"}[{{ interval }}]
`
const METRIC = `metrics: [{ name: lost orders, interval: 30s, templateRef: { name: lost }, thresholdRange: { min: 1, max: 5 }, templateVariables: { at: x } }]`
const RAMP = 'interval: 1m\nthreshold: 3\nstepWeight: 20\nmaxWeight: 50'
const isPlan = (form: ReturnType<typeof flagger>['form']) => {
  const facts = { ...FACTS, groups: { owners: ['alice'] } }
  const result = readPlan(form, { ...planContext(facts), checkKinds: CHECK_KINDS })
  return 'plan' in result ? [] : result.problems
}

describe('a Canary of Flagger', () => {
  it('goes up by its steps, one interval each, and then to everybody', () => {
    const { form, problems } = flagger(canary(RAMP))
    expect(problems).toEqual([])
    expect(form).toEqual({
      ...{ service: 'checkout', environment: 'production', interval: '1m' },
      steps: [{ ramp: { through: ['20%', '40%', '50%'], bake: '1m' } }, { weight: '100%' }],
    })
    expect(isPlan(form)).toEqual([])
    expect(flagger(canary('interval: 5s\nstepWeights: [1, 10, 100]')).form).toMatchObject({
      steps: [{ ramp: { through: ['1%', '10%'], bake: '10s' } }, { weight: '100%' }],
    })
  })

  it('fails with as many failed looks as its threshold says', () => {
    const builtIn = `metrics:\n  - { name: request-success-rate, thresholdRange: { min: 99.5 } }\n  - { name: request-duration, threshold: 500 }`
    const { form } = flagger(canary(`${RAMP}\n${builtIn}`), { source: 'prometheus' })
    expect(form?.['checks']).toEqual({
      'request-success-rate': { errorRate: { max: '0.5%', source: 'prometheus', failures: 3, of: 3, minRequests: 1 } },
      'request-duration': {
        latency: { quantiles: ['p99'], max: '500ms', source: 'prometheus', failures: 3, of: 3, minRequests: 1 },
      },
    })
    expect(isPlan(form)).toEqual([])
  })

  it('asks its templates with their variables, and counts a missing value as a failed look', () => {
    const { form, problems } = flagger(canary(`${RAMP}\n${METRIC}`) + TEMPLATE)
    expect(problems).toEqual([])
    expect(form?.['checks']).toEqual({
      'lost-orders': {
        argo: {
          source: 'prometheus',
          promql: 'lost{ns="shop", app="checkout-app", svc="checkout-app", pool="$pool", at="x"}[30s]',
          successCondition: 'len(result) > 0 && last(result) >= 1 && last(result) <= 5',
          ...{ interval: '1m', initialDelay: '1m', failureLimit: 2, consecutiveErrorLimit: 2 },
        },
      },
    })
    expect(isPlan(form)).toEqual([])
  })

  it('gives the new version to a cohort for its iterations', () => {
    const match = 'interval: 1m\niterations: 10\nmatch: [{ headers: { x: { exact: y } } }]'
    expect(flagger(canary(match)).problems).toEqual([
      expect.stringMatching(/^a\.yaml:9:\d+: these users[^]*--cohort match=/),
    ])
    expect(flagger(canary(match), { cohorts: { match: 'beta' } }).form?.['steps']).toEqual([
      ...[{ cohort: ['beta'] }, { bake: '10m' }, { weight: '100%' }],
    ])
    const blueGreen = 'interval: 1m\niterations: 10'
    expect(flagger(canary(blueGreen)).problems).toEqual([expect.stringMatching(/--preview/)])
    expect(flagger(canary(blueGreen), { preview: 'beta' }).form?.['steps']).toHaveLength(3)
  })

  it('asks people where a hook confirms, and tells of every other hook with its line', () => {
    const hooks = [...['confirm-rollout', 'rollout', 'confirm-promotion', 'event', 'pre-rollout']].map(
      (type) => `  - { name: ${type}, type: ${type}, url: http://a }`,
    )
    const file = canary(`${RAMP}\nwebhooks:\n${hooks.join('\n')}`)
    expect(flagger(file).notes['left-out'].map((note) => note.split(':')[1])).toEqual(['12', '13', '14', '16'])
    const { form, notes } = flagger(file, { approvers: 'owners' })
    expect(Object.values(form?.['steps'] ?? {}).map((step: object) => Object.keys(step)[0])).toEqual([
      ...['approve', 'ramp', 'approve', 'weight'],
    ])
    expect(notes['left-out']).toHaveLength(2)
    expect(isPlan(form)).toEqual([])
  })

  it.each([
    [canary('interval: 1m'), /no steps[^]*stepWeight/],
    [canary('stepWeights: [10, 5]'), /do not rise/],
    [canary('stepWeight: 0.5'), /too many weights/],
    [
      canary(`${RAMP}\nintervall: 1m`),
      /^a\.yaml:11:\d+: a Canary has no field spec\.analysis\.intervall[^]*did you mean interval/,
    ],
    [canary(`${RAMP}\nmetrics: [{ name: odd, thresholdRange: { max: 1 } }]`), /no metric is called odd/],
    [canary(`${RAMP}\nmetrics: [{ name: request-duration }]`), /has no limit/],
    [canary(`${RAMP}\n${METRIC}`), /there is no MetricTemplate lost/],
    [
      canary(`${RAMP}\n${METRIC}`) + TEMPLATE.replace('target', 'tarket'),
      /^a\.yaml:\d+:\d+: '\{\{ tarket \}\}' has no value/,
    ],
    [canary(RAMP, '\n  skipAnalysis: true'), /nothing watches this release/],
    [canary(RAMP).replace('v1beta1', 'v9'), /not one of Flagger/],
    [`${canary(RAMP)}---\n${canary(RAMP)}`, /a second Canary/],
    [TEMPLATE, /no Canary here/],
    [canary('interval: soon\nstepWeight: 10'), /not a duration/],
  ])('is refused at its line %#', (text, problem) => {
    expect(flagger(text).problems.join('\n')).toMatch(problem)
  })

  it('leaves out what only another store can be asked, and mirroring', () => {
    const { notes, form } = flagger(
      canary(`${RAMP}\nmirror: true\n${METRIC}`) + TEMPLATE.replace('type: prometheus', 'type: datadog'),
    )
    expect(notes['left-out']).toEqual([
      expect.stringContaining('requests are not mirrored'),
      expect.stringContaining('only prometheus can be asked, not datadog'),
    ])
    expect(form).not.toHaveProperty('checks')
  })

  it.each([
    [RAMP, [{ mirror: '20%' }, { bake: '1m' }, { ramp: {} }, { weight: '100%' }]],
    ['interval: 1m\niterations: 5', [{ mirror: '20%' }, { bake: '5m' }, { weight: '100%' }]],
  ])('sends copies before anybody has it where somebody says that the router can %#', (analysis, steps) => {
    const text = canary(`${analysis}\nmirror: true\nmirrorWeight: 20`)
    const { form, notes } = flagger(text, { mirror: true })
    expect(form).toMatchObject({ steps })
    expect(notes['left-out']).toEqual([])
    expect(notes.differs).toContainEqual(expect.stringMatching(/^a\.yaml:\d+: mirror: .*GET and HEAD/))
  })

  it('of the examples becomes a plan with nothing left out', () => {
    const files = ['canary.yaml', 'metric-template.yaml'].map((name) => ({
      ...{ name, text: readFileSync(`examples/flagger/${name}`, 'utf8') },
    }))
    const { form, notes, problems } = flagger(files)
    expect([problems, notes['left-out']]).toEqual([[], []])
    expect(isPlan({ ...form, service: 'checkout' })).toEqual([])
  })
})
