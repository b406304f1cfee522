import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { canaryConfigSchema } from '../src/analysis/kayenta/canary-config.ts'
import { OPERATIONS } from '../src/api/operations.ts'
import { ADAPTERS, CHECK_KINDS } from '../src/catalog.ts'
import { environmentSchema } from '../src/config/environment.ts'
import { installationSchema } from '../src/config/installation-schema.ts'
import { isRecord } from '../src/domain/json.ts'
import { pipelineForm } from '../src/domain/pipeline/pipeline-form.ts'
import { checkAsides } from '../src/domain/plan/check-asides.ts'
import { planHead } from '../src/domain/plan/plan.ts'
import { issueTexts, reportIssues } from '../src/domain/plan/plan-issues.ts'
import { type JsonShape, shapeOf } from '../src/domain/plan/schema-shapes.ts'
import { STEP_KINDS } from '../src/domain/plan/steps/index.ts'
import type { Problem } from '../src/domain/problems.ts'
import { templateSchema } from '../src/domain/template/template.ts'
import { metricSchema } from '../src/vendors/flagger/metric-check.ts'

/** Whatever a person, or a program, hands in. */
const SCHEMAS: readonly (readonly [string, z.ZodType])[] = [
  ...Object.entries({ planHead, checkAsides, pipelineForm, templateSchema, installationSchema, environmentSchema }),
  ...Object.entries({ canaryConfigSchema, metricSchema }),
  ...STEP_KINDS.map(({ kind, schema }) => [`step ${kind}`, schema] as const),
  ...CHECK_KINDS.map(({ kind, schema }) => [`check ${kind}`, schema] as const),
  ...[...ADAPTERS.routers, ...ADAPTERS.metricSources, ...ADAPTERS.flagStores].map(
    ({ kind, options }) => [`options of ${kind}`, options] as const,
  ),
  ...Object.entries(OPERATIONS).flatMap(([name, { schema }]: readonly [string, { schema: object }]) =>
    Object.entries(schema).flatMap(([part, one]) =>
      ['body', 'params', 'querystring'].includes(part) ? [[`${part} of ${name}`, one as z.ZodType] as const] : [],
    ),
  ),
]

const ZODS_WORDS =
  /Invalid|Too (?:big|small)|Unrecognized|received|\[object|>=|<=|to have|\bexpected:? (?:string|number|int|array|object|boolean|record|undefined|tuple|never)\b|undefined|NaN/

const JUNK = fc.oneof(
  fc.constantFrom<unknown>('', 'x', '-', '5%', '10m', 'https://', 'a'.repeat(5_000), 0, -1, 1.5, 1e308, 9_999_999),
  fc.constantFrom<unknown>(true, null, [], {}, [[]], { key: 1 }, ['a', 'a'], [1, 'b']),
)

/** Values that have what the schema asks for here and there, and anything else elsewhere. */
function nearly(shape: unknown, depth = 5): fc.Arbitrary<unknown> {
  if (!isRecord(shape) || depth === 0) return JUNK
  const {
    anyOf = [],
    oneOf = [],
    allOf = [],
    properties,
    items,
    additionalProperties,
    prefixItems,
  } = shape as JsonShape
  const forms = [...anyOf, ...oneOf, ...allOf].map((one) => nearly(one, depth - 1))
  const inner = Array.isArray(prefixItems) ? prefixItems[0] : items
  const constants = [...(shape['enum'] === undefined ? [] : (shape['enum'] as unknown[])), shape['const']]
  const good = constants.filter((one) => one !== undefined)
  return fc.oneof(
    JUNK,
    ...(good.length > 0 ? [fc.constantFrom(...good)] : []),
    ...forms.map((arbitrary) => ({ arbitrary, weight: 2 })),
    ...(inner === undefined ? [] : [{ arbitrary: fc.array(nearly(inner, depth - 1), { maxLength: 3 }), weight: 4 }]),
    ...(isRecord(additionalProperties)
      ? [
          {
            arbitrary: fc.dictionary(fc.constantFrom('a', 'B b', ''), nearly(additionalProperties, depth - 1)),
            weight: 4,
          },
        ]
      : []),
    ...(properties === undefined ? [] : [{ arbitrary: nearlyWith(properties, depth), weight: 8 }]),
  )
}

function nearlyWith(properties: NonNullable<JsonShape['properties']>, depth: number): fc.Arbitrary<unknown> {
  const inner = Object.entries(properties).map(([key, one]) => [key, nearly(one, depth - 1)] as const)
  const known = fc.record(Object.fromEntries(inner), { requiredKeys: [] })
  return fc.tuple(known, fc.boolean()).map(([some, isStrange]) => (isStrange ? { ...some, strange: 1 } : some))
}

describe('what is said of a value that a schema refuses', () => {
  it.each(SCHEMAS)('has no word of zod in it: %s', (_, schema) => {
    fc.assert(
      fc.property(nearly(shapeOf(schema)), (value) => {
        const parsed = schema.safeParse(value)
        if (parsed.success) return
        const problems: Problem[] = []
        reportIssues(parsed.error.issues, [], value, (problem) => problems.push(problem), schema)
        expect(problems.length).toBeGreaterThan(0)
        for (const { rule, message, expected = '', fix = '' } of problems) {
          expect(`${message} expected ${expected}, fix: ${fix}`).not.toMatch(ZODS_WORDS)
          expect(rule === 'unknown-key' || expected.length > 1).toBe(true)
          expect(fix).not.toBe('')
        }
        for (const text of issueTexts(parsed.error.issues, value, 'the whole', { isSecret: true }))
          expect(text).not.toMatch(ZODS_WORDS)
      }),
      { numRuns: 100 },
    )
  })
})
