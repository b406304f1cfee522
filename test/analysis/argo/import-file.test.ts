import { describe, expect, it } from 'vitest'
import { helmMarkIn } from '../../../src/analysis/argo/helm.ts'
import { importDocuments } from '../../../src/analysis/argo/import-file.ts'

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
const rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'shop' },
  spec: {
    strategy: { canary: { steps: [{ setWeight: 20 }, { analysis: { templates: [{ templateName: 'errors' }] } }] } },
  },
}
const options = { source: 'prometheus', args: { service: 'shop' } }
const ERRORS = template('errors', [metric])

describe('a file with several documents', () => {
  it('gives the checks of all its templates', () => {
    const latency = template('slow', [{ ...metric, name: 'latency' }])
    expect(importDocuments([ERRORS, latency], options)).toMatchObject({
      ok: true,
      checks: [{ name: 'errors' }, { name: 'latency' }],
      leftOut: [],
    })
  })

  it('leaves out a template of which nothing can be asked, and what is no template, each with a word', () => {
    expect(
      importDocuments([ERRORS, template('smoke', [job], []), { kind: 'Service', metadata: { name: 'shop' } }], options),
    ).toMatchObject({
      ok: true,
      checks: [{ name: 'errors' }],
      leftOut: ['smoke: only prometheus can be imported, not job'],
      notes: ['left out: shop is a Service, not an AnalysisTemplate'],
    })
  })

  it('names the document of each problem', () => {
    const wrong = template('slow', [{ ...metric, interval: 'soon' }])
    expect(importDocuments([ERRORS, wrong, { spec: { metrics: [] } }], options)).toEqual({
      ok: false,
      problems: [
        expect.stringContaining('slow: spec.metrics.0.interval'),
        expect.stringContaining('document 3: spec.metrics'),
      ],
    })
  })

  it('may be a list of Kubernetes', () => {
    expect(importDocuments([{ kind: 'List', items: [ERRORS, rollout] }], options)).toMatchObject({
      ok: true,
      checks: [{ name: 'errors' }],
      notes: [expect.stringContaining('shop is a Rollout')],
    })
  })

  it('is refused when no template of it can be asked', () => {
    expect(importDocuments([template('a', [job]), template('b', [job])], options)).toEqual({
      ok: false,
      problems: [
        'a: smoke: only prometheus can be imported, not job',
        'b: smoke: only prometheus can be imported, not job',
      ],
    })
  })
})

describe('a file without a template', () => {
  it('is told what it is, in one sentence', () => {
    expect(importDocuments([rollout], options)).toEqual({
      ok: false,
      problems: [
        'this is a Rollout, whose steps are not imported: write them as steps of a plan, and give the AnalysisTemplate errors',
      ],
    })
    expect(importDocuments([{ kind: 'Ingress' }], options)).toMatchObject({
      problems: ['this is an Ingress, not an AnalysisTemplate'],
    })
    expect(importDocuments(['text'], options)).toMatchObject({ problems: ['this is not an AnalysisTemplate'] })
    expect(importDocuments([], options)).toMatchObject({ problems: ['this file is empty'] })
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
      expect(importDocuments([template('delta', [delta], hashes)], { source: 'prometheus', args })).toEqual({
        ok: false,
        problems: [expect.stringMatching(/stable by the hash of its pods.*errorRate/)],
      })
    }
  })

  it('is left out beside others', () => {
    const own = { ...metric, provider: { prometheus: { query: 'a{pod=~"{{args.canary-hash}}-.*"}' } } }
    const file = [template('delta', [delta, own], hashes)]
    expect(importDocuments(file, { source: 'prometheus', args: { 'canary-hash': '$pool' } })).toMatchObject({
      ok: true,
      checks: [{ name: 'errors', query: 'a{pod=~"$pool-.*"}' }],
      leftOut: [expect.stringMatching(/^delta: it compares with stable/)],
    })
    expect(importDocuments(file, { source: 'prometheus' })).toMatchObject({
      ok: false,
      problems: expect.arrayContaining([expect.stringContaining("--arg canary-hash='$pool'")]),
    })
  })

  it('is not helped by a word that means nothing', () => {
    const args = { service: '$stable' }
    expect(importDocuments([ERRORS], { source: 'prometheus', args })).toEqual({
      ok: false,
      problems: [expect.stringContaining('there is no $stable')],
    })
  })
})

describe('a condition that takes a list for a number', () => {
  it('is imported with the sentence that it is an Error, as in Argo', () => {
    const kind = { ...metric, successCondition: 'result < 0.1' }
    expect(importDocuments([template('errors', [kind])], options)).toMatchObject({
      ok: true,
      checks: [{ successCondition: 'result < 0.1' }],
      notes: [
        'spec.metrics.0.successCondition: result is a list here, because the query gives series, and Argo ends every such measurement in Error: write result[0], or the plan will be refused',
      ],
    })
  })

  it('is none where the query gives one number', () => {
    const provider = { prometheus: { query: 'scalar(sum(errors))' } }
    const kind = { ...metric, successCondition: 'result < 0.1', provider }
    expect(importDocuments([template('errors', [kind])], options)).toMatchObject({ ok: true, notes: [] })
  })
})

describe('lengths beyond what a plan can name', () => {
  it('are refused', () => {
    expect(importDocuments([template('errors', [{ ...metric, interval: '100000h' }])], options)).toEqual({
      ok: false,
      problems: ['spec.metrics.0.interval: expected at most 90d, received "100000h"'],
    })
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
