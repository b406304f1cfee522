import type { FastifyInstance, FastifyRequest } from 'fastify'
import { SluiceError } from '../domain/errors.ts'

/** Deepest nesting of a body: a plan, which has at most 32 levels, and what is round it. */
const DEEPEST = 40
/** Most values in a body: lists and objects are cheap to send and dear to look through. */
const MOST_VALUES = 20_000

/** What a JSON text holds, counted without parsing it; counting ends where a limit is passed. */
interface JsonExtent {
  readonly depth: number
  readonly values: number
}

const CODES = {
  quote: 34,
  comma: 44,
  colon: 58,
  openList: 91,
  backslash: 92,
  closeList: 93,
  open: 123,
  close: 125,
} as const

/** Counts levels and separators of what is meant to be JSON. Looks at each character once, whatever it is. */
export function extentOf(text: string): JsonExtent {
  let [depth, deepest, values, isInText] = [0, 0, 1, false]
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (isInText) {
      if (code === CODES.backslash) index += 1
      else if (code === CODES.quote) isInText = false
    } else if (code === CODES.quote) isInText = true
    else if (code === CODES.openList || code === CODES.open) deepest = Math.max(deepest, (depth += 1))
    else if (code === CODES.closeList || code === CODES.close) depth -= 1
    else if (code === CODES.comma || code === CODES.colon) values += 1
    if (deepest > DEEPEST || values > MOST_VALUES) break
  }
  return { depth: deepest, values }
}

/**
 * Refuses a body that is nested too deeply or holds too many values before it is parsed.
 * @throws SluiceError `request.invalid`
 */
function refuseExcess(text: string): void {
  const { depth, values } = extentOf(text)
  if (depth <= DEEPEST && values <= MOST_VALUES) return
  throw new SluiceError('request.invalid', {
    message: depth > DEEPEST ? 'the body is nested too deeply' : 'the body holds too many values',
    expected: `at most ${DEEPEST} levels and ${MOST_VALUES.toLocaleString('en')} values`,
    received: depth > DEEPEST ? `more than ${DEEPEST} levels` : `more than ${MOST_VALUES.toLocaleString('en')} values`,
    fix: 'send a smaller body',
  })
}

/** Reads JSON bodies within these bounds; prototypes are nobody's business. `hear` gets each text as it came. */
export function parseJsonBodies(
  fastify: FastifyInstance,
  hear: (request: FastifyRequest, text: string) => void = () => undefined,
): void {
  const parse = fastify.getDefaultJsonParser('error', 'error')
  fastify.removeContentTypeParser('application/json')
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    try {
      refuseExcess(String(body))
    } catch (error) {
      return done(error instanceof Error ? error : new Error(String(error)))
    }
    hear(request, String(body))
    return parse(request, String(body), done)
  })
}
