import { z } from 'zod'
import { isRecord } from '../json.ts'
import { reportIssues } from '../plan/plan-issues.ts'
import { confidenceText, durationText, nameText, ratioText, shareText, weightText } from '../plan/plan-values.ts'
import { createProblemList, type LocatedProblem, type Problem, type ProblemPath, showValue } from '../problems.ts'
import type { YamlText } from '../yaml/yaml-text.ts'

/** What a parameter may stand for: a value of a plan, or a list of them. */
const PARAMETER_TYPES = {
  weight: weightText,
  weights: z.array(weightText).min(1).max(100),
  duration: durationText,
  share: shareText,
  ratio: ratioText,
  confidence: confidenceText,
  count: z.int().min(0).max(1e9),
  name: nameText,
  names: z.array(nameText).min(1).max(50),
  text: z.string().min(1).max(10_000),
} as const

const PARAMETER_KINDS = Object.keys(PARAMETER_TYPES) as [ParameterType, ...ParameterType[]]
type ParameterType = keyof typeof PARAMETER_TYPES

const parameterSchema = z.strictObject({
  type: z.enum(PARAMETER_KINDS).describe('what may stand for it'),
  default: z.unknown().optional().describe('what stands for it where a plan says nothing'),
  about: z.string().min(1).max(300).optional().describe('what it is, for who writes plans'),
})

/** A template as it may be written. */
export const templateSchema = z.strictObject({
  parameters: z
    .record(nameText, parameterSchema)
    .default({})
    .describe('what plans fill in, by the name that stands as `${name}` in `plan`'),
  open: z
    .array(z.string().min(1).max(200))
    .max(100)
    .default([])
    .describe('what of `plan` a plan may write anew: a key such as `interval`, or one check as `checks.orders`'),
  plan: z
    .custom<Readonly<Record<string, unknown>>>(isRecord, { error: 'expected the parts of a plan' })
    .meta({ type: 'object' })
    .describe('the plan, without service and environment'),
})

type Parameter = z.infer<typeof parameterSchema>

/** A template that makes sense by itself. */
export interface PlanTemplate {
  readonly name: string
  readonly parameters: Readonly<Record<string, Parameter>>
  readonly open: readonly string[]
  readonly plan: Readonly<Record<string, unknown>>
  /** Adds to a problem its place in the template's file. */
  readonly locate: (problem: Problem) => LocatedProblem
}

/**
 * Reads a template. `planKeys` are those of a plan. What only a target can tell is said when a plan extends it, at the
 * place in this file.
 */
export function readTemplate(
  name: string,
  { value, locate }: YamlText,
  planKeys: readonly string[],
): { readonly template: PlanTemplate } | { readonly problems: readonly LocatedProblem[] } {
  const { report, problems } = createProblemList()
  const parsed = templateSchema.safeParse(value)
  if (!parsed.success) {
    reportIssues(parsed.error.issues, [], value, report, templateSchema)
    return { problems: problems().map(locate) }
  }
  const { parameters, open, plan } = parsed.data
  checkKeys(plan, planKeys, report)
  checkDefaults(parameters, report)
  checkSlots(parameters, plan, report)
  checkOpen(open, plan, report)
  const found = problems()
  return found.length > 0 ? { problems: found.map(locate) } : { template: { name, parameters, open, plan, locate } }
}

/** What is wrong with a value for a parameter of this type; nothing when it fits. */
export function reportUnfit(
  { type }: Parameter,
  value: unknown,
  path: ProblemPath,
  report: (p: Problem) => void,
): void {
  const schema = PARAMETER_TYPES[type]
  const parsed = schema.safeParse(value)
  if (!parsed.success) reportIssues(parsed.error.issues, path, value, report, schema)
}

/** The parameter that a text of a template stands for, or null. */
export function slotIn(value: unknown): string | null {
  return typeof value === 'string' ? (/^\$\{([a-z0-9-]+)\}$/.exec(value)?.[1] ?? null) : null
}

/** What a target or a single release says, not a template. */
const NOT_IN_TEMPLATES = ['service', 'environment', 'extends', 'with']

function checkKeys(
  plan: Readonly<Record<string, unknown>>,
  planKeys: readonly string[],
  report: (problem: Problem) => void,
): void {
  const allowed = planKeys.filter((key) => !NOT_IN_TEMPLATES.includes(key))
  for (const key of Object.keys(plan)) {
    if (allowed.includes(key)) continue
    const isOfPlans = planKeys.includes(key)
    report({
      rule: 'unknown-key',
      path: ['plan', key],
      message: isOfPlans ? `${key} is for the plans that extend the template` : `unknown key plan.${key}`,
      received: key,
      expected: `one of ${allowed.join(', ')}`,
      fix: 'remove it, or use one of these keys',
    })
  }
}

function checkDefaults(parameters: PlanTemplate['parameters'], report: (problem: Problem) => void): void {
  for (const [name, parameter] of Object.entries(parameters)) {
    if (parameter.default !== undefined)
      reportUnfit(parameter, parameter.default, ['parameters', name, 'default'], report)
  }
}

/** Each `${name}` is a parameter and a whole value, and each parameter stands somewhere. */
function checkSlots(
  parameters: PlanTemplate['parameters'],
  plan: Readonly<Record<string, unknown>>,
  report: (problem: Problem) => void,
): void {
  const used = new Set<string>()
  const names = Object.keys(parameters)
  const walk = (value: unknown, path: ProblemPath): void => {
    if (typeof value === 'string') {
      const slot = slotIn(value)
      if (slot !== null) used.add(slot)
      const part = names.find((name) => value.includes(`\${${name}}`))
      if (slot !== null && !names.includes(slot)) report(unknownSlot(slot, names, path))
      else if (slot === null && part !== undefined) report(partOfText(part, value, path))
      return
    }
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) walk(inner, [...path, Array.isArray(value) ? Number(key) : key])
  }
  walk(plan, ['plan'])
  for (const name of names) {
    if (used.has(name)) continue
    report({
      rule: 'unused-parameter',
      path: ['parameters', name],
      message: `nothing in the plan stands for the parameter ${name}`,
      expected: `\${${name}} as a value in plan`,
      fix: 'write it there, or remove the parameter',
    })
  }
}

function unknownSlot(slot: string, names: readonly string[], path: ProblemPath): Problem {
  return {
    rule: 'unknown-parameter',
    path,
    message: 'there is no such parameter',
    received: slot,
    expected: names.length === 0 ? 'a name from parameters, which has none' : `one of ${names.join(', ')}`,
    fix: 'use one of these, or add it to parameters',
  }
}

function partOfText(name: string, value: string, path: ProblemPath): Problem {
  return {
    rule: 'parameter-in-text',
    path,
    message: 'a parameter stands for a whole value, not for a part of a text',
    received: showValue(value),
    expected: `\${${name}} alone`,
    fix: 'give the whole text a parameter of type text',
  }
}

function checkOpen(
  open: readonly string[],
  plan: Readonly<Record<string, unknown>>,
  report: (problem: Problem) => void,
): void {
  const { checks } = plan
  const stated = [
    ...Object.keys(plan),
    ...(isRecord(checks) ? Object.keys(checks).map((name) => `checks.${name}`) : []),
  ]
  for (const [index, key] of open.entries()) {
    if (stated.includes(key)) continue
    report({
      rule: 'open-key',
      path: ['open', index],
      message: 'the template says nothing of this, so that it is open anyway',
      received: key,
      expected: `one of ${stated.join(', ')}`,
      fix: 'remove it, or name what plan says',
    })
  }
}
