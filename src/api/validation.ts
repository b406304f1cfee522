import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify'
import { z } from 'zod'
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
    reportIssues(parsed.error.issues, [], data, report, schema)
    return { error: Object.assign(new Error('the request does not fit its schema'), { problems: problems() }) }
  }

/** Writes an answer as its schema says: nothing goes out that the API does not promise. */
export const compileSerializer: FastifySerializerCompiler<z.ZodType> =
  ({ schema, method, url }) =>
  (data: unknown) => {
    const parsed = schema.safeParse(data)
    if (parsed.success) return JSON.stringify(parsed.data)
    throw new Error(`the answer to ${method} ${url} does not fit its schema: ${z.prettifyError(parsed.error)}`)
  }

export function isInvalidRequest(error: unknown): error is InvalidRequest {
  return error instanceof Error && 'problems' in error && Array.isArray(error.problems)
}
