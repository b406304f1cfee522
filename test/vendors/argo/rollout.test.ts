import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CHECK_KINDS } from '../../../src/catalog.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { ROLLOUT_FIELDS } from '../../../src/vendors/argo/rollout-fields.ts'
import { reportFields } from '../../../src/vendors/fields.ts'
import { readManifests } from '../../../src/vendors/manifest.ts'
import { createImportReport } from '../../../src/vendors/report.ts'
import { FACTS, planContext } from '../../domain/plan/plan-context.ts'
import { argo } from '../imported.ts'

const TEMPLATE = `apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: { name: errors }
spec:
  args: [{ name: app, value: none }]
  metrics:
    - name: errors
      interval: 1m
      count: 5
      successCondition: result[0] < 0.05
      provider: { prometheus: { query: 'e{app="{{args.app}}", pool="$pool"}' } }
`
const rollout = (strategy: string, more = '') => `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: checkout, labels: { app: shop } }
spec:${more}
  strategy:
${strategy.replaceAll(/^/gm, '    ')}
`
const canary = (steps: string, more = '') => rollout(`canary:${more}\n  steps:\n${steps.replaceAll(/^/gm, '    ')}`)
const with2 = (first: string) => [
  { name: 'rollout.yaml', text: first },
  { name: 'analysis.yaml', text: TEMPLATE },
]
const ANALYSIS = '{ templates: [{ templateName: errors }] }'
const stepsOf = (form: ReturnType<typeof argo>['form']) => form?.['steps']
const isPlan = (form: ReturnType<typeof argo>['form']) => {
  const facts = { ...FACTS, groups: { owners: ['alice'] } }
  const result = readPlan(form, { ...planContext(facts), checkKinds: CHECK_KINDS })
  return 'plan' in result ? [] : result.problems
}

