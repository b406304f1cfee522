import { describe, expect, it } from 'vitest'
import { helmMarkIn } from '../../../src/vendors/helm.ts'
import { argo, documents } from '../imported.ts'

const metric = {
  name: 'errors',
  interval: '30s',
  successCondition: 'result[0] < 0.05',
  provider: { prometheus: { query: 'sum(rate(errors{job="{{args.service}}"}[2m]))' } },
}
const job = { name: 'smoke', provider: { job: { spec: {} } } }
const template = (name: string, metrics: readonly object[], args: readonly object[] = [{ name: 'service' }]) => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name },
  spec: { args, metrics },
})
const options = { args: { service: 'shop' } }
const ERRORS = template('errors', [metric])

describe('a file with several documents', () => {
  it('gives the checks of all its templates', () => {
    const latency = template('slow', [{ ...metric, name: 'latency' }])
    expect(Object.keys(argo(documents(ERRORS, latency), options).form?.['checks'] ?? {})).toEqual(['errors', 'latency'])
  })

  it('leaves out a template of which nothing can be asked, and what is no template, each with its line', () => {
    const file = documents(ERRORS, template('smoke', [job], []), { kind: 'Service', metadata: { name: 'shop' } })
    const { form, notes } = argo(file, options)
    expect(Object.keys(form?.['checks'] ?? {})).toEqual(['errors'])
    expect(notes['left-out']).toEqual(['a.yaml:3: smoke: only prometheus can be imported, not job'])
    expect(notes['not-needed']).toEqual([expect.stringMatching(/^a\.yaml:5: shop is a Service/)])
  })

  it('names the place of each problem', () => {
    const wrong = template('slow', [{ ...metric, interval: 'soon' }])
    const { problems } = argo(documents(ERRORS, wrong, { spec: { metrics: [] } }), options)
    expect(problems).toEqual([
      expect.stringMatching(/^a\.yaml:3:\d+: spec\.metrics\[0\]\.interval/),
      expect.stringMatching(/^a\.yaml:5:\d+:/),
    ])
  })

  it('may be a list of Kubernetes, whose places are those of its entries', () => {
    const list = `kind: List\nitems:\n  - ${JSON.stringify(ERRORS)}\n  - kind: Service\n    metadata: { name: shop }\n`
    const { form, notes } = argo(list, options)
    expect(Object.keys(form?.['checks'] ?? {})).toEqual(['errors'])
    expect(notes['not-needed']).toEqual([expect.stringMatching(/^a\.yaml:4: shop is a Service/)])
  })

  it('is refused when no template of it can be asked', () => {
    const { problems } = argo(documents(template('a', [job], []), template('b', [job], [])), options)
    expect(problems).toEqual([expect.stringMatching(/smoke: only prometheus.*; smoke: only prometheus/)])
  })
})

describe('a file without a template or a Rollout', () => {
  it.each([
    [documents({ kind: 'Ingress', metadata: { name: 'shop' } }), 'nothing here to import'],
    [documents('text'), 'no object of Kubernetes'],
    ['', 'this file is empty'],
    ['# nothing\n---\n', 'this file is empty'],
  ])('is told so: %j', (text, word) => {
    expect(argo(text, options).problems).toEqual([expect.stringContaining(word)])
  })
})

