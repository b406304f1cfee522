import { SluiceError } from '../domain/errors.ts'
import { parseJson } from '../domain/json.ts'
import type { Milliseconds } from '../domain/units.ts'
import { fetchText } from '../outbound/fetch-text.ts'

/** The administration API of a flag service, as one change or one read calls it. */
export interface AdminApi {
  /** What people call the service. */
  readonly name: string
  /** Base address without a slash at its end. */
  readonly url: string
  /** Credentials among them: never part of an error. */
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: typeof fetch
}

/** The time that is left for one read or one change, whose calls share it. */
export interface Allowance {
  readonly left: () => Milliseconds
  readonly signal: AbortSignal
}

interface AdminRequest {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  /** The content type of the body; JSON when left out. */
  readonly type?: string
  /** What an answer says when somebody else was faster, for services that have no status for it: it counts as 409. */
  readonly conflict?: RegExp
}

interface AdminAnswer {
  readonly status: number
  readonly body: unknown
}

/** Longest answer that is read, in bytes. */
const LONGEST_ANSWER = 4 * 1_024 * 1_024

export function allow(deadline: Milliseconds, signal: AbortSignal): Allowance {
  signal.throwIfAborted()
  const end = performance.now() + deadline
  return { left: () => end - performance.now(), signal }
}

/**
 * Calls the service and hands back every answer that is about the request. Throws `flag.unreachable` where none came in
 * time or the service is not able to answer now, `flag.misconfigured` where it does not let us in.
 */
export async function callAdmin(api: AdminApi, allowance: Allowance, request: AdminRequest): Promise<AdminAnswer> {
  const { method, path, body, type = 'application/json', conflict } = request
  const answer = await fetchText(
    api.fetch,
    `${api.url}${path}`,
    {
      method,
      headers: { accept: 'application/json', ...api.headers, ...(body !== undefined && { 'content-type': type }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    },
    { deadline: allowance.left(), signal: allowance.signal, maxBytes: LONGEST_ANSWER },
  )
  if (answer.kind !== 'answer') throw unreachable(api.name, answer.reason)
  const { status, text } = answer
  if (status === 401 || status === 403) throw locked(api.name, status, text)
  if (conflict?.test(text) === true) return { status: 409, body: parseJson(text) }
  if (status === 429 || status >= 500) {
    const wait = answer.headers.get('retry-after')
    throw unreachable(api.name, `status ${status}${wait === null ? '' : `, again after ${wait.slice(0, 40)} s`}`, text)
  }
  return { status, body: parseJson(text) }
}

/** The error of an answer that says no. */
export function refused(name: string, what: string, { status, body }: AdminAnswer): SluiceError {
  return new SluiceError('flag.refused', {
    message: `${name} refused ${what}`,
    received: `status ${status}: ${saidIn(body)}`,
    fix: `see what ${name} says, and change the flag or the plan`,
  })
}

/** The error of an answer that does not hold what it must. */
export function unreadable(name: string, what: string): SluiceError {
  return new SluiceError('flag.unreachable', {
    message: `what ${name} answered is not ${what}`,
    fix: `check that the address in sluice.yaml is that of ${name}`,
  })
}

function unreachable(name: string, reason: string, text = ''): SluiceError {
  const said = text === '' ? '' : `: ${saidIn(parseJson(text))}`
  return new SluiceError('flag.unreachable', {
    message: `${name} did not answer: ${reason}${said}`,
    fix: `check that ${name} is up and that the worker reaches it`,
  })
}

function locked(name: string, status: number, text: string): SluiceError {
  return new SluiceError('flag.misconfigured', {
    message: `${name} does not let the worker in`,
    expected: 'a token that may read and change the flags of the target',
    received: `status ${status}: ${saidIn(parseJson(text))}`,
    fix: 'set the environment variable that `token` names to such a token, and restart the worker',
  })
}

/** What a service says in the ways that services have of saying it, shortened. */
function saidIn(body: unknown): string {
  if (typeof body !== 'object' || body === null) return 'no reason given'
  const said = ['message', 'error', 'code'].flatMap((key) => {
    const value: unknown = Object.entries(body).find(([name]) => name === key)?.[1]
    return typeof value === 'string' ? [value.split('\n')[0] ?? ''] : []
  })
  return said[0]?.slice(0, 300) ?? 'no reason given'
}