describe('the steps of a canary', () => {
  it('become the steps of a plan, and the last one sends everybody', () => {
    const { form, notes, problems } = argo(
      canary(
        '- setWeight: 5\n- pause: { duration: 10m }\n- setWeight: 20\n- pause: { duration: 90 }\n- pause: { duration: "30" }',
      ),
    )
    expect(problems).toEqual([])
    expect(form).toMatchObject({ service: 'checkout', environment: 'production' })
    expect(stepsOf(form)).toEqual([
      ...[{ weight: '5%' }, { bake: '10m' }, { weight: '20%' }, { bake: '90s' }, { bake: '30s' }, { weight: '100%' }],
    ])
    expect(notes.added).toEqual([expect.stringContaining('weight 100%')])
    expect(isPlan(form)).toEqual([])
  })

  it('wait for a person where they pause without end, by the group that is named', () => {
    const file = canary('- setWeight: 5\n- pause: {}\n- setWeight: 100')
    expect(argo(file).problems).toEqual([
      expect.stringMatching(/^a\.yaml:9:\d+: this waits for a person[^]*--approvers/),
    ])
    const { form } = argo(file, { approvers: 'owners' })
    expect(stepsOf(form)).toContainEqual({
      approve: { by: 'owners', notAuthor: false, within: '90d', onExpiry: 'pause' },
    })
    expect(isPlan(form)).toEqual([])
  })

  it('are shares of maxTrafficWeight', () => {
    const more = '\n  trafficRouting: { maxTrafficWeight: 1000, nginx: { stableIngress: main } }'
    expect(stepsOf(argo(canary('- setWeight: 5\n- setWeight: 1000', more)).form)).toEqual([
      { weight: '0.5%' },
      { weight: '100%' },
    ])
  })

  it.each([
    ['- setWeight: 20\n- setWeight: 5', /:9:\d+: this weight is lower/],
    ['- setWeight: 120', /more than everybody/],
    ['- setWeight: 1.5', /steps\[0\]\.setWeight/],
    ['- pause: { duration: soon }', /not a duration/],
    ['- pause: { duration: -5 }', /not a duration/],
    ['- pause: { duration: 10000h }', /too long/],
    ['- {}', /this step does nothing/],
    ['- { setWeight: 5, pause: {} }', /exactly one kind/],
    [
      '- setWieght: 5',
      /^a\.yaml:8:\d+: a Rollout has no field spec\.strategy\.canary\.steps\[0\]\.setWieght[^]*did you mean setWeight\?/,
    ],
    ['- pause: { duraton: 5m }', /did you mean duration\?/],
    ['- analysis: { templates: [] }', /templates/],
    [
      '- analysis: { templates: [{ templateName: gone }] }',
      /:8:\d+: there is no AnalysisTemplate gone[^]*give its file/,
    ],
  ])('are refused at their line: %s', (steps, problem) => {
    expect(argo(canary(steps)).problems.join('\n')).toMatch(problem)
  })

  it('that say nothing are told of', () => {
    const { form, notes } = argo(canary('- setWeight: 0\n- pause: { duration: 0 }\n- setWeight: 10\n- setWeight: 10'))
    expect(stepsOf(form)).toEqual([{ weight: '10%' }, { weight: '100%' }])
    expect(notes['not-needed'].filter((note) => note.includes('steps['))).toHaveLength(3)
  })

  it.each([
    ['- setCanaryScale: { replicas: 3 }', 'scales no pods'],
    ['- setMirrorRoute: { name: m, percentage: 50, match: [{ method: { exact: GET } }] }', 'requests are not mirrored'],
    ['- experiment: { duration: 5m, templates: [] }', 'experiment'],
    ['- plugin: { name: a/b, config: {} }', 'plugins'],
    ['- setHeaderRoute: { name: beta, match: [{ headerName: x, headerValue: { exact: y } }] }', 'route beta'],
  ])('without a counterpart are left out with their line: %s', (step, why) => {
    const { form, notes } = argo(canary(`- setWeight: 5\n${step}\n- setWeight: 100`))
    expect(notes['left-out']).toEqual([expect.stringMatching(new RegExp(`^a\\.yaml:9: .*${why}`))])
    expect(stepsOf(form)).toEqual([{ weight: '5%' }, { weight: '100%' }])
  })

  it('send copies before the first weight where somebody says that the router can, and say what is copied', () => {
    const match = '[{ method: { exact: GET }, path: { prefix: / } }]'
    const steps = `- setMirrorRoute: { name: m, percentage: 35, match: ${match} }
- pause: { duration: 5m }
- setMirrorRoute: { name: m, match: ${match} }
- setMirrorRoute: { name: m }
- setWeight: 5
- setMirrorRoute: { name: m }
- setMirrorRoute: { name: m, match: ${match} }
- setWeight: 100`
    const { form, notes } = argo(canary(steps), { mirror: true })
    expect(stepsOf(form)).toEqual([
      ...[
        { mirror: '35%' },
        { bake: '5m' },
        { mirror: '100%' },
        { mirror: 'off' },
        { weight: '5%' },
        { weight: '100%' },
      ],
    ])
    expect(notes.differs).toEqual([
      expect.stringMatching(/^a\.yaml:8: .*GET and HEAD.*match is not asked/),
      expect.stringMatching(/^a\.yaml:10: /),
    ])
    expect(notes['not-needed']).toContainEqual(expect.stringMatching(/^a\.yaml:13: .*no other copies/))
    expect(notes['left-out']).toEqual([expect.stringMatching(/^a\.yaml:14: .*not mirrored/)])
    const without = argo(canary(steps))
    expect(stepsOf(without.form)).toEqual([{ bake: '5m' }, { weight: '5%' }, { weight: '100%' }])
    expect(without.notes['left-out']).toHaveLength(3)
  })

  it('judge the new version by copies alone', () => {
    const steps = `- setMirrorRoute: { name: m, match: [{ method: { exact: GET } }] }
- analysis: { templates: [{ templateName: errors }] }
- setWeight: 100`
    expect(stepsOf(argo(`${canary(steps)}---\n${TEMPLATE}`, { mirror: true }).form)).toMatchObject([
      ...[{ mirror: '100%' }, { analyse: {} }, { weight: '100%' }],
    ])
  })

  it('send a route’s users first where a cohort stands for it, and keep them', () => {
    const match = '[{ headerName: x, headerValue: { exact: y } }]'
    const { form, notes } = argo(
      canary(`- setHeaderRoute: { name: beta, match: ${match} }\n- setWeight: 5\n- setHeaderRoute: { name: beta }`),
      { cohorts: { beta: 'internal' } },
    )
    expect(stepsOf(form)).toEqual([{ cohort: ['internal'] }, { weight: '5%' }, { weight: '100%' }])
    expect(notes.differs.join('\n')).toContain('keeps the new version until everybody has it')
    expect(isPlan(form)).toEqual([])
  })
})

