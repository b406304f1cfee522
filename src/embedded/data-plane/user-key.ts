import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

const COOKIE = 'sluice-user'
const KEY = /^[\w.@+-]{1,128}$/

/** Who sent a request, and the cookie to answer with when the request did not say. */
interface UserKey {
  readonly key: string
  readonly setCookie: string | null
}

/** The user by the header `x-user`, else by our cookie, else a new one who is given that cookie. */
export function userKeyOf(headers: IncomingHttpHeaders): UserKey {
  const named = headers['x-user']
  if (typeof named === 'string' && named !== '') return { key: named, setCookie: null }
  const known = cookieIn(headers.cookie ?? '')
  if (known !== null) return { key: known, setCookie: null }
  const key = randomUUID()
  return { key, setCookie: `${COOKIE}=${key}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax` }
}

/** The cohorts in `x-cohort`, separated by commas. Whoever can send this header chooses: let only a gateway set it. */
export function cohortsOf(headers: IncomingHttpHeaders): readonly string[] {
  const header = headers['x-cohort']
  if (typeof header !== 'string') return []
  return header
    .split(',')
    .map((cohort) => cohort.trim())
    .filter((cohort) => cohort !== '')
}

/** The last value of a cookie in a `cookie` header, or null. */
export function cookieOf(header: string, wanted: string): string | null {
  let found: string | null = null
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === wanted) found = pair.slice(at + 1).trim()
  }
  return found
}

function cookieIn(header: string): string | null {
  for (const pair of header.split(';')) {
    const [name, value = ''] = pair.trim().split('=', 2)
    if (name === COOKIE && KEY.test(value)) return value
  }
  return null
}
