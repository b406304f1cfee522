import { parsePipelineId } from '../domain/pipeline/pipeline.ts'
import { nameText } from '../domain/plan/plan-values.ts'
import { parseReleaseId, type TargetId } from '../domain/target.ts'
import type { Milliseconds } from '../domain/units.ts'
import { type ApiClient, createApiClient } from './client.ts'
import { CliFailure, EXIT } from './failure.ts'
import type { RenderOptions } from './render.ts'
import type { Terminal } from './terminal.ts'
import { clean } from './text.ts'

export interface GlobalOptions {
  readonly server?: string
  readonly output: 'text' | 'json'
}

/** One run of the program: the server to talk to, and how to answer. */
export interface Session {
  readonly terminal: Terminal
  readonly api: ApiClient
  readonly isJson: boolean
  /** Writes lines for people, or the value for programs. */
  readonly say: (lines: readonly string[], value: unknown) => void
  /** Writes a hint for people that is no part of the answer. */
  readonly hint: (text: string) => void
  readonly look: () => RenderOptions
}

/** For what the server asks its metric sources about: it gives them up to 15 s, and works for some seconds more. */
export const SERVER_DEADLINE: Milliseconds = 60_000

const DEFAULT_URL = 'http://127.0.0.1:8230'

export function openSession(terminal: Terminal, { server, output }: GlobalOptions): Session {
  const { env } = terminal
  const isJson = output === 'json'
  const hint = (text: string) => {
    if (!isJson) terminal.err(`${clean(text)}\n`)
  }
  const api = createApiClient({
    url: server ?? env['SLUICE_URL'] ?? DEFAULT_URL,
    token: env['SLUICE_TOKEN'],
    person: personOf(terminal),
    fetch: terminal.fetch,
    now: terminal.now,
    sleep: terminal.sleep,
    hint,
  })
  return {
    terminal,
    api,
    isJson,
    say: (lines, value) => terminal.out(isJson ? `${jsonLine(value)}\n` : lines.map((line) => `${line}\n`).join('')),
    hint,
    look: () => ({ width: terminal.columns(), now: terminal.now(), color: terminal.hasColor }),
  }
}

/** JSON on one line, with the control and invisible characters that JSON lets pass as their numbers. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (letter) =>
    [...Array(letter.length).keys()]
      .map((index) => `\\u${letter.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** Address of what is asked of a target. */
export function targetAddress(target: TargetId): string {
  return laneAddress(target).replace('/lanes/', '/targets/')
}

function personOf({ env, userName }: Terminal): string | undefined {
  const named = env['SLUICE_PERSON']
  if (named !== undefined) return named
  const parsed = nameText.safeParse(userName())
  return parsed.success ? parsed.data : undefined
}

/** Address of a release given as `checkout/production/7` or with `release/` before it. */
export function releaseAddress(text: string): string {
  const parsed = parseReleaseId(text)
  if (parsed !== null) return `/api/v1/releases/${parsed.service}/${parsed.environment}/${parsed.number}`
  throw new CliFailure(EXIT.usage, `${clean(text)} is not a release; expected an id such as checkout/production/7`)
}

/** Address of a pipeline given as `checkout-regions/3fa9c2d1` or with `pipeline/` before it. */
export function pipelineAddress(text: string): string {
  const parsed = parsePipelineId(text)
  if (parsed !== null) return `/api/v1/pipelines/${parsed.name}/${parsed.run}`
  throw new CliFailure(EXIT.usage, `${clean(text)} is not a pipeline; expected an id such as checkout-regions/3fa9c2d1`)
}

export function laneAddress({ service, environment }: TargetId): string {
  for (const name of [service, environment]) {
    if (nameText.safeParse(name).success) continue
    throw new CliFailure(EXIT.usage, `${clean(name)} is not a name; expected lower-case letters, digits and dashes`)
  }
  return `/api/v1/lanes/${service}/${environment}`
}
