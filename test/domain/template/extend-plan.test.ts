import { describe, expect, it } from 'vitest'
import { planHead, readPlan } from '../../../src/domain/plan/plan.ts'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import { formatProblem } from '../../../src/domain/problems.ts'
import { readTemplate } from '../../../src/domain/template/template.ts'
import { readYaml } from '../../../src/domain/yaml/yaml-text.ts'
import { planContext } from '../plan/plan-context.ts'

const TEMPLATE = `parameters:
  owners: { type: name, about: the group that approves }
  peak: { type: weight, default: 25% }
  bake: { type: duration, default: 10m }
open: [interval, checks.latency]
plan:
  interval: 10s
  steps:
    - ramp: { through: [5%, "\${peak}"], bake: "\${bake}" }
    - approve: { by: "\${owners}" }
    - weight: 100%
  checks:
    errors: { errorRate: { notWorseThan: 1.5x } }
    latency: { latency: { quantiles: [p95], notWorseThan: 1.25x } }
  onFail: rollback
`

const HEAD = 'service: checkout\nenvironment: production\nextends: careful\n'
const OWNERS = 'with: { owners: checkout-owners }\n'

function templateOf(text: string) {
  const read = readYaml(text, 'templates/careful.yaml')
  if (!('yaml' in read)) throw new Error(read.problems.map(formatProblem).join('\n'))
  const result = readTemplate('careful', read.yaml, Object.keys(planHead.shape))
  if (!('template' in result)) throw new Error(result.problems.map(formatProblem).join('\n'))
  return result.template
}

const contextWith = (template: string) => ({ ...planContext(), templates: { careful: templateOf(template) } })

const read = (text: string, template = TEMPLATE) => readPlanText(text, 'plan.yaml', contextWith(template))

function planOf(text: string, template?: string) {
  const result = read(text, template)
  if ('plan' in result) return result
  throw new Error(result.problems.map(formatProblem).join('\n'))
}

function placesOf(text: string, template?: string): readonly string[] {
  const result = read(text, template)
  if ('plan' in result) return []
  return result.problems.map(({ file, line, column, rule }) => `${file}:${line}:${column} ${rule}`)
}