describe('the analyses of a canary', () => {
  it('are waited for as long as they take, under a name of their own each', () => {
    const { form, problems } = argo(
      with2(canary(`- setWeight: 5\n- analysis: ${ANALYSIS}\n- setWeight: 20\n- analysis: ${ANALYSIS}`)),
    )
    expect(problems).toEqual([])
    // Five measurements, each at the first look more than a minute after the one before.
    expect(stepsOf(form)).toMatchObject([
      { weight: '5%' },
      { analyse: { for: '5m', checks: { errors: { argo: { count: 5 } } } } },
      { weight: '20%' },
      { analyse: { for: '5m', checks: { 'errors-2': { argo: { count: 5 } } } } },
      { weight: '100%' },
    ])
    expect(isPlan(form)).toEqual([])
  })

  it('before anybody has the new version are left out, because nothing could be judged', () => {
    const { form, notes } = argo(
      with2(canary(`- setCanaryScale: { replicas: 1 }\n- analysis: ${ANALYSIS}\n- setWeight: 5`)),
    )
    expect(notes['left-out'][1]).toMatch(/^rollout\.yaml:9: .*nothing is judged before anybody/)
    expect(stepsOf(form)).toEqual([{ weight: '5%' }, { weight: '100%' }])
  })

  it('go on in the background from their step to the end', () => {
    const { form, notes } = argo(
      with2(
        canary(
          '- setWeight: 5\n- setWeight: 20',
          `\n  analysis: { startingStep: 1, templates: [{ templateName: errors }] }`,
        ),
      ),
    )
    expect(stepsOf(form)).toMatchObject([
      { weight: '5%' },
      { analyse: { start: 'background', checks: { errors: {} } } },
      { weight: '20%' },
      { weight: '100%' },
      { analyse: { passed: 'background' } },
    ])
    expect(notes.differs.join()).toContain('the release waits at its end')
    expect(isPlan(form)).toEqual([])
  })

  it('in the background begin before the first weight where they say no step', () => {
    const more = '\n  analysis: { templates: [{ templateName: errors }], dryRun: [{ metricName: errors }] }'
    const { form, notes } = argo(with2(canary('- setWeight: 5\n- pause: { duration: 10m }', more)))
    expect(stepsOf(form)).toMatchObject([
      { analyse: { start: 'background' } },
      {},
      {},
      {},
      { analyse: { passed: 'background' } },
    ])
    // One that only warns holds nothing.
    expect(notes.differs).toEqual([])
    expect(isPlan(form)).toEqual([])
  })

  it('take arguments from the Rollout: values, fields of it, and the hash of the new pods', () => {
    const analysis = (arg: string) =>
      canary(`- setWeight: 5\n- analysis: { templates: [{ templateName: errors }], args: [${arg}] }`)
    const promql = (arg: string, options = {}) => JSON.stringify(stepsOf(argo(with2(analysis(arg)), options).form))
    expect(promql('{ name: app, value: a }')).toContain(String.raw`app=\"a\"`)
    expect(promql(`{ name: app, valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }`)).toContain('shop')
    expect(promql('{ name: app, valueFrom: { fieldRef: { fieldPath: metadata.name } } }')).toContain('checkout')
    expect(promql('{ name: app, valueFrom: { podTemplateHashValue: Latest } }')).toContain(String.raw`app=\"$pool\"`)
    expect(promql('{ name: app, value: a }', { args: { app: 'mine' } })).toContain('mine')
    expect(argo(with2(analysis('{ name: other, value: a }'))).notes['not-needed'].join()).toContain(
      "an argument 'other'",
    )
    const lost = argo(with2(analysis('{ name: app, valueFrom: { fieldRef: { fieldPath: status.replicas } } }')))
    expect(lost.problems).toEqual([
      expect.stringMatching(/^rollout\.yaml:9:\d+: the value of 'app' cannot be found[^]*--arg app/),
    ])
  })

  it('that never end are not waited for', () => {
    const endless = { name: 'analysis.yaml', text: TEMPLATE.replace('      count: 5\n', '') }
    const first = { name: 'rollout.yaml', text: canary(`- setWeight: 5\n- analysis: ${ANALYSIS}`) }
    expect(argo([first, endless]).problems).toEqual([expect.stringMatching(/^analysis\.yaml:7:\d+: errors never ends/)])
  })

  it('name templates of the cluster, and templates that name others', () => {
    const both = `${TEMPLATE.replace('kind: Ana', 'kind: ClusterAna').replace('name: errors }', 'name: shared }')}---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: { name: outer }
spec: { templates: [{ templateName: shared, clusterScope: true }] }
`
    const file = (ref: string) => [
      { name: 'rollout.yaml', text: canary(`- setWeight: 5\n- analysis: { templates: [{ ${ref} }] }`) },
      { name: 'all.yaml', text: both },
    ]
    for (const ref of ['templateName: shared, clusterScope: true', 'templateName: outer'])
      expect(stepsOf(argo(file(ref)).form)).toMatchObject([{}, { analyse: { checks: { errors: {} } } }, {}])
    expect(argo(file('templateName: shared')).problems.join()).toContain('write clusterScope: true')
    expect(argo(file('templateName: outer')).notes['not-needed'].join()).not.toContain('shared')
  })

  it('with a metric of one name twice, or one argument with two values, are refused as Argo refuses them', () => {
    const second = TEMPLATE.replace('name: errors }', 'name: more }').replace('value: none', 'value: other')
    const files = [
      {
        name: 'rollout.yaml',
        text: canary('- analysis: { templates: [{ templateName: errors }, { templateName: more }] }'),
      },
      { name: 'analysis.yaml', text: `${TEMPLATE}---\n${second}` },
    ]
    expect(argo(files).problems).toEqual([
      expect.stringContaining("the argument 'app' has two values"),
      expect.stringContaining("a second metric of this analysis is called 'errors'"),
    ])
  })

  it('whose metrics all ask something else are left out, with the line of the step and of the metric', () => {
    const web = TEMPLATE.replace(/provider: .*/, 'provider: { web: { url: https://a } }')
    const { notes } = argo([
      { name: 'rollout.yaml', text: canary(`- setWeight: 5\n- analysis: ${ANALYSIS}`) },
      { name: 'analysis.yaml', text: web },
    ])
    expect(notes['left-out']).toEqual([
      expect.stringMatching(/^rollout\.yaml:9: .*nothing stands in its place/),
      expect.stringMatching(/^analysis\.yaml:11: errors: only prometheus/),
    ])
  })
})

