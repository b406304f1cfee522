import type { WebhookConfig } from '../config/hook-schema.ts'
import { isRecord, parseJson } from '../domain/json.ts'
import type { Instant } from '../domain/units.ts'
import type { AddressPolicy } from '../outbound/address-policy.ts'
import { signedHeaders } from '../outbound/signature.ts'
import { callGuarded, type GuardedAnswer } from './guarded-call.ts'
import type { AskOutcome, CallOutcome, CallRequest } from './outside.ts'
import { fill, fillingsOf, fillJson } from './placeholders.ts'
import { saidLine } from './said.ts'

interface WebhookParts {
  readonly policy: AddressPolicy
  /** The value of an environment variable. @throws SluiceError `hook.misconfigured` */
  readonly secret: (name: string) => string
  /** Where the API is reached, or null when nobody calls back. */
  readonly callbackUrl: string | null
  readonly now: () => Instant
}

/** Sends a call as a webhook. A 2xx is a yes; what may pass by itself is asked again; anything else is a no. */
export async function callWebhook(
  config: WebhookConfig,
  request: CallRequest,
  parts: WebhookParts,
  signal: AbortSignal,
): Promise<CallOutcome> {
  const answer = await send(config, request, parts, signal)
  if (answer.kind === 'unclear') return { kind: 'unanswered', reason: answer.reason }
  if (answer.kind === 'unusable') return { kind: 'refused', reason: `it answered with ${answer.reason}` }
  const { status } = answer
  if (isPassing(status)) return { kind: 'unanswered', reason: `it answered ${status}` }
  if (status < 200 || status > 299) return { kind: 'refused', reason: `it answered ${status}${reasonIn(answer.text)}` }
  if (config.callback !== undefined) return { kind: 'begun', within: config.callback.within }
  return { kind: 'done', text: '' }
}

/** Asks a webhook for a yes: `{ "answer": "yes" | "no" | "wait", "reason"?: … }`. */
export async function askWebhook(
  config: WebhookConfig,
  request: CallRequest,
  parts: WebhookParts,
  signal: AbortSignal,
): Promise<AskOutcome> {
  const answer = await send(config, request, parts, signal)
  if (answer.kind !== 'answer') return { kind: 'unreadable', reason: answer.reason }
  const { status, text } = answer
  if (status === 202) return { kind: 'wait', reason: '' }
  const body = parseJson(text)
  const said = isRecord(body) ? body['answer'] : undefined
  if (status < 200 || status > 299) return { kind: 'unreadable', reason: `it answered ${status}` }
  if (said !== 'yes' && said !== 'no' && said !== 'wait')
    return { kind: 'unreadable', reason: `it answered ${status} without an "answer" of yes, no or wait` }
  return { kind: said, reason: isRecord(body) && typeof body['reason'] === 'string' ? saidLine(body['reason']) : '' }
}

async function send(
  config: WebhookConfig,
  request: CallRequest,
  { policy, secret, callbackUrl, now }: WebhookParts,
  signal: AbortSignal,
): Promise<GuardedAnswer> {
  const callback = callbackOf(config, request, callbackUrl)
  const fillings = { ...fillingsOf(request), ...(callback !== null && { callback }) }
  const { method, deadline } = config
  const address = fill(config.url, fillings, encodeURIComponent)
  const written = config.body === undefined ? envelope(request, callback) : fillJson(config.body, fillings)
  const body = method === 'GET' ? '' : JSON.stringify(written)
  const headers = {
    ...(body !== '' && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    'user-agent': 'sluice',
    ...config.headers,
    'idempotency-key': request.key,
    ...(config.bearer !== undefined && { authorization: `Bearer ${secret(config.bearer.env)}` }),
    ...(config.secret !== undefined && signedHeaders(secret(config.secret.env), body, now())),
  }
  return callGuarded(policy, address, { method, headers, body: body === '' ? null : body, deadline }, signal)
}

/** What a webhook is told that has no body of its own. */
function envelope(request: CallRequest, callback: string | null): object {
  const { target, releaseId, version, roles, step, call, key, direction } = request
  return {
    ...{ call, direction, key, release: releaseId, step, version },
    ...{ service: target.service, environment: target.environment, pool: roles.canary, stable: roles.stable },
    ...(callback !== null && { callback }),
  }
}

/** Where the answer is sent that comes later; null where none does. */
function callbackOf(
  { callback }: WebhookConfig,
  { releaseId }: CallRequest,
  callbackUrl: string | null,
): string | null {
  if (callback === undefined || callbackUrl === null) return null
  return new URL(`/callbacks/${releaseId.replace(/^release\//, '')}`, callbackUrl).href
}

/** Overload and the faults of those in between: the call may have arrived, and may pass next time. */
function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429
}

/** Only a `reason` that was meant to be shown is: whatever else a stranger has answered is not. */
function reasonIn(text: string): string {
  const body = parseJson(text)
  const reason = isRecord(body) ? body['reason'] : undefined
  return typeof reason === 'string' && reason !== '' ? `: ${saidLine(reason)}` : ''
}
