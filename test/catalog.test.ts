import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { CHECK_KINDS } from '../src/catalog.ts'
import { planJsonSchema } from '../src/domain/plan/plan-json-schema.ts'
import { STEP_KINDS } from '../src/domain/plan/steps/index.ts'
import { readYaml } from '../src/domain/yaml/yaml-text.ts'

const FOLDER = fileURLToPath(new URL('../examples/', import.meta.url))
const PLANS = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml') && file !== 'sluice.yaml')

function valueOf(file: string): unknown {
  const read = readYaml(readFileSync(`${FOLDER}${file}`, 'utf8'), file)
  return 'yaml' in read ? read.yaml.value : read.problems
}

const validate = new Ajv2020({ strict: false }).compile(planJsonSchema(STEP_KINDS, CHECK_KINDS))

describe('the check kinds', () => {
  it('have a name each, and those of other projects’ judges are among them', () => {
    const names = CHECK_KINDS.map(({ kind }) => kind)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(expect.arrayContaining(['errorRate', 'kayenta', 'argo']))
  })
})

describe('the JSON Schema of plans, with every check kind', () => {
  it.each(PLANS)('takes examples/%s', (file) => {
    expect(validate(valueOf(file)) ? null : validate.errors).toBeNull()
  })

  it.each([
    ['a canary config with a key that Kayenta has not', { kayenta: { config: { metric: [] }, queries: {} } }],
    ['a kayenta check without a config', { kayenta: { queries: {} } }],
    ['an argo check without a query', { argo: { successCondition: 'true' } }],
    ['an argo limit that is text', { argo: { promql: 'up', failureLimit: '3' } }],
  ])('refuses %s', (_what, check) => {
    const plan = { service: 'a', environment: 'b', steps: [{ weight: '100%' }], checks: { one: check } }
    expect(validate(plan)).toBe(false)
  })
})