describe('blue-green', () => {
  const blueGreen = (more: string) => rollout(`blueGreen:\n  activeService: a\n${more.replaceAll(/^/gm, '  ')}`)

  it('is one step from nobody to everybody, with what comes before and after', () => {
    const file = with2(
      blueGreen(
        `previewService: b\nautoPromotionEnabled: false\nscaleDownDelaySeconds: 600\nprePromotionAnalysis: ${ANALYSIS}\npostPromotionAnalysis: ${ANALYSIS}`,
      ),
    )
    const { form, notes } = argo(file, { approvers: 'owners', preview: 'internal' })
    expect(form).toMatchObject({
      steps: [
        { cohort: ['internal'] },
        { analyse: { checks: { errors: {} } } },
        { approve: { by: 'owners' } },
        { weight: '100%' },
        { analyse: { checks: { 'errors-2': {} } } },
      ],
      after: { keep: '10m' },
    })
    expect(notes['left-out']).toEqual([])
    expect(isPlan(form)).toEqual([])
    const unseen = argo(file, { approvers: 'owners' }).notes['left-out']
    expect(unseen).toEqual([expect.stringContaining('previewService'), expect.stringContaining('prePromotionAnalysis')])
  })

  it('waits before the change as long as it says', () => {
    const { form } = argo(blueGreen('autoPromotionSeconds: 120'))
    expect(stepsOf(form)).toEqual([{ bake: '2m' }, { weight: '100%' }])
  })
})

