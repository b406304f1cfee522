import { z } from 'zod'
import { SluiceError } from '../domain/errors.ts'

/** Base address of a service. */
export const baseUrl = z
  .string()
  .refine(isBaseUrl, { error: 'must be an http or https address without user, query or fragment' })

/** A secret of `sluice.yaml`: the name of the environment variable that holds it. */
export const secret = z.strictObject({
  env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, { error: 'must be a variable' }),
})

export const flagName = z
  .string()
  .regex(/^[\w.-]{1,200}$/, { error: 'must be a name of letters, digits, `_`, `.` and `-`' })

/** The secret itself. Throws `flag.misconfigured`, without a word of what is there. */
export function secretOf({ env }: z.infer<typeof secret>, kind: string): string {
  const found = process.env[env]
  if (found !== undefined && /^[\x21-\x7e]{1,512}$/.test(found)) return found
  throw new SluiceError('flag.misconfigured', {
    message: `the flag store ${kind} has no token to work with`,
    expected: `a token in the environment variable ${env}`,
    received: found === undefined || found === '' ? 'nothing' : 'characters that cannot be sent in a header',
    fix: `set ${env} for the worker, and for the API where docs/flags/${kind}.md says so, and start it anew`,
  })
}

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { username, password, search, hash, protocol } = new URL(text)
  const isPlain = username === '' && password === '' && search === '' && hash === ''
  return isPlain && (protocol === 'http:' || protocol === 'https:')
}
