import { ERROR_CODES, type ErrorCode } from '../domain/error-codes.ts'
import { SluiceError } from '../domain/errors.ts'
import { formatPath, MANY_PROBLEMS, type Problem } from '../domain/problems.ts'
import type { ProblemDocument } from './wire/problem.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** Address of the description of an error code, relative to the server. */
export function codeAddress(code: ErrorCode): string {
  return `/errors/${code}`
}

/** What a caller may learn of an error; anything that was not raised on purpose is `internal`, without its text. */
export function problemOf(error: unknown): ProblemDocument {
  if (!(error instanceof SluiceError)) {
    return document('internal', {
      detail: 'Sluice failed to answer this request',
      fix: 'try again; if it keeps failing, look at the log of the API',
    })
  }
  const { code, message, expected, received, fix } = error
  return document(code, {
    detail: message,
    ...(expected !== undefined && { expected }),
    ...(received !== undefined && { received }),
    ...(fix !== undefined && { fix }),
  })
}

/** Many problems as one document; of very many the reader has kept the first, behind one that says how many there are. */
export function problemList(code: ErrorCode, problems: readonly Problem[]): ProblemDocument {
  const [first] = problems
  const count = `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`
  return document(code, {
    detail: first?.rule === MANY_PROBLEMS ? first.message : count,
    problems: problems.map((problem) => ({ ...problem, where: formatPath(problem.path) })),
  })
}

/** A malformed request: `status` says which 4xx it is. */
export function requestProblem(
  status: number,
  details: { detail: string; expected?: string; fix?: string },
): ProblemDocument {
  return { ...document('request.invalid', details), status }
}

type Details = Omit<ProblemDocument, 'type' | 'title' | 'status' | 'code'>

function document(code: ErrorCode, details: Details): ProblemDocument {
  const { title, status } = ERROR_CODES[code]
  return { type: codeAddress(code), title, status, code, ...details }
}
