import { z } from 'zod'
import { ERROR_CODES, type ErrorCode } from '../../domain/error-codes.ts'
import { list } from './shapes.ts'

const code = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]])
const type = z.string().meta({ description: 'Address of the code’s description, relative to the server' })
const words = {
  received: z.string().exactOptional(),
  expected: z.string().exactOptional(),
  fix: z.string().exactOptional(),
}

const listed = z
  .object({
    rule: z.string(),
    path: list(z.union([z.string(), z.number()])),
    where: z.string().meta({ description: 'The path as people write it', examples: ['steps[2].weight'] }),
    message: z.string(),
    ...words,
    place: z.object({ file: z.string(), line: z.int(), column: z.int() }).exactOptional().meta({
      description: 'Where it stands when that is a file of the installation: a template, or a pipeline that has a name',
    }),
  })
  .meta({ id: 'ListedProblem' })

/** An error as RFC 9457 asks for it, with what helps: what was expected, what came, what to do, and all the places. */
export const problem = z
  .object({
    ...{ type, title: z.string(), status: z.int(), detail: z.string(), code },
    ...words,
    problems: list(listed).exactOptional(),
  })
  .meta({ id: 'Problem' })

export type ProblemDocument = z.infer<typeof problem>

export const errorCode = z
  .object({ type, code, title: z.string(), status: z.int(), retry: z.enum(['never', 'later']) })
  .meta({ id: 'ErrorCode' })
