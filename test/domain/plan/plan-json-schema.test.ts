import { describe, expect, it } from 'vitest'
import { CHECK_KINDS } from '../../../src/analysis/checks/index.ts'
import { planJsonSchema } from '../../../src/domain/plan/plan-json-schema.ts'
import { STEP_KINDS } from '../../../src/domain/plan/steps/index.ts'

type Schema = { [key: string]: Schema } & { type?: string; anyOf?: Schema[]; required?: string[]; default?: unknown }

const schema = planJsonSchema(STEP_KINDS, CHECK_KINDS) as unknown as Schema

describe('the JSON Schema of plans', () => {
  it('is a closed object in which service and environment must be, and steps or a template', () => {
    expect(schema).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: ['service', 'environment'],
      anyOf: [{ required: ['steps'] }, { required: ['extends'] }],
    })
  })

  it('has one branch per step kind and per check kind, each with its sentence', () => {
    const steps = schema['properties']?.['steps']?.['items']?.anyOf ?? []
    const checks = schema['properties']?.['checks']?.['additionalProperties']?.anyOf ?? []
    expect(steps.map(({ required }) => required)).toEqual(STEP_KINDS.map(({ kind }) => [kind]))
    expect(checks.map(({ required }) => required)).toEqual(CHECK_KINDS.map(({ kind }) => [kind]))
    expect([...steps, ...checks].map(({ description }) => description)).toEqual(
      [...STEP_KINDS, ...CHECK_KINDS].map(({ summary }) => summary),
    )
  })

  it('describes what is written, never what it is read as', () => {
    expect(schema['properties']?.['confidence']).toMatchObject({ type: 'string', examples: ['99%', '99.9%'] })
    expect(schema['properties']?.['confidence']).not.toHaveProperty('default')
    expect(schema['properties']?.['onInconclusive']).not.toHaveProperty('default')
  })

  it('knows the shape of the small texts', () => {
    const weight = schema['properties']?.['steps']?.['items']?.anyOf?.[0]?.['properties']?.['weight']
    expect(weight).toMatchObject({ type: 'string', pattern: expect.stringContaining('%') })
  })
})