describe('a Rollout', () => {
  it.each([
    [rollout('{}'), /^a\.yaml:5:\d+: this Rollout has no strategy/],
    [
      'apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: { name: a }\nspec: { replicas: 1 }\n',
      /:4:\d+: this Rollout has no strategy/,
    ],
    [rollout('canary: { steps: [{ setWeight: 5 }] }\nblueGreen: { activeService: a }'), /two strategies/],
    [rollout('canary: {}'), /a canary without steps/],
    [
      rollout('canary: { steps: [{ setWeight: 5 }] }').replace('v1alpha1', 'v2'),
      /:1:\d+: this Rollout is not one of Argo Rollouts/,
    ],
    [
      rollout('canary: { steps: [{ setWeight: 5 }] }').replace('name: checkout', 'name: "??"'),
      /no name that a service can have/,
    ],
    [`${canary('- setWeight: 5')}---\n${canary('- setWeight: 5')}`, /:12:\d+: this is a second Rollout/],
    [
      'a: &a { b: 1 }\n<<: *a\nkind: Rollout\napiVersion: argoproj.io/v1alpha1\n',
      /a merge of maps[^]*write the part out/,
    ],
    ['a: *nothing\n', /nothing before this is called &nothing/],
    ['kind: Rollout\nkind: Rollout\n', /appears twice/],
    ['spec: [', /^a\.yaml:/],
  ])('is refused at its line %#', (text, problem) => {
    expect(argo(text).problems.join('\n')).toMatch(problem)
  })

  it('may use anchors', () => {
    const file = canary('- setWeight: 5\n- pause: &ten { duration: 10m }\n- setWeight: 50\n- pause: *ten')
    expect(stepsOf(argo(file).form)).toEqual([
      { weight: '5%' },
      { bake: '10m' },
      { weight: '50%' },
      { bake: '10m' },
      { weight: '100%' },
    ])
  })

  it('tells of every field that is not in the plan, and of none that is', () => {
    const more =
      '\n  replicas: 3\n  paused: true\n  template: { spec: { containers: [{ image: "r.io:5000/a/shop:2.4.0" }] } }'
    const { notes, version } = argo(canary('- setWeight: 100').replace('spec:', `spec:${more}`))
    expect(notes['not-needed'].map((note) => note.split(': ')[1])).toEqual([
      'metadata.labels',
      'spec.replicas',
      'spec.template',
    ])
    expect(notes['left-out']).toEqual([expect.stringMatching(/^a\.yaml:6: spec\.paused/)])
    expect(version).toBe('2.4.0')
  })

  it('is faster for a rehearsal in every duration, and looks as often as that needs', () => {
    const { form } = argo(with2(canary(`- setWeight: 5\n- pause: { duration: 10m }\n- analysis: ${ANALYSIS}`)), {
      faster: 60,
    })
    expect(form).toMatchObject({ interval: '1s' })
    expect(stepsOf(form)).toMatchObject([
      {},
      { bake: '10s' },
      { analyse: { for: '10s', checks: { errors: { argo: { interval: '1s' } } } } },
      {},
    ])
  })

  it('of the examples becomes a plan with nothing left out', () => {
    const files = ['rollout.yaml', 'analysis.yaml'].map((name) => ({
      name,
      text: readFileSync(`examples/argo/${name}`, 'utf8'),
    }))
    const { form, notes, problems } = argo(files)
    expect(problems).toEqual([])
    expect([notes['left-out'], notes.differs]).toEqual([[], []])
    const steps = stepsOf(form) as readonly object[]
    expect(steps.map((step) => Object.keys(step)[0])).toEqual([
      ...['weight', 'bake', 'analyse', 'weight', 'bake', 'analyse', 'weight', 'bake', 'analyse', 'weight'],
    ])
  })
})

