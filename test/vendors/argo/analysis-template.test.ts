import { describe, expect, it } from 'vitest'
import { parseGoDuration, parseIntOrString } from '../../../src/vendors/go-values.ts'
import { argo, documents } from '../imported.ts'

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
const options = { args: { service: 'checkout' } }
const withMetric = (own: object): unknown => ({
  ...template,
  spec: { ...template.spec, metrics: [{ ...metric, ...own }] },
})
const checked = (value: unknown, given: Parameters<typeof argo>[1] = options) => argo(documents(value), given)

describe('importing an AnalysisTemplate', () => {
  it('gives a check with what is not a default, and says what became of the rest', () => {
    const { form, notes, problems } = checked(template)
    expect(problems).toEqual([])
    expect(form).toEqual({
      checks: {
        'success-rate': {
          argo: {
            ...{ source: 'prometheus', promql: 'rate{service="checkout"}', successCondition: 'result[0] >= 0.95' },
            ...{ interval: '5m', failureLimit: 3 },
          },
        },
      },
    })
    expect(notes.differs).toEqual([
      expect.stringContaining("spec.metrics[0].provider.prometheus.address: the metric source's own setting"),
      expect.stringContaining('names no pool'),
    ])
    expect(notes['left-out']).toEqual([])
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
    expect(checked({ spec }, {}).form).toMatchObject({
      checks: {
        'success-rate': {
          argo: {
            ...{ count: 5, failureLimit: 2, successCondition: 'result[0] >= 0.9', initialDelay: '90m' },
            promql: 'rate{service="cart"}',
          },
        },
      },
    })
  })

  it('lets dry-run metrics warn, because they never decide', () => {
    const metrics = [metric, { ...metric, name: 'latency' }]
    const { form } = checked({ spec: { ...template.spec, metrics, dryRun: [{ metricName: 'lat.*' }] } })
    expect(form).toMatchObject({ checks: { latency: { argo: {}, onFail: 'warn' } } })
    expect(form).not.toMatchObject({ checks: { 'success-rate': { onFail: 'warn' } } })
  })

  describe('of which some metrics cannot be imported', () => {
    const web = { ...metric, name: 'web', provider: { web: { url: 'https://{{ args.host }}' } } }
    const range = { ...metric, name: 'range', provider: { prometheus: { query: 'x', rangeQuery: { step: '1m' } } } }
    const withAll = (own: object, ...metrics: object[]): unknown => ({ spec: { ...template.spec, metrics, ...own } })

    it('takes the others, and says which are lost and why', () => {
      const { form, notes } = checked(withAll({}, web, metric, range))
      expect(Object.keys(form?.['checks'] ?? {})).toEqual(['success-rate'])
      expect(notes['left-out']).toEqual([
        expect.stringMatching(/^a\.yaml:1: web: only prometheus can be imported, not web/),
        expect.stringContaining('range: range queries cannot be imported'),
      ])
    })

    it('needs no value for an argument that only they use', () => {
      const args = [{ name: 'service' }, { name: 'host', valueFrom: { secretKeyRef: {} } }]
      expect(checked(withAll({ args }, web, metric)).problems).toEqual([])
      const both = { ...metric, failureCondition: 'result[0] > {{args.host}}' }
      expect(checked(withAll({ args }, web, both)).problems.join('\n')).toMatch(
        /the argument 'host' has no value[^]*a secret belongs to the metric source/,
      )
    })

    it('is not lenient with the others', () => {
      expect(checked(withAll({}, web, { ...metric, failureLimit: 'three' })).problems).toEqual([
        expect.stringContaining('spec.metrics[1].failureLimit'),
      ])
    })

    it('is refused when nothing of it would stay', () => {
      expect(checked(withAll({}, web)).problems).toEqual([expect.stringContaining('not web')])
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
    expect(checked(withMetric(own)).problems.join('\n')).toContain(word)
  })

  it.each([
    ['no metric', { spec: { metrics: [] } }, 'metrics'],
    ['two metrics of one name', { spec: { ...template.spec, metrics: [metric, metric] } }, "called 'success-rate'"],
    [
      'an argument without a value',
      { spec: { ...template.spec, args: [{ name: 'service' }, { name: 'unused' }] } },
      "'unused' has no value",
    ],
    [
      'a dry-run rule that matches nothing',
      { spec: { ...template.spec, dryRun: [{ metricName: '*' }] } },
      'dry-run rule',
    ],
    ['something else', 'text', 'no object of Kubernetes'],
  ])('refuses %s', (_name, value, word) => {
    expect(checked(value).problems.join('\n')).toContain(word)
  })

  it('names all problems at once', () => {
    expect(checked(withMetric({ interval: 'x', failureLimit: 'y', successCondition: 'z' }), {}).problems).toHaveLength(
      5,
    )
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