describe('a metric that compares with stable by the hash of its pods', () => {
  const hashes = [
    { name: 'canary-hash', valueFrom: { podTemplateHashValue: 'Latest' } },
    { name: 'stable-hash', valueFrom: { podTemplateHashValue: 'Stable' } },
  ]
  const query = 'a{pod=~"{{args.canary-hash}}-.*"} - a{pod=~"{{args.stable-hash}}-.*"}'
  const delta = { ...metric, name: 'delta', provider: { prometheus: { query } } }

  it('cannot be imported, and is told what does it, whatever value is given for the hash', () => {
    for (const args of [
      {},
      { 'stable-hash': '$stable', 'canary-hash': '$pool' },
      { 'stable-hash': 'blue', 'canary-hash': 'green' },
    ]) {
      expect(argo(documents(template('delta', [delta], hashes)), { args }).problems).toEqual([
        expect.stringMatching(/stable by the hash of its pods/),
      ])
    }
  })

  it('is left out beside others', () => {
    const own = { ...metric, provider: { prometheus: { query: 'a{pod=~"{{args.canary-hash}}-.*"}' } } }
    const file = documents(template('delta', [delta, own], hashes))
    const { form, notes } = argo(file, { args: { 'canary-hash': '$pool' } })
    expect(form).toMatchObject({ checks: { errors: { argo: { promql: 'a{pod=~"$pool-.*"}' } } } })
    expect(notes['left-out']).toEqual([expect.stringContaining('delta: it compares with stable')])
    expect(argo(file, {}).problems.join()).toContain("--arg canary-hash='$pool'")
  })

  it('is not helped by a word that means nothing', () => {
    expect(argo(documents(ERRORS), { args: { service: '$stable' } }).problems).toEqual([
      expect.stringContaining('there is no $stable'),
    ])
  })
})

describe('a condition that takes a list for a number', () => {
  it('is refused, because Argo ends every such measurement in Error', () => {
    const kind = { ...metric, successCondition: 'result < 0.1' }
    expect(argo(documents(template('errors', [kind])), options).problems).toEqual([
      expect.stringMatching(
        /spec\.metrics\[0\]\.successCondition: result is a list here, because the query gives series, and Argo ends every such measurement in Error: write result\[0\]/,
      ),
    ])
  })

  it('is none where the query gives one number', () => {
    const provider = { prometheus: { query: 'scalar(sum(errors))' } }
    const kind = { ...metric, successCondition: 'result < 0.1', provider }
    expect(argo(documents(template('errors', [kind])), options).problems).toEqual([])
  })
})

describe('lengths beyond what a plan can name', () => {
  it('are refused', () => {
    expect(argo(documents(template('errors', [{ ...metric, interval: '100000h' }])), options).problems).toEqual([
      expect.stringMatching(/spec\.metrics\[0\]\.interval: this is too long[^]*at most 90d/),
    ])
  })
})

describe('a Helm template', () => {
  it.each([
    '{{- if .Values.on }}',
    '{{ include "a" . }}',
    'a: {{ .Release.Name }}',
    '{{`{{args.x}}`}}',
    '{{/* words */}}',
    '{{ end }}',
  ])('is known by what it holds: %s', (text) => {
    expect(helmMarkIn(`a: 1\n${text}`)).toBe(`a: 1\n${text}`.indexOf('{{'))
  })

  it.each([
    '{{args.service}}',
    '{{ args.stable-hash }}',
    '{a: {b: 1}}',
    '{{templates.canary.podTemplateHash}}',
    '{{ args.default }}',
  ])('is not what Argo writes: %s', (text) => {
    expect(helmMarkIn(text)).toBeNull()
  })
})

describe('an AnalysisRun', () => {
  const run = {
    ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', metadata: { name: 'shop-1-2', uid: 'a' } },
    spec: {
      args: [{ name: 'service', value: 'shop' }],
      metrics: [metric],
      dryRun: [{ metricName: 'err.*' }],
      terminate: true,
    },
    status: { phase: 'Successful' },
  }

  it('is a template that somebody has filled in, and what it once measured counts for nothing', () => {
    const { form, notes, problems } = argo(documents(run))
    expect(problems).toEqual([])
    expect(form).toMatchObject({
      checks: { errors: { argo: { promql: 'sum(rate(errors{job="shop"}[2m]))' }, onFail: 'warn' } },
    })
    expect(notes['not-needed'].map((note) => note.split(': ')[1])).toEqual(['metadata.uid', 'spec.terminate', 'status'])
  })

  it('beside a Rollout is told of, because nothing names it', () => {
    const steps = [{ setWeight: 5 }]
    const rollout = { ...run, kind: 'Rollout', status: undefined, spec: { strategy: { canary: { steps } } } }
    expect(argo(documents(rollout, run)).notes['not-needed'].join()).toContain('does not name')
  })
})
