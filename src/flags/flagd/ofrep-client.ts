import { z } from 'zod'
import { SluiceError } from '../../domain/errors.ts'
import { parseJson } from '../../domain/json.ts'
import type { Milliseconds } from '../../domain/units.ts'
import { fetchText } from '../../outbound/fetch-text.ts'
import type { Evaluation, FlagContext } from '../served-flags.ts'

/** Longest answer that is read, in bytes. */
const LONGEST_ANSWER = 256 * 1_024

const evaluated = z.object({
  key: z.string(),
  value: z.unknown(),
  reason: z.string().default('UNKNOWN'),
  variant: z.string().default(''),
  metadata: z.record(z.string(), z.unknown()).default({}),
})

interface OfrepCall {
  /** The address to which `/ofrep/v1/…` is added. */
  readonly base: string
  readonly token: string | null
  readonly fetch: typeof fetch
  readonly deadline: Milliseconds
  readonly signal: AbortSignal
}

/** What an endpoint says of one flag for somebody; null when it knows no such flag. Throws `flag.unreachable`, `flag.refused`. */
export async function evaluateOver(call: OfrepCall, flag: string, context: FlagContext): Promise<Evaluation | null> {
  const { base, token, deadline, signal } = call
  const url = `${base.replace(/\/+$/, '')}/ofrep/v1/evaluate/flags/${encodeURIComponent(flag)}`
  const answer = await fetchText(
    call.fetch,
    url,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ context }),
    },
    { deadline, signal, maxBytes: LONGEST_ANSWER },
  )
  if (answer.kind !== 'answer') {
    throw new SluiceError('flag.unreachable', {
      message: `the flag endpoint ${new URL(base).origin} did not answer: ${answer.reason}`,
      expected: 'the answer of an API process of Sluice',
      fix: 'start the API process, or correct `ofrep` of the flag store in sluice.yaml',
    })
  }
  if (answer.status === 404) return null
  const parsed = evaluated.safeParse(parseJson(answer.text))
  if (answer.status === 200 && parsed.success) return parsed.data
  throw new SluiceError(answer.status >= 500 || answer.status === 429 ? 'flag.unreachable' : 'flag.misconfigured', {
    message: `the flag endpoint ${new URL(base).origin} gave no evaluation`,
    expected: 'status 200 with an evaluation',
    received: `status ${answer.status}`,
    fix: 'let `ofrep` and `token` of the flag store in sluice.yaml agree with the API process',
  })
}
