import { z } from 'zod'
import type { ReadBeside } from '../calendars/calendar.ts'
import { formatRange, parseRange } from '../domain/cohorts/address-range.ts'
import type { CohortRule, CohortRules } from '../domain/cohorts/cohort-rule.ts'
import { COHORT_VALUE, COHORT_VALUE_WORDS, MOST_USERS, usersIn } from '../domain/cohorts/cohort-values.ts'
import { SluiceError } from '../domain/errors.ts'
import type { Problem, ProblemPath } from '../domain/problems.ts'

const fieldName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'expected letters, digits, dashes and underscores, at most 64' })
const value = z.string().regex(COHORT_VALUE, { error: `expected ${COHORT_VALUE_WORDS}` })
const list = <Item extends z.ZodType>(item: Item) => z.union([item, z.array(item).min(1).max(100)])

/** Who is of a cohort, as `sluice.yaml` says it. */
export const cohortForm = z
  .strictObject({
    header: fieldName.optional(),
    cookie: fieldName.optional(),
    is: value.optional(),
    in: z.array(value).min(1).max(100).optional(),
    address: list(z.string().min(1).max(64)).optional(),
    users: z.union([z.string().min(1).max(1_000), z.array(value).min(1).max(100)]).optional(),
    gateway: z.literal(true).optional(),
  })
  .superRefine((form, context) => {
    const fault = faultOf(form)
    if (fault !== null) context.addIssue({ code: 'custom', ...fault })
  })

type CohortForm = z.infer<typeof cohortForm>

const FORMS =
  'expected one of header or cookie with is or in, address, users, or gateway: true; address may have a header, users a header or a cookie'

/** What does not fit together in one cohort, or null. */
function faultOf(form: CohortForm): { readonly path?: string[]; readonly message: string } | null {
  const { header, cookie, is, in: among, address, users, gateway } = form
  const given = (...parts: readonly unknown[]) => parts.filter((part) => part !== undefined).length
  if (given(address, users, gateway) > 1 || given(header, cookie) > 1) return { message: FORMS }
  if (given(is, among) > 1) return { path: ['in'], message: 'expected is or in, not both' }
  const isOther = given(address, users, gateway) === 1
  if (isOther && given(is, among) > 0) return { message: FORMS }
  if (gateway !== undefined && given(header, cookie) > 0) return { message: FORMS }
  if (address !== undefined && cookie !== undefined) return { path: ['cookie'], message: FORMS }
  if (isOther) return null
  if (given(header, cookie) === 0) return { message: FORMS }
  return given(is, among) === 1 ? null : { message: 'expected is or in: the values that count' }
}

/** Values of all cohorts of one target: each is an entry of its router. */
const MOST_VALUES = 10_000

/** Turns the cohorts of a target into rules; what is wrong is reported below `path`. */
export function cohortRulesOf(
  forms: Readonly<Record<string, CohortForm>>,
  path: ProblemPath,
  readBeside: ReadBeside,
  report: (problem: Problem) => void,
): CohortRules {
  const rules = Object.entries(forms).flatMap(([name, form]) => {
    const rule = ruleOf(form, [...path, name], readBeside, report)
    return rule === null ? [] : [[name, rule] as const]
  })
  const values = rules.reduce((sum, [, rule]) => sum + ('values' in rule ? rule.values.length : 0), 0)
  if (values > MOST_VALUES)
    report({
      rule: 'many-values',
      path,
      message: 'the cohorts of this target have too many values and users',
      received: String(values),
      expected: `at most ${MOST_VALUES}`,
      fix: 'let a gateway say who is of the largest one: { gateway: true }',
    })
  return Object.fromEntries(rules)
}

function ruleOf(
  form: CohortForm,
  path: ProblemPath,
  readBeside: ReadBeside,
  report: (problem: Problem) => void,
): CohortRule | null {
  const { is, in: among, address, users, gateway, cookie } = form
  const header = form.header?.toLowerCase()
  if (gateway !== undefined) return { kind: 'gateway' }
  if (address !== undefined) {
    const ranges = rangesIn([address].flat(), [...path, 'address'], report)
    return ranges === null ? null : { kind: 'address', ranges, header: header ?? null }
  }
  const values = users === undefined ? (among ?? [is ?? '']) : usersOf(users, [...path, 'users'], readBeside, report)
  if (values === null) return null
  if (header !== undefined) return { kind: 'header', name: header, values }
  return cookie === undefined ? { kind: 'user', values } : { kind: 'cookie', name: cookie, values }
}

function rangesIn(
  texts: readonly string[],
  path: ProblemPath,
  report: (problem: Problem) => void,
): readonly string[] | null {
  const parsed = texts.map((text) => ({ text, read: parseRange(text) }))
  for (const { text, read } of parsed) {
    if ('range' in read) continue
    report({
      rule: 'address',
      path,
      message: 'this is no range of addresses',
      received: text,
      expected: read.expected,
      fix: 'write the first address of the range and the length of what its addresses share: 10.0.0.0/8',
    })
  }
  const ranges = parsed.flatMap(({ read }) => ('range' in read ? [formatRange(read.range)] : []))
  return ranges.length === texts.length ? ranges : null
}

function usersOf(
  users: string | readonly string[],
  path: ProblemPath,
  readBeside: ReadBeside,
  report: (problem: Problem) => void,
): readonly string[] | null {
  if (typeof users !== 'string') return users
  try {
    const read = usersIn(readBeside(users))
    if ('users' in read && read.users.length > 0 && read.users.length <= MOST_USERS) return read.users
    report({ ...fileFault(users, read), rule: 'users-file', path })
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    const { message, fix } = error
    report({ rule: 'users-file', path, message, ...(fix !== undefined && { fix }) })
  }
  return null
}

function fileFault(file: string, read: ReturnType<typeof usersIn>): Omit<Problem, 'rule' | 'path'> {
  if ('line' in read)
    return {
      message: `line ${read.line} of ${file} is no user`,
      received: read.received,
      expected: COHORT_VALUE_WORDS,
      fix: 'write one user on each line, and # before a comment',
    }
  return {
    message: `${file} has ${read.users.length} users`,
    expected: `1 to ${MOST_USERS}`,
    fix: read.users.length === 0 ? 'add users to it' : 'let a gateway say who is of the cohort: { gateway: true }',
  }
}
