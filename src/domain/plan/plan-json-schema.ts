import { z } from 'zod'
import { checkAsides } from './check-asides.ts'
import type { CheckForm } from './check-form.ts'
import { MOST_STEPS, planHead } from './plan.ts'
import type { StepKind } from './steps/step-kind.ts'

/** The JSON Schema (draft 2020-12) of the plans people write, for editors; made from the schemas that read them. */
export function planJsonSchema(stepKinds: readonly StepKind[], checkKinds: readonly CheckForm[]): object {
  const steps = z.array(z.union(stepKinds.map(({ kind, schema, summary }) => entry(kind, schema, summary))))
  const check = z.union(checkKinds.map(({ kind, schema, summary }) => entry(kind, schema, summary, checkAsides.shape)))
  const plan = planHead.extend({
    steps: steps.min(1).max(MOST_STEPS).optional(),
    checks: z.record(z.string(), check).optional(),
  })
  const schema = z.toJSONSchema(plan, { io: 'input', unrepresentable: 'any', override: dropParsedDefault })
  // A template may bring the steps.
  const whole = { anyOf: [{ required: ['steps'] }, { required: ['extends'] }] }
  return { $id: 'https://sluice.dev/schema/plan.schema.json', title: 'Sluice release plan', ...schema, ...whole }
}

function entry(kind: string, schema: z.ZodType, description: string, more: z.core.$ZodLooseShape = {}) {
  return z.strictObject({ [kind]: schema, ...more }).meta({ description })
}

/** A default is a parsed value (0.99), while the schema describes what is written (99%): leave it out. */
export function dropParsedDefault({ jsonSchema }: { jsonSchema: { default?: unknown; type?: unknown } }): void {
  if (jsonSchema.type === 'string' || typeof jsonSchema.default === 'object') delete jsonSchema.default
}