describe('nothing of a manifest is lost without a word', () => {
  const whole = `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: checkout, namespace: shop }
spec:
  replicas: 3
  strategy:
    canary:
      canaryService: a
      trafficRouting: { nginx: { stableIngress: b } }
      analysis: { templates: [{ templateName: errors }], args: [{ name: app, value: a }], dryRun: [{ metricName: errors }] }
      steps:
        - setWeight: 5
        - pause: { duration: 10m }
        - analysis: { templates: [{ templateName: errors, clusterScope: false }] }
        - setHeaderRoute: { name: r, match: [] }
`
  /** Maps of which every key means something here, by the words before their first key. */
  const MAPS = [
    ...[
      '\nkind: Ro',
      'spec:\n  rep',
      'canary:\n      can',
      '{ templateName: errors }',
      '{ name: app, value',
      '{ metricName: e',
    ],
    ...['- setWeight', '{ duration', '{ templates: [{ templateName: errors, cl', '{ templateName: errors, cl'],
  ]

  it.each(MAPS)('a key that nobody knows is refused beside %j', (mark) => {
    const at = whole.indexOf(mark)
    expect(at).toBeGreaterThan(-1)
    const key = /[{\n-]\s*(?=\w+$)|[{-]\s*(?=\w)|\n\s*(?=\w+\W)/.exec(
      mark.includes('\n') ? mark.slice(mark.lastIndexOf('\n')) : mark,
    )
    const place = at + (mark.includes('\n') ? mark.lastIndexOf('\n') : 0) + (key?.[0].length ?? 0)
    const isFlow = whole[place - 2] === '{'
    const indent = ' '.repeat(place - whole.lastIndexOf('\n', place - 1) - 1)
    const text = `${whole.slice(0, place)}oddKey: 1${isFlow ? ', ' : `\n${indent}`}${whole.slice(place)}`
    const line = text.slice(0, text.indexOf('oddKey')).split('\n').length
    expect(argo(with2(text)).problems).toContainEqual(
      expect.stringMatching(new RegExp(`^rollout\\.yaml:${line}:\\d+: a Rollout has no field .*oddKey`)),
    )
  })

  it.each(Object.entries(ROLLOUT_FIELDS).filter(([, { effect }]) => effect !== 'carried'))(
    'every field that is not carried over is told of: %s',
    (path, { effect, becomes }) => {
      const keys = path.replace('*', 'anything').split('.')
      const value = keys.reduceRight<unknown>(
        (inner, key) => (key.endsWith('[]') ? { [key.slice(0, -2)]: [inner] } : { [key]: inner }),
        true,
      )
      const { notes, found } = fieldNotes(value)
      expect(notes).toContainEqual([effect, expect.stringContaining(becomes)])
      expect(found).toEqual([])
    },
  )

  function fieldNotes(value: unknown) {
    const read = readManifests([{ name: 'a.yaml', text: JSON.stringify(value) }])
    const manifests = 'manifests' in read ? read.manifests : []
    const report = createImportReport(manifests)
    for (const manifest of manifests) reportFields(manifest, ROLLOUT_FIELDS, report)
    return { notes: report.notes().map(({ effect, message }) => [effect, message]), found: report.problems() }
  }

  it('whatever a file holds, an answer comes, and a plan is one that the door takes', () => {
    const lines = whole.split('\n')
    fc.assert(
      fc.property(
        fc.subarray(lines),
        fc.subarray(TEMPLATE.split('\n')),
        fc.shuffledSubarray(lines),
        (rest, template, mixed) => {
          for (const text of [rest.join('\n'), mixed.join('\n')]) {
            const { form, problems } = argo([
              { name: 'rollout.yaml', text },
              { name: 'analysis.yaml', text: template.join('\n') },
            ])
            expect(form === null).toBe(problems.length > 0)
            if (form !== null && 'steps' in form) expect(isPlan({ ...form, service: 'checkout' })).toEqual([])
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})
