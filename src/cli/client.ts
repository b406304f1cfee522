import type { ProblemDocument } from '../api/wire/problem.ts'
import { isRecord, parseJson } from '../domain/json.ts'
import { formatDuration, type Instant, type Milliseconds } from '../domain/units.ts'
import { fetchText } from '../outbound/fetch-text.ts'
import { CliFailure, EXIT } from './failure.ts'
import { clean } from './text.ts'

/** The API answered with a refusal. */
export class ApiRefusal extends CliFailure {
  readonly problem: ProblemDocument
  /** After this time the same may be asked again; null when the server does not say. */
  readonly retryAfter: Milliseconds | null

  constructor(problem: ProblemDocument, retryAfter: Milliseconds | null = null) {
    super(EXIT.refused, problemText(problem), problem)
    this.problem = problem
    this.retryAfter = retryAfter
  }
}

interface PostOptions {
  /** Makes a repetition harmless. With it a request that was not answered with a yes or a no is sent again for a minute. */
  readonly key?: string
  /** For what takes longer than an ordinary answer. */
  readonly deadline?: Milliseconds
  /** Sent again as well while the server itself cannot be reached: for commands, which somebody waits for. */
  readonly isUrgent?: boolean
}

export interface ApiClient {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: unknown, options?: PostOptions): Promise<T>
  delete<T>(path: string, options?: Pick<PostOptions, 'key'>): Promise<T>
}

interface ApiClientOptions {
  readonly url: string
  readonly token: string | undefined
  readonly person: string | undefined
  readonly fetch: typeof fetch
  readonly now: () => Instant
  readonly sleep: (duration: Milliseconds) => Promise<unknown>
  /** Tells people what is being done meanwhile. */
  readonly hint: (text: string) => void
}

/** Total time of one try, in milliseconds: the server itself waits 15 s for Temporal. */
const DEADLINE: Milliseconds = 20_000
/** Longest answer that is read, in bytes: a calibration with its windows is the longest there is. */
const LONGEST_ANSWER = 64 * 1024 * 1024

/** How long a request with a key is sent again. */
const PATIENCE: Milliseconds = 60_000
/** Time between two tries when the server does not say. */
const PAUSE: Milliseconds = 2_000
/** Longest that a server may let us wait between two tries. */
const LONGEST_PAUSE: Milliseconds = 10_000

/** @throws ApiRefusal, CliFailure with exit code 3 when there is no server */
export function createApiClient({ url, token, person, fetch: send, now, sleep, hint }: ApiClientOptions): ApiClient {
  const base = baseOf(url)
  const headers = {
    accept: 'application/json',
    'x-sluice-entrance': 'cli',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(person !== undefined && { 'x-sluice-person': person }),
  }

  /** Asks a second time when the connection broke: every request is harmless to repeat, those that change by their key. */
  async function request<T>(method: string, path: string, init: Init, deadline = DEADLINE): Promise<T> {
    const ask = () => fetchText(send, `${base}${path}`, { ...init, method }, { deadline, maxBytes: LONGEST_ANSWER })
    const first = await ask()
    const answer = first.kind === 'answer' ? first : await ask()
    if (answer.kind === 'answer') return read<T>(answer, base)
    throw new CliFailure(EXIT.unreachable, unreachableText(base, answer.reason))
  }

  /** Sends the same request, with the same key, until it is answered with a yes or a no, or a minute is over. */
  async function persist<T>(ask: () => Promise<T>, isUrgent: boolean): Promise<T> {
    const until = now() + PATIENCE
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        const pause = pauseAfter(error, isUrgent)
        const left = until - now() - (pause ?? 0)
        if (pause === null || left <= 0) throw error
        hint(`${firstLine(error)}; sent again for another ${formatDuration(left)}`)
        await sleep(pause)
      }
    }
  }

  return {
    get: (path) => request('GET', path, { headers }),
    delete<T>(path: string, { key }: Pick<PostOptions, 'key'> = {}) {
      const ask = () => request<T>('DELETE', path, { headers: { ...headers, ...keyHeader(key) } })
      return key === undefined ? ask() : persist(ask, false)
    },
    post<T>(path: string, body: unknown, { key, deadline, isUrgent = false }: PostOptions = {}) {
      const own = { ...headers, 'content-type': 'application/json', ...keyHeader(key) }
      const ask = () => request<T>('POST', path, { headers: own, body: JSON.stringify(body) }, deadline)
      return key === undefined ? ask() : persist(ask, isUrgent)
    },
  }
}

function keyHeader(key: string | undefined) {
  return key === undefined ? {} : { 'idempotency-key': key }
}

/** How long to wait before the same is sent again, or null when that would do no good. */
function pauseAfter(error: unknown, isUrgent: boolean): Milliseconds | null {
  if (error instanceof ApiRefusal) {
    const { problem, retryAfter } = error
    const isPassing = problem.status === 429 || problem.status === 503
    return isPassing ? Math.min(LONGEST_PAUSE, retryAfter ?? PAUSE) : null
  }
  return isUrgent && error instanceof CliFailure && error.exitCode === EXIT.unreachable ? PAUSE : null
}

function firstLine(error: unknown): string {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return first
}

type Init = Pick<RequestInit, 'headers' | 'body'>

function baseOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed !== null && (parsed.protocol === 'http:' || parsed.protocol === 'https:'))
    return parsed.href.replace(/\/+$/, '')
  throw new CliFailure(
    EXIT.usage,
    `${clean(url)} is not the address of a server; expected one such as http://127.0.0.1:8230`,
  )
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

function read<T>({ status, headers, text }: Answer, base: string): T {
  const value = parseJson(text)
  if (status >= 200 && status < 300 && isRecord(value)) return value as T
  if (isProblem(value)) throw new ApiRefusal(value, retryAfterOf(headers))
  const seen = `status ${status}${text === '' ? ' without a body' : ''}`
  throw new CliFailure(
    EXIT.refused,
    `${base} does not answer like a Sluice server (${seen}); check SLUICE_URL or --server`,
  )
}

/** `Retry-After` as Sluice sends it, in seconds. */
function retryAfterOf(headers: Headers): Milliseconds | null {
  const text = headers.get('retry-after') ?? ''
  return /^\d{1,4}$/.test(text) ? Number(text) * 1_000 : null
}

function isProblem(value: unknown): value is ProblemDocument {
  return isRecord(value) && typeof value['code'] === 'string' && typeof value['detail'] === 'string'
}

function unreachableText(base: string, reason: string): string {
  return `cannot reach the Sluice server at ${base}: ${clean(reason)}\n  fix:      start it, or set SLUICE_URL or --server to its address`
}

function problemText(problem: ProblemDocument): string {
  const lines = [clean(problem.detail)]
  if (problem.received !== undefined) lines.push(`  seen:     ${clean(problem.received)}`)
  if (problem.expected !== undefined) lines.push(`  expected: ${clean(problem.expected)}`)
  if (problem.fix !== undefined) lines.push(`  fix:      ${clean(problem.fix)}`)
  for (const { where, message, expected, fix } of problem.problems ?? []) {
    const wanted = expected === undefined ? '' : `, expected ${clean(expected)}`
    lines.push(`  ${clean(where)}: ${clean(message)}${wanted}${fix === undefined ? '' : ` (${clean(fix)})`}`)
  }
  return lines.join('\n')
}
