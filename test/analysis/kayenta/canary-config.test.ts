import { describe, expect, it } from 'vitest'
import { parseCanaryConfig } from '../../../src/analysis/kayenta/canary-config.ts'

const metric = {
  name: 'errors',
  query: {
    type: 'prometheus',
    metricName: 'errors',
    labelBindings: [],
    customInlineTemplate: 'PromQL:sum(rate(x[1m]))',
  },
  groups: ['Errors'],
  analysisConfigurations: { canary: { direction: 'increase' } },
  scopeName: 'default',
}
const config = {
  name: 'golden signals',
  description: 'as exported',
  configVersion: '1',
  applications: ['ad-hoc'],
  createdTimestamp: 1_569_534_009_252,
  judge: { name: 'NetflixACAJudge-v1.0', judgeConfigurations: {} },
  metrics: [metric],
  templates: {},
  classifier: { groupWeights: { Errors: 100 } },
}
const withCanary = (canary: unknown): unknown => ({
  ...config,
  metrics: [{ ...metric, analysisConfigurations: { canary } }],
})

describe('a Kayenta canary config', () => {
  it('is read with the defaults of the judge', () => {
    expect(parseCanaryConfig(config)).toEqual({
      ok: true,
      config: {
        name: 'golden signals',
        groupWeights: { Errors: 100 },
        metrics: [
          {
            name: 'errors',
            groups: ['Errors'],
            muted: false,
            rules: {
              direction: 'increase',
              nanStrategy: 'remove',
              mustHaveData: false,
              critical: false,
              effect: {
                measure: 'meanRatio',
                allowedIncrease: 1,
                allowedDecrease: 1,
                criticalIncrease: 1,
                criticalDecrease: 1,
              },
              outlierFactor: null,
            },
          },
        ],
      },
    })
  })

  it('has other neutral thresholds for the common-language effect, and removes outliers at 3 ranges', () => {
    const parsed = parseCanaryConfig(
      withCanary({
        effectSize: { measure: 'cles', allowedIncrease: 0.8 },
        outliers: { strategy: 'remove' },
        nanStrategy: 'replace',
      }),
    )
    expect(parsed).toMatchObject({
      ok: true,
      config: {
        metrics: [
          {
            rules: {
              nanStrategy: 'replace',
              outlierFactor: 3,
              effect: { measure: 'cles', allowedIncrease: 0.8, allowedDecrease: 0.5, criticalIncrease: 0.5 },
            },
          },
        ],
      },
    })
  })

  it.each([
    ['an unknown direction', withCanary({ direction: 'up' }), 'direction'],
    ['an unknown strategy', withCanary({ nanStrategy: 'drop' }), 'nanStrategy'],
    ['a misspelt key', withCanary({ mustHavedata: true }), 'mustHavedata'],
    ['a flag as text', withCanary({ critical: 'true' }), 'critical'],
    ['a number as text', withCanary({ effectSize: { allowedIncrease: '1.1' } }), 'allowedIncrease'],
    ['another judge', { ...config, judge: { name: 'dredd-v1.0' } }, 'judge.name'],
    [
      'a setting of the judge that has no effect',
      { ...config, judge: { ...config.judge, judgeConfigurations: { tolerance: 0.1 } } },
      'tolerance',
    ],
    ['no metric', { ...config, metrics: [] }, 'metrics'],
    ['two metrics of one name', { ...config, metrics: [metric, metric] }, "a second metric is called 'errors'"],
    ['a metric without a group', { ...config, metrics: [{ ...metric, groups: [] }] }, 'groups'],
    ['weights that are not 100', { ...config, classifier: { groupWeights: { Errors: 90 } } }, 'add up to 100'],
    [
      'a weight for nobody',
      { ...config, classifier: { groupWeights: { Errors: 50, Latency: 50 } } },
      "group 'Latency'",
    ],
    ['nothing', null, 'config'],
  ])('is refused with %s', (_name, value, word) => {
    expect(parseCanaryConfig(value)).toEqual({
      ok: false,
      problems: expect.arrayContaining([expect.stringContaining(word)]),
    })
  })

  it('names all problems at once', () => {
    const parsed = parseCanaryConfig({
      ...config,
      extra: 1,
      judge: { name: 'x' },
      metrics: [{ ...metric, groups: 'Errors' }],
    })
    expect(parsed).toMatchObject({ ok: false, problems: { length: 3 } })
  })
})
