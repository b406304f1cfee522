import { describe, expect, it } from 'vitest'
import { parseGoDuration, parseIntOrString } from '../../../src/analysis/argo/go-values.ts'
import { importTemplate } from '../../../src/analysis/argo/import-template.ts'

const metric = {
  name: 'success-rate',
  interval: '5m',
  successCondition: 'result[0] >= 0.95',
  failureLimit: 3,
  provider: { prometheus: { address: 'http://prometheus:9090', query: 'rate{service="{{args.service}}"}' } },
}
const template = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name: 'success-rate' },
  spec: { args: [{ name: 'service' }], metrics: [metric] },
}
const options = { source: 'prometheus', args: { service: 'checkout' } }
const withMetric = (own: object): unknown => ({
  ...template,
  spec: { ...template.spec, metrics: [{ ...metric, ...own }] },
})

describe('importing an AnalysisTemplate', () => {
  it("fills in Argo's defaults and the arguments, and says what it leaves out", () => {
    expect(importTemplate(template, options)).toEqual({
      ok: true,
      leftOut: [],
      notes: ["spec.metrics.0.provider.prometheus.address: the metric source's own setting is used"],
      checks: [
        {
          kind: 'argo',
          name: 'success-rate',
          source: 'prometheus',
          query: 'rate{service="checkout"}',
          successCondition: 'result[0] >= 0.95',
          failureCondition: null,
          interval: 300_000,
          initialDelay: 0,
          count: null,
          failureLimit: 3,
          inconclusiveLimit: 0,
          consecutiveErrorLimit: 4,
          consecutiveSuccessLimit: 0,
        },
      ],
    })
  })

  it('takes numbers as text, default values of arguments, and arguments anywhere', () => {
    const spec = {
      args: [
        { name: 'service', value: 'cart' },
        { name: 'limit', value: '2' },
        { name: 'least', value: '0.9' },
      ],
      metrics: [
        {
          ...metric,
          count: '5',
          failureLimit: '{{ args.limit }}',
          successCondition: 'result[0] >= {{args.least}}',
          initialDelay: '1h30m',
        },
      ],
    }
    expect(importTemplate({ spec }, { source: 'prometheus' })).toMatchObject({
      ok: true,
      checks: [
        {
          count: 5,
          failureLimit: 2,
          successCondition: 'result[0] >= 0.9',
          initialDelay: 5_400_000,
          query: 'rate{service="cart"}',
        },
      ],
    })
  })

  it('leaves dry-run metrics out, because they never decide', () => {
    const spec = {
      ...template.spec,
      metrics: [metric, { ...metric, name: 'latency' }],
      dryRun: [{ metricName: 'lat.*' }],
    }
    const imported = importTemplate({ spec }, options)
    expect(imported).toMatchObject({ ok: true, checks: [{ name: 'success-rate' }] })
    expect(imported).toMatchObject({
      notes: expect.arrayContaining(["metric 'latency' is dry-run: it never decides and is left out"]),
    })
  })

  describe('of which some metrics cannot be imported', () => {
    const web = { ...metric, name: 'web', provider: { web: { url: 'https://{{ args.host }}' } } }
    const range = { ...metric, name: 'range', provider: { prometheus: { query: 'x', rangeQuery: { step: '1m' } } } }
    const withAll = (own: object, ...metrics: object[]): unknown => ({ spec: { ...template.spec, metrics, ...own } })

    it('takes the others, and says which are lost and why', () => {
      expect(importTemplate(withAll({}, web, metric, range), options)).toMatchObject({
        ok: true,
        checks: [{ name: 'success-rate' }],
        leftOut: ['web: only prometheus can be imported, not web', 'range: range queries cannot be imported'],
      })
    })

    it('needs no value for an argument that only they use', () => {
      const args = [{ name: 'service' }, { name: 'host', valueFrom: { secretKeyRef: {} } }]
      expect(importTemplate(withAll({ args }, web, metric), options)).toMatchObject({ ok: true })
      const both = { ...metric, failureCondition: 'result[0] > {{args.host}}' }
      expect(importTemplate(withAll({ args }, web, both), options)).toMatchObject({
        ok: false,
        problems: expect.arrayContaining(["spec.args.1: the argument 'host' has no value"]),
      })
    })

    it('is not lenient with the others', () => {
      expect(importTemplate(withAll({}, web, { ...metric, failureLimit: 'three' }), options)).toMatchObject({
        ok: false,
        problems: [expect.stringContaining('spec.metrics.1.failureLimit')],
      })
    })

    it('loses nothing with a dry-run metric, but is refused when only those would stay', () => {
      const dryRun = [{ metricName: 'web' }]
      expect(importTemplate(withAll({ dryRun }, web, metric), options)).toMatchObject({ ok: true, leftOut: [] })
      const dryMetric = [{ metricName: 'success-rate' }]
      expect(importTemplate(withAll({ dryRun: dryMetric }, web, metric), options)).toMatchObject({
        ok: false,
        problems: ['web: only prometheus can be imported, not web'],
      })
    })
  })

  it.each([
    ['another provider', { provider: { datadog: {} } }, 'not datadog'],
    ['two providers', { provider: { prometheus: metric.provider.prometheus, web: {} } }, 'exactly one provider'],
    ['no provider', { provider: {} }, 'exactly one provider'],
    ['a range query', { provider: { prometheus: { query: 'x', rangeQuery: {} } } }, 'range queries'],
    ['an unknown key', { failurelimit: 3 }, 'failurelimit'],
    ['a number that is none', { failureLimit: 'three' }, 'failureLimit'],
    ['half a number', { count: 1.5 }, 'count'],
    ['a limit below its least', { inconclusiveLimit: -1 }, 'at least 0'],
    ['a duration that is none', { interval: '5 minutes' }, 'duration'],
    ['a negative duration', { initialDelay: '-5m' }, 'duration'],
    ['both ways to fail switched off', { failureLimit: -1 }, 'both be switched off'],
    ['a count below the failures it allows', { count: 2 }, 'count 2 must be at least failureLimit 3'],
    ['a count below its inconclusive limit', { count: 4, inconclusiveLimit: 5 }, 'inconclusiveLimit 5'],
    ['a count without an interval', { count: 5, interval: undefined }, 'needs an interval'],
    ['a condition with a spelling mistake', { successCondition: 'resluts[0] > 1' }, 'resluts'],
    ['a condition without a form here', { failureCondition: 'result matches "a"' }, 'matches'],
    ['an argument nobody declared', { successCondition: 'result[0] > {{args.other}}' }, 'args.other'],
    ['a placeholder that is no argument', { provider: { prometheus: { query: '{{ templates.x }}' } } }, 'templates.x'],
  ])('refuses %s', (_name, own, word) => {
    expect(importTemplate(withMetric(own), options)).toEqual({
      ok: false,
      problems: expect.arrayContaining([expect.stringContaining(word)]),
    })
  })

  it.each([
    ['no metric', { spec: { metrics: [] } }, 'metrics'],
    ['two metrics of one name', { spec: { ...template.spec, metrics: [metric, metric] } }, "called 'success-rate'"],
    [
      'an argument without a value',
      { spec: { ...template.spec, args: [{ name: 'service' }, { name: 'unused' }] } },
      "'unused' has no value",
    ],
    ['a dry-run rule that matches nothing', { spec: { ...template.spec, dryRun: [{ metricName: '*' }] } }, 'dryRun'],
    ['something else', 'text', 'template'],
  ])('refuses %s', (_name, value, word) => {
    expect(importTemplate(value, options)).toEqual({
      ok: false,
      problems: expect.arrayContaining([expect.stringContaining(word)]),
    })
  })

  it('names all problems at once', () => {
    const imported = importTemplate(withMetric({ interval: 'x', failureLimit: 'y', successCondition: 'z' }), {
      source: 'prometheus',
    })
    expect(imported).toMatchObject({ ok: false, problems: { length: 5 } })
  })
})

describe("Go's values", () => {
  it.each([
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1.5m', 90_000],
    ['500ms', 500],
    ['.5s', 500],
    ['1500us', 2],
    ['0', 0],
    ['', null],
    ['5', null],
    ['5d', null],
    ['-1m', null],
  ])('duration %s', (text, value) => {
    expect(parseGoDuration(text)).toBe(value)
  })

  it.each([
    [3, 3],
    ['3', 3],
    ['-1', -1],
    ['3.0', null],
    [1.5, null],
    ['', null],
    [Number.NaN, null],
    ['99999999999', null],
  ])('IntOrString %s', (value, number) => {
    expect(parseIntOrString(value)).toBe(number)
  })
})
