import { isRecord } from '../json.ts'
import { nearestWord } from '../nearest-word.ts'
import { type Problem, type ProblemPath, useOneOr } from '../problems.ts'
import { type PlanTemplate, reportUnfit, slotIn } from './template.ts'

/** A plan with what it takes from its template. */
interface ExtendedPlan {
  /** Without `extends` and `with`. */
  readonly value: Readonly<Record<string, unknown>>
  /** The template's name; null for a plan that extends none. */
  readonly template: string | null
  /** What is wrong with how it extends the template. */
  readonly problems: readonly Problem[]
  /**
   * The same problem at what was written: in the plan, in its `with`, or in the template's file. Null for what only comes of
   * a parameter without a value, which has been said.
   */
  readonly place: (problem: Problem) => Problem | null
}

/** Fills in the template that a plan extends. Of one that does not exist nothing more can be said than that. */
export function extendPlan(
  written: Readonly<Record<string, unknown>>,
  templates: Readonly<Record<string, PlanTemplate>>,
): ExtendedPlan | { readonly unknown: Problem } {
  const { extends: named, with: given, ...own } = written
  if (named === undefined) {
    const problems = given === undefined ? [] : [withoutTemplate()]
    return { value: own, template: null, problems, place: (problem) => problem }
  }
  if (typeof named !== 'string' || !Object.hasOwn(templates, named)) return { unknown: noTemplate(named, templates) }
  return fillIn(own, given, templates[named] as PlanTemplate)
}

function fillIn(own: Readonly<Record<string, unknown>>, given: unknown, template: PlanTemplate): ExtendedPlan {
  const problems: Problem[] = []
  const report = (problem: Problem) => void problems.push(problem)
  const values = valuesOf(given, template, report)
  const { value: filled, slots } = fillSlots(template.plan, values)
  const { value, isOwn } = merge(own, filled as Readonly<Record<string, unknown>>, template, report)

  function place(problem: Problem): Problem | null {
    const { path } = problem
    if (isOwn(path)) return problem
    const length = path.findIndex((_, index) => slots.has(JSON.stringify(path.slice(0, index + 1)))) + 1
    if (length === 0) return placed(problem, ['plan', ...path], template)
    const name = slots.get(JSON.stringify(path.slice(0, length))) ?? ''
    const rest = path.slice(length)
    if (!values.has(name)) return null
    const isGiven = isRecord(given) && Object.hasOwn(given, name)
    if (isGiven) return { ...problem, path: ['with', name, ...rest] }
    return placed(problem, ['parameters', name, 'default', ...rest], template)
  }

  return { value, template: template.name, problems, place }
}

/** A problem of the template's own text: its place is there, whatever the plan's file is. */
function placed(problem: Problem, path: ProblemPath, { name, locate }: PlanTemplate): Problem {
  const { file, line, column, received } = locate({ ...problem, path })
  return {
    ...problem,
    message: `${problem.message} (from the template ${name})`,
    ...(received !== undefined && { received }),
    place: { file, line, column },
  }
}

/** The value of each parameter that has one which fits. */
function valuesOf(
  given: unknown,
  { name: template, parameters }: PlanTemplate,
  report: (problem: Problem) => void,
): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>()
  const named = isRecord(given) ? given : {}
  const known = Object.keys(parameters)
  if (given !== undefined && !isRecord(given))
    report({
      rule: 'value',
      path: ['with'],
      message: 'these are no parameters',
      expected: `parameters of the template ${template} with their values`,
      fix: known.length === 0 ? 'remove it' : `write with: { ${known[0] ?? ''}: … }`,
    })
  for (const key of Object.keys(named)) {
    if (known.includes(key)) continue
    const near = nearestWord(key, known)
    report({
      rule: 'unknown-key',
      path: ['with', key],
      message: `the template ${template} has no parameter ${key}`,
      received: key,
      expected: known.length === 0 ? 'none: it has no parameters' : `one of ${known.join(', ')}`,
      fix: near === null ? 'remove it, or use one of these' : `did you mean ${near}?`,
    })
  }
  for (const [name, parameter] of Object.entries(parameters)) {
    const isGiven = Object.hasOwn(named, name)
    const value = isGiven ? named[name] : parameter.default
    if (value === undefined) {
      report(withoutValue(name, template, parameter.about))
      continue
    }
    let fits = true
    reportUnfit(parameter, value, ['with', name], (problem) => {
      fits = false
      report(problem)
    })
    if (fits) values.set(name, value)
  }
  return values
}

