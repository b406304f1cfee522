import type { Problem } from '../domain/problems.ts'
import type { Milliseconds } from '../domain/units.ts'
import { fetchText } from '../outbound/fetch-text.ts'
import { CliFailure, EXIT } from './failure.ts'
import { clean } from './text.ts'

/** An error of the API as it comes over the wire. */
export interface ApiProblem {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly expected?: string
  readonly received?: string
  readonly fix?: string
  readonly problems?: readonly (Problem & { readonly where: string })[]
}

/** The API answered with a refusal. */
export class ApiRefusal extends CliFailure {
  readonly problem: ApiProblem

  constructor(problem: ApiProblem) {
    super(EXIT.refused, problemText(problem), problem)
    this.problem = problem
  }
}

export interface ApiClient {
  get<T>(path: string): Promise<T>
  /** `key` makes a repetition harmless; `deadline` is for what takes longer than an ordinary answer. */
  post<T>(path: string, body: unknown, key?: string, deadline?: Milliseconds): Promise<T>
  delete<T>(path: string): Promise<T>
}

export interface ApiClientOptions {
  readonly url: string
  readonly token: string | undefined
  readonly person: string | undefined
  readonly fetch: typeof fetch
}

/** Total time of one try, in milliseconds: the server itself waits 15 s for Temporal. */
const DEADLINE = 20_000
/** Longest answer that is read, in bytes: a calibration with its windows is the longest there is. */
const LONGEST_ANSWER = 64 * 1024 * 1024

/** @throws ApiRefusal, CliFailure with exit code 3 when there is no server */
export function createApiClient({ url, token, person, fetch: send }: ApiClientOptions): ApiClient {
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

  return {
    get: (path) => request('GET', path, { headers }),
    delete: (path) => request('DELETE', path, { headers }),
    post: (path, body, key, deadline) =>
      request(
        'POST',
        path,
        {
          headers: {
            ...headers,
            'content-type': 'application/json',
            ...(key !== undefined && { 'idempotency-key': key }),
          },
          body: JSON.stringify(body),
        },
        deadline,
      ),
  }
}

type Init = Pick<RequestInit, 'headers' | 'body'>

function baseOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed !== null && (parsed.protocol === 'http:' || parsed.protocol === 'https:'))
    return parsed.href.replace(/\/+$/, '')
  throw new CliFailure(
    EXIT.usage,
    `${clean(url)} is no address of a server; expected one such as http://127.0.0.1:8230`,
  )
}

function read<T>({ status, text }: { status: number; text: string }, base: string): T {
  const value = parse(text)
  if (status >= 200 && status < 300 && isRecord(value)) return value as T
  if (isProblem(value)) throw new ApiRefusal(value)
  const seen = `status ${status}${text === '' ? ' without a body' : ''}`
  throw new CliFailure(
    EXIT.refused,
    `${base} does not answer like a Sluice server (${seen}); see SLUICE_URL or --server`,
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isProblem(value: unknown): value is ApiProblem {
  return isRecord(value) && typeof value['code'] === 'string' && typeof value['detail'] === 'string'
}

function unreachableText(base: string, reason: string): string {
  return `cannot reach the Sluice server at ${base}: ${clean(reason)}\n  fix:      start it, or set SLUICE_URL or --server to where it listens`
}

function problemText(problem: ApiProblem): string {
  const lines = [clean(problem.detail)]
  if (problem.received !== undefined) lines.push(`  seen:     ${clean(problem.received)}`)
  if (problem.expected !== undefined) lines.push(`  expected: ${clean(problem.expected)}`)
  if (problem.fix !== undefined) lines.push(`  fix:      ${clean(problem.fix)}`)
  for (const { where, message, fix } of problem.problems ?? []) {
    lines.push(`  ${clean(where)}: ${clean(message)}${fix === undefined ? '' : ` (${clean(fix)})`}`)
  }
  return lines.join('\n')
}