describe('a plan that extends a template', () => {
  it('is the plan that would have been written out', () => {
    const { plan } = planOf(`${HEAD}with: { owners: checkout-owners, bake: 20m }\n`)
    const { template, ...rest } = plan
    const out = TEMPLATE.slice(TEMPLATE.indexOf('plan:\n') + 6)
      .replaceAll('"${peak}"', '25%')
      .replaceAll('"${bake}"', '20m')
      .replaceAll('"${owners}"', 'checkout-owners')
      .replace(/^ {2}/gm, '')
    expect(template).toBe('careful')
    expect(rest).toEqual(planOf(`service: checkout\nenvironment: production\n${out}`).plan)
  })

  it('adds what the template does not say, and writes anew what it leaves open', () => {
    const { plan, written } = planOf(
      `${HEAD}${OWNERS}warmUp: 30s\ninterval: 5s\nchecks:\n  orders: { errorRate: { max: 3% } }\n  latency: { latency: { quantiles: [p50], notWorseThan: 2x } }\n`,
    )
    expect(plan.interval).toBe(5_000)
    expect(plan.checks.map(({ name }) => name)).toEqual(['errors', 'latency', 'orders'])
    expect(written).toMatchObject({ warmUp: '30s', checks: { latency: { latency: { quantiles: ['p50'] } } } })
    expect(written).not.toHaveProperty('extends')
  })

  it('may bring the steps where the template has none', () => {
    const open = 'plan:\n  checks:\n    errors: { errorRate: { notWorseThan: 1.5x } }\n'
    const { plan } = planOf(`${HEAD}steps:\n  - weight: 50%\n  - bake: 5m\n  - weight: 100%\n`, open)
    expect(plan.checks.map(({ name }) => name)).toEqual(['errors'])
  })

  it.each([
    ['a key that the template says', `${HEAD}${OWNERS}onFail: pause\n`, ['plan.yaml:5:9 closed-by-template']],
    ['steps of its own', `${HEAD}${OWNERS}steps: [{ weight: 100% }]\n`, ['plan.yaml:5:8 closed-by-template']],
    [
      'a check that the template says',
      `${HEAD}${OWNERS}checks:\n  errors: { errorRate: { max: 90% } }\n`,
      ['plan.yaml:6:11 closed-by-template'],
    ],
    ['a parameter that is not given', HEAD, ['plan.yaml:1:1 missing-parameter']],
    [
      'a parameter of the wrong type, and one that does not exist',
      `${HEAD}with: { owners: checkout-owners, bake: soon, baek: 1m }\n`,
      ['plan.yaml:4:40 value', 'plan.yaml:4:46 unknown-key'],
    ],
    [
      'a parameter that does not fit the plan',
      `${HEAD}with:\n  owners: nobody-at-all\n  peak: 3%\n`,
      ['plan.yaml:5:11 unknown-group', 'plan.yaml:6:9 weight-not-rising'],
    ],
    ['a list as parameters', `${HEAD}with: [a]\n`, ['plan.yaml:4:7 missing-parameter', 'plan.yaml:4:7 value']],
    ['a template that does not exist', HEAD.replace('careful', 'carefull'), ['plan.yaml:3:10 unknown-template']],
    [
      'parameters without a template',
      'service: checkout\nenvironment: production\nwith: { a: 1 }\nsteps: [{ weight: 100% }]\n',
      ['plan.yaml:3:7 unused-option'],
    ],
  ])('is refused for %s, at the line of the plan', (_, text, places) => {
    expect([...placesOf(text)].sort()).toEqual([...places].sort())
  })

  it('is refused at the line of the template for what is wrong there', () => {
    const wrong = TEMPLATE.replace('by: "${owners}"', 'by: nobody-at-all')
      .replace('  owners: { type: name, about: the group that approves }\n', '')
      .replace('default: 25%', 'default: 3%')
    const result = read(HEAD, wrong)
    expect('problems' in result ? result.problems.map(formatProblem).join('\n') : '').toMatchInlineSnapshot(`
      "templates/careful.yaml:2:34: this weight is lower than the one before it (from the template careful)
        seen:     3%
        expected: more than 5%
        fix:      let weights rise from step to step; only a rollback lowers them
      templates/careful.yaml:9:22: nobody could approve: there is no such group (from the template careful)
        seen:     nobody-at-all
        expected: a group from sluice.yaml
        fix:      use a group from sluice.yaml, or ask an administrator to add this one"
    `)
  })

  it('is refused with all that is wrong in both files', () => {
    const wrong = TEMPLATE.replace('notWorseThan: 1.25x', 'notWorseThan: 0.5x')
    expect(placesOf(`${HEAD}${OWNERS}onfail: pause\nonFail: pause\n`, wrong)).toEqual([
      'plan.yaml:5:1 unknown-key',
      'plan.yaml:6:9 closed-by-template',
      'templates/careful.yaml:14:59 tolerance-below-one',
    ])
  })

  it('keeps its place in the template when it is read as JSON', () => {
    const wrong = TEMPLATE.replace('notWorseThan: 1.25x', 'notWorseThan: 0.5x')
    const plan = {
      service: 'checkout',
      environment: 'production',
      extends: 'careful',
      with: { owners: 'checkout-owners' },
    }
    expect(readPlan(plan, contextWith(wrong))).toMatchObject({
      problems: [{ path: ['checks', 'latency', 'latency', 'notWorseThan'], place: { line: 14, column: 59 } }],
    })
  })
})

describe('readTemplate', () => {
  const problemsOf = (text: string) => {
    const yaml = readYaml(text, 'careful.yaml')
    const result = 'yaml' in yaml ? readTemplate('careful', yaml.yaml, Object.keys(planHead.shape)) : yaml
    return 'problems' in result ? result.problems.map(({ line, column, rule }) => `${line}:${column} ${rule}`) : []
  }

  it.each([
    ['nothing wrong', TEMPLATE, []],
    ['an unknown key', 'plam: {}\nplan: {}\n', ['1:1 unknown-key']],
    ['no plan', 'parameters: {}\n', ['1:1 value']],
    ['a target', 'plan: { service: checkout }\n', ['1:9 unknown-key']],
    ['a key that no plan has', 'plan: { stepps: [] }\n', ['1:9 unknown-key']],
    ['a type that does not exist', 'parameters: { a: { type: number } }\nplan: { interval: "${a}" }\n', ['1:26 value']],
    [
      'a default of another type',
      'parameters: { a: { type: weight, default: 5 } }\nplan: { interval: "${a}" }\n',
      ['1:43 value'],
    ],
    ['a parameter that stands nowhere', 'parameters: { a: { type: name } }\nplan: {}\n', ['1:18 unused-parameter']],
    ['a place without a parameter', 'plan: { interval: "${a}" }\n', ['1:19 unknown-parameter']],
    [
      'a parameter within a text',
      'parameters: { a: { type: name } }\nplan: { windows: { only: "${a}", freeze: "x ${a}" } }\n',
      ['2:42 parameter-in-text'],
    ],
    ['something open that it does not say', 'open: [steps]\nplan: { interval: 10s }\n', ['1:8 open-key']],
  ])('finds %s', (_, text, places) => {
    expect(problemsOf(text)).toEqual(places)
  })
})
