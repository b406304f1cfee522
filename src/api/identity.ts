import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Installation } from '../config/installation.ts'
import type { Actor } from '../domain/actor.ts'
import { SluiceError } from '../domain/errors.ts'
import { nameText } from '../domain/plan/plan-values.ts'

/** Who sent a request. @throws SluiceError `request.unauthenticated`, `request.invalid` */
type Identify = (headers: IncomingHttpHeaders) => Actor

type People = Pick<Installation, 'people'>

/** True when the installation has tokens; without any the server takes the sender's word (see `refuseForeigners`). */
export function hasTokens(installation: People): boolean {
  return tokenHolders(installation).length > 0
}

/**
 * With tokens in the installation only their bearers are let in; without any the server trusts the machine it runs on
 * (see `assertSafeBinding`) and takes the sender's word for the name.
 */
export function createIdentify(installation: People): Identify {
  const holders = tokenHolders(installation)
  const personOf = holders.length > 0 ? (headers: IncomingHttpHeaders) => bearer(headers, holders) : claimed
  return (headers) => ({
    person: personOf(headers),
    entrance: headers['x-sluice-entrance'] === 'cli' ? 'cli' : 'http',
  })
}

interface TokenHolder {
  readonly person: string
  readonly digest: Buffer
}

function tokenHolders({ people }: People): readonly TokenHolder[] {
  return people.flatMap(({ id, tokenSha256 }) =>
    tokenSha256 === undefined ? [] : [{ person: id, digest: Buffer.from(tokenSha256, 'hex') }],
  )
}

const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/i

/** Compares with every holder, whoever matches, so that time tells nothing. */
function bearer({ authorization }: IncomingHttpHeaders, holders: readonly TokenHolder[]): string {
  const token = BEARER.exec(authorization ?? '')?.[1]
  const digest = createHash('sha256')
    .update(token ?? '')
    .digest()
  let found: string | null = null
  for (const holder of holders) {
    if (timingSafeEqual(holder.digest, digest) && token !== undefined) found = holder.person
  }
  if (found !== null) return found
  throw new SluiceError('request.unauthenticated', {
    message: token === undefined ? 'this server requires a token' : 'this token is not known',
    expected: 'Authorization: Bearer <token>',
    fix: 'set SLUICE_TOKEN, or ask an administrator for a token',
  })
}

function claimed(headers: IncomingHttpHeaders): string {
  const name = headers['x-sluice-person'] ?? 'anonymous'
  const parsed = nameText.safeParse(name)
  if (parsed.success) return parsed.data
  throw new SluiceError('request.invalid', {
    message: 'the header x-sluice-person does not hold a name',
    expected: 'lower-case letters, digits and dashes, at most 63',
    fix: 'send a name of that form, or leave the header out',
  })
}
