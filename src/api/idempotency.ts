import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { SluiceError } from '../domain/errors.ts'
import { keyText } from './wire/requests.ts'

/**
 * The key under which a request has one effect: from the header `Idempotency-Key` or from the body, else a new one, with
 * which a repetition is a request of its own.
 * @throws SluiceError `request.invalid`
 */
export function keyOf({ headers }: FastifyRequest, inBody: string | undefined): string {
  const header = headers['idempotency-key']
  if (header === undefined) return inBody ?? randomUUID()
  const parsed = keyText.safeParse(header)
  if (parsed.success && (inBody === undefined || inBody === parsed.data)) return parsed.data
  throw new SluiceError('request.invalid', {
    message: parsed.success ? 'header and body name different keys' : 'the header Idempotency-Key does not hold a key',
    expected: '1 to 100 visible ASCII characters, the same in header and body',
    fix: 'send the key in one place only',
  })
}
