import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import { reportIssues } from '../domain/plan-issues.ts'
import type { Problem } from '../domain/problems.ts'
import { MOST_LISTED } from './problem.ts'

/** A part of a request that its schema refuses, with everything that is wrong in it. */
export interface InvalidRequest extends Error {
  readonly problems: readonly Problem[]
}

/** Checks each part of a request with its zod schema and keeps the whole list of what is wrong. */
export const compileValidator: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (data: unknown) => {
    const parsed = schema.safeParse(data)
    if (parsed.success) return { value: parsed.data }
    const problems: Problem[] = []
    reportIssues(shortened(parsed.error.issues), [], data, (problem) => void problems.push(problem))
    return { error: Object.assign(new Error('the request does not fit its schema'), { problems }) }
  }

/** As many as are shown: a body of wrong keys would otherwise cost more the longer it is. */
function shortened(issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
  return issues
    .slice(0, MOST_LISTED)
    .map((issue) => (issue.code === 'unrecognized_keys' ? { ...issue, keys: issue.keys.slice(0, MOST_LISTED) } : issue))
}

export function isInvalidRequest(error: unknown): error is InvalidRequest {
  return error instanceof Error && 'problems' in error && Array.isArray(error.problems)
}