/** The value with each `${name}` replaced, and where those stood; one without a value stays as it is. */
function fillSlots(
  plan: unknown,
  values: ReadonlyMap<string, unknown>,
): { readonly value: unknown; readonly slots: ReadonlyMap<string, string> } {
  const slots = new Map<string, string>()
  const fill = (value: unknown, path: ProblemPath): unknown => {
    const slot = slotIn(value)
    if (slot !== null) {
      slots.set(JSON.stringify(path), slot)
      return values.get(slot) ?? value
    }
    if (Array.isArray(value)) return value.map((inner, index) => fill(inner, [...path, index]))
    if (!isRecord(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, [...path, key])]))
  }
  return { value: fill(plan, []), slots }
}

/** What both say: the template's, but for what it leaves open. `isOwn` says what of it the plan has written. */
function merge(
  own: Readonly<Record<string, unknown>>,
  filled: Readonly<Record<string, unknown>>,
  template: PlanTemplate,
  report: (problem: Problem) => void,
): { readonly value: Readonly<Record<string, unknown>>; readonly isOwn: (path: ProblemPath) => boolean } {
  const isOpen = (key: string) => template.open.includes(key)
  const checks = { own: own['checks'], filled: filled['checks'] }
  const isMixed = isRecord(checks.own) && isRecord(checks.filled) && !isOpen('checks')
  const kept = Object.keys(own).filter((key) => {
    if (!Object.hasOwn(filled, key) || isOpen(key)) return true
    if (key === 'checks' && isMixed) return false
    report(closed(key, [key], template))
    return false
  })
  const ownChecks = Object.keys(isMixed ? (checks.own as object) : {}).filter((name) => {
    if (!Object.hasOwn(checks.filled as object, name) || isOpen(`checks.${name}`)) return true
    report(closed(`checks.${name}`, ['checks', name], template))
    return false
  })
  const pick = (from: unknown, keys: readonly string[]) =>
    Object.fromEntries(keys.map((key) => [key, (from as Record<string, unknown>)[key]]))
  const value = {
    ...filled,
    ...pick(own, kept),
    ...(isMixed && { checks: { ...(checks.filled as object), ...pick(checks.own, ownChecks) } }),
  }
  return {
    value,
    isOwn: ([key, name]) =>
      typeof key !== 'string' ||
      !Object.hasOwn(filled, key) ||
      kept.includes(key) ||
      (key === 'checks' && isMixed && typeof name === 'string' && ownChecks.includes(name)),
  }
}

function closed(key: string, path: ProblemPath, { name, open, parameters }: PlanTemplate): Problem {
  const ways = [...Object.keys(parameters).map((one) => `with.${one}`), ...open]
  return {
    rule: 'closed-by-template',
    path,
    message: `the template ${name} says ${key} itself`,
    received: key,
    expected:
      ways.length === 0 ? 'only what the template does not say' : `what the template leaves open: ${ways.join(', ')}`,
    fix: `remove it, or ask an administrator to leave ${key} open in the template`,
  }
}

function withoutValue(name: string, template: string, about: string | undefined): Problem {
  return {
    rule: 'missing-parameter',
    path: ['with', name],
    message: `the template ${template} needs the parameter ${name}${about === undefined ? '' : `: ${about}`}`,
    expected: 'a value',
    fix: `write it under with, as ${name}: …`,
  }
}

function withoutTemplate(): Problem {
  return {
    rule: 'unused-option',
    path: ['with'],
    message: 'with fills in a template, and the plan extends none',
    expected: 'extends with the name of a template',
    fix: 'remove with, or write extends',
  }
}

function noTemplate(named: unknown, templates: Readonly<Record<string, PlanTemplate>>): Problem {
  const known = Object.keys(templates)
  const near = typeof named === 'string' ? nearestWord(named, known) : null
  return {
    rule: 'unknown-template',
    path: ['extends'],
    message: 'there is no such template',
    received: typeof named === 'string' ? named : typeof named,
    expected: known.length === 0 ? 'a template from sluice.yaml, which has none' : `one of ${known.join(', ')}`,
    fix: near === null ? useOneOr(known, 'ask an administrator to add it') : `did you mean ${near}?`,
  }
}
