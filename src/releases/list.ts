import { createHash } from 'node:crypto'
import type { Client, WorkflowExecutionInfo } from '@temporalio/client'
import { isGrpcServiceError } from '@temporalio/client'
import { executionInfoFromRaw } from '@temporalio/client/lib/helpers.js'
import { SluiceError } from '../domain/errors.ts'
import { PIPELINE_ENDS } from '../domain/pipeline/pipeline-state.ts'
import { RELEASE_ENDS } from '../domain/release/release-state.ts'
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts'
import { LOST_ENDS } from './directory.ts'
import type { ListFilter, PageRequest, ReleasePage, ReleaseRow } from './releases.ts'
import { fateOf } from './temporal-errors.ts'

/**
 * One page of releases as Temporal's visibility has them.
 * @throws SluiceError `request.invalid` for a filter that is no name, and for a token that no page was given.
 */
export async function listPage(client: Client, filter: ListFilter, page: PageRequest): Promise<ReleasePage> {
  const { rows, next } = await pageOf(client, queryOf(filter), page)
  return { releases: rows.map(rowOf), next }
}

/** One page of what visibility answers to a query, newest first. @throws SluiceError `request.invalid` for a foreign token */
export async function pageOf(
  client: Client,
  query: string,
  page: PageRequest,
): Promise<{ readonly rows: readonly WorkflowExecutionInfo[]; readonly next: string | null }> {
  const token = page.next === null ? new Uint8Array() : readToken(page.next, query)
  const response = await client.connection.workflowService
    .listWorkflowExecutions({
      namespace: client.options.namespace,
      pageSize: page.size,
      query,
      nextPageToken: token,
    })
    .catch((error: unknown) => {
      // The token is the one part of this that comes from outside and that only the server can read.
      if (page.next === null || !isGrpcServiceError(error) || isPassing(error)) throw error
      throw noToken(page.next)
    })
  const { loadedDataConverter } = client.options
  const rows = await Promise.all(
    response.executions.map((raw) => executionInfoFromRaw(raw, loadedDataConverter, raw, client.options.namespace)),
  )
  return { rows, next: response.nextPageToken.length === 0 ? null : writeToken(response.nextPageToken, query) }
}

function isPassing(error: unknown): boolean {
  const fate = fateOf(error)
  // Some servers call a token that they cannot read an internal or an unknown error: those do not pass.
  return fate.kind === 'not-taken' || (isGrpcServiceError(error) && [1, 4, 14].includes(error.code))
}

/** The server's own token and a digest of the query that it belongs to. */
function writeToken(token: Uint8Array, query: string): string {
  return `${digestOf(query)}.${Buffer.from(token).toString('base64url')}`
}

function readToken(text: string, query: string): Buffer {
  const [digest, token = ''] = text.split('.')
  if (digest !== digestOf(query) || token === '') throw noToken(text)
  return Buffer.from(token, 'base64url')
}

function digestOf(query: string): string {
  return createHash('sha256').update(query).digest('base64url').slice(0, 12)
}

function noToken(text: string): SluiceError {
  return new SluiceError('request.invalid', {
    message: 'this page token does not belong to this filter',
    received: text.slice(0, 40),
    expected: 'the value of next from the previous page, with the same filter',
    fix: 'send next back unchanged, or start from the first page',
  })
}

/** Only names that passed their pattern reach the query, so nothing can be smuggled into it. */
function queryOf({ service, environment, phase }: ListFilter): string {
  const parts = [`WorkflowType = 'release'`]
  if (service !== undefined) parts.push(`SluiceService = '${plain(service)}'`)
  if (environment !== undefined) parts.push(`SluiceEnvironment = '${plain(environment)}'`)
  if (phase === 'open') parts.push(`ExecutionStatus = 'Running'`)
  else if (phase === 'closed') parts.push(`ExecutionStatus != 'Running'`)
  else if (phase !== undefined) parts.push(`SluicePhase = '${plain(phase)}'`)
  return parts.join(' AND ')
}

/** @throws SluiceError `request.invalid` for what cannot be a name */
export function plain(word: string): string {
  if (/^[a-z0-9-]{1,63}$/.test(word)) return word
  throw new SluiceError('request.invalid', {
    message: 'this cannot be a name',
    received: word,
    expected: 'lower-case letters, digits and dashes',
    fix: 'filter by a name of that form',
  })
}

/** How a release or a pipeline ends by itself. */
const ENDS: readonly string[] = [...RELEASE_ENDS, ...PIPELINE_ENDS]

/** Where the workflow was last, as it said itself; `gone` for one that was ended in Temporal on its way. */
export function phaseIn({ status, typedSearchAttributes }: WorkflowExecutionInfo, first: string): string {
  const phase = typedSearchAttributes.get(SEARCH_ATTRIBUTES.phase) ?? first
  return Object.hasOwn(LOST_ENDS, status.name) && !ENDS.includes(phase) ? 'gone' : phase
}

function rowOf(info: WorkflowExecutionInfo): ReleaseRow {
  const { typedSearchAttributes: attributes } = info
  return {
    releaseId: info.workflowId,
    service: attributes.get(SEARCH_ATTRIBUTES.service) ?? '',
    environment: attributes.get(SEARCH_ATTRIBUTES.environment) ?? '',
    version: attributes.get(SEARCH_ATTRIBUTES.version) ?? '',
    phase: phaseIn(info, 'starting'),
    weight: attributes.get(SEARCH_ATTRIBUTES.weight) ?? 0,
    verdict: attributes.get(SEARCH_ATTRIBUTES.verdict) ?? 'none',
    startedAt: info.startTime.getTime(),
    endedAt: info.closeTime?.getTime() ?? null,
  }
}
