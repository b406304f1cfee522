import { isFor } from '../config/hook-rules.ts'
import type { HookConfig, OutboundConfig } from '../config/hook-schema.ts'
import type { TargetConfig } from '../config/installation-schema.ts'
import { SluiceError } from '../domain/errors.ts'
import { type TargetId, targetName } from '../domain/target.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { type AddressPolicy, createAddressPolicy } from '../outbound/address-policy.ts'
import { issueTicket, TICKET_NAME, ticketKeyOf } from '../tickets/ticket.ts'
import { askThrough, askVersions } from './ask-versions.ts'
import { askCommand, callCommand } from './command.ts'
import type { CallRequest, Outside } from './outside.ts'
import { fillingsOf } from './placeholders.ts'
import { askWebhook, callWebhook } from './webhook.ts'

interface OutsideParts {
  /** What `sluice.yaml` says. */
  readonly installation: {
    readonly hooks?: Readonly<Record<string, HookConfig>>
    readonly outbound?: OutboundConfig
    readonly find: (target: TargetId) => Pick<TargetConfig, 'version'> | null
    readonly ticketSecret?: (() => string) | null
  }
  readonly variables: NodeJS.ProcessEnv
  readonly now: () => Instant
  readonly policy?: AddressPolicy
}

/** Carries out the calls of an installation. */
export function createOutside({ installation, variables, now, policy: given }: OutsideParts): Outside {
  const { hooks = {}, outbound } = installation
  const policy = given ?? createAddressPolicy(outbound?.privateAddresses ?? [])
  const secret = (name: string) => secretIn(variables, name)
  const parts = { policy, secret, now, callbackUrl: outbound?.callbackUrl ?? null }

  /** Asked again here: the plan was read by another process, perhaps with another file. */
  function callOf({ call, target }: Pick<CallRequest, 'call' | 'target'>): HookConfig {
    const found = Object.hasOwn(hooks, call) ? hooks[call] : undefined
    if (found === undefined || !isFor(target, found)) throw unknownCall(call, target)
    if (found.command !== undefined && outbound?.commands !== true) throw notAllowed(call)
    return found
  }

  async function ask(request: CallRequest, signal: AbortSignal) {
    const { webhook, command } = callOf(request)
    if (webhook !== undefined) return askWebhook(webhook, request, parts, signal)
    if (command !== undefined) return askCommand(command, request, variables, signal)
    throw unknownCall(request.call, request.target)
  }

  return {
    ask,
    async call(request, signal) {
      const { webhook, command } = callOf(request)
      if (webhook !== undefined) return callWebhook(webhook, request, parts, signal)
      if (command !== undefined) return callCommand(command, request, variables, signal)
      throw unknownCall(request.call, request.target)
    },
    async dry(request, signal) {
      const { dry } = callOf(request)
      return dry === undefined ? null : ask({ ...request, call: dry }, signal)
    },
    async reached({ target, version, roles, testerOf }, signal) {
      const config = installation.find(target)?.version
      const { ticketSecret = null } = installation
      if (config?.through === undefined || ticketSecret === null) return null
      const fillings = fillingsOf({ target, version, roles, releaseId: testerOf ?? '', step: 0, key: '' })
      const cookie =
        testerOf === null
          ? null
          : `${TICKET_NAME}=${issueTicket(ticketKeyOf(ticketSecret(), testerOf), { until: now() + TICKET_LASTS })}`
      return askThrough({ through: config.through, json: config.json }, fillings, policy, cookie, signal)
    },
    async versionsOf({ target, version, roles }, pool, signal) {
      const config = installation.find(target)?.version
      if (config === undefined) throw noVersion(target)
      const fillings = fillingsOf({ target, version, roles, releaseId: '', step: 0, key: '' })
      return askVersions(config, pool, fillings, policy, signal)
    },
  }
}

/** Long enough for one request, and for nothing else. */
const TICKET_LASTS: Milliseconds = 30_000

/** Where nothing outside is defined, as in tests that need nothing of it. */
export const NOTHING_OUTSIDE: Outside = createOutside({
  installation: { find: () => null },
  variables: {},
  now: () => 0,
})

function secretIn(variables: NodeJS.ProcessEnv, name: string): string {
  const value = variables[name]
  if (value !== undefined && value !== '') return value
  throw new SluiceError('hook.misconfigured', {
    message: `the environment variable ${name}, which a call needs, is not set`,
    fix: `set ${name} for every worker, then resume`,
  })
}

function unknownCall(call: string, target: TargetId): SluiceError {
  return new SluiceError('hook.misconfigured', {
    message: `there is no call ${call} for ${targetName(target)} in the sluice.yaml of this worker`,
    fix: 'give every worker the same sluice.yaml, then resume',
  })
}

function notAllowed(call: string): SluiceError {
  return new SluiceError('hook.misconfigured', {
    message: `this worker may not run commands, and ${call} is one`,
    expected: 'outbound: { commands: true } in its sluice.yaml',
    fix: 'give every worker the same sluice.yaml, then resume',
  })
}

function noVersion(target: TargetId): SluiceError {
  return new SluiceError('hook.misconfigured', {
    message: `nobody can say which version runs: ${targetName(target)} has no version in the sluice.yaml of this worker`,
    fix: 'give every worker the same sluice.yaml, then resume',
  })
}
