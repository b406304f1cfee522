import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import { reportIssues } from '../domain/plan/plan-issues.ts'
import { createProblemList, type Problem } from '../domain/problems.ts'

/** A part of a request that its schema refuses, with everything that is wrong in it. */
interface InvalidRequest extends Error {
  readonly problems: readonly Problem[]
}

/** Checks each part of a request with its zod schema and keeps the whole list of what is wrong. */
export const compileValidator: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (data: unknown) => {
    const parsed = schema.safeParse(data)
    if (parsed.success) return { value: parsed.data }
    const { report, problems } = createProblemList()
    reportIssues(parsed.error.issues, [], data, report)
    return { error: Object.assign(new Error('the request does not fit its schema'), { problems: problems() }) }
  }

export function isInvalidRequest(error: unknown): error is InvalidRequest {
  return error instanceof Error && 'problems' in error && Array.isArray(error.problems)
}
