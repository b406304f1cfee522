import { TICKET_LASTS } from '../config/tickets.ts'
import { nameText } from '../domain/plan/plan-values.ts'
import { BUTTON_VERBS, type ButtonVerb, VERBS } from '../domain/release/verbs.ts'
import { parseReleaseId, type TargetId } from '../domain/target.ts'
import { type Milliseconds, parseDuration } from '../domain/units.ts'

/** What somebody typed after `/release`. */
export type SlashCommand =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'start'
      readonly target: TargetId
      readonly version: string
      /** True to go step by step where the version is the one before. */
      readonly followsPlan: boolean
      readonly reason: string
    }
  | { readonly kind: 'status'; readonly releaseId: string }
  | { readonly kind: 'lane'; readonly target: TargetId }
  | { readonly kind: 'back' | 'recover'; readonly target: TargetId; readonly reason: string }
  | {
      readonly kind: 'try'
      readonly releaseId: string
      readonly lasts: Milliseconds
      /** A page of the service to link to; null for the ticket alone. */
      readonly page: string | null
    }
  | { readonly kind: 'command'; readonly verb: ButtonVerb; readonly releaseId: string; readonly reason: string }

export const HELP = [
  '`/release start <service> <environment> <version> [follow-plan] [reason]`  start with the plan of the target',
  '`/release status <release>`  show how it stands',
  ...BUTTON_VERBS.map((verb) => `\`/release ${verb} <release> [reason]\`  ${VERBS[verb].does}`),
  '`/release try <release> [1h] [address]`  a link and a cookie that put one person on the canary',
  '`/release back <service> <environment> [reason]`  return to the version before while its pool is kept',
  '`/release lane <service> <environment>`  what runs, what waits, who controls the router',
  '`/release recover <service> <environment> <reason>`  send everybody back to stable, and end the release that runs',
  'A release is named like `checkout/production/7`.',
].join('\n')

const LONGEST_REASON = 500

/** Reads the text strictly: what does not fit is answered with the sentence that helps. */
export function parseSlashCommand(text: string): { command: SlashCommand } | { refusal: string } {
  const words = unescape(text).trim().split(/\s+/)
  const [word = '', ...rest] = words
  switch (word) {
    case '':
    case 'help':
      return { command: { kind: 'help' } }
    case 'start':
      return readStart(rest)
    case 'status':
      return readStatus(rest)
    case 'lane':
      return readLane(rest)
    case 'back':
      return readBack(rest)
    case 'recover':
      return readRecover(rest)
    case 'try':
      return readTry(rest)
  }
  const verb = BUTTON_VERBS.find((known) => known === word)
  if (verb !== undefined) return readVerb(verb, rest)
  return { refusal: `there is no command ${word}; the commands are:\n${HELP}` }
}

function readStart([service, environment, version, ...reason]: readonly string[]) {
  if (service === undefined || environment === undefined || version === undefined) {
    return {
      refusal:
        'start needs a service, an environment and a version, such as: /release start checkout production v2.4.1',
    }
  }
  const names = refusalOfNames([service, environment])
  if (names !== null) return names
  if (!/^[A-Za-z0-9][A-Za-z0-9._+:@/-]{0,127}$/.test(version)) {
    return { refusal: `${version} is not a version: at most 128 letters, digits and ._+:@/-` }
  }
  const followsPlan = reason[0] === 'follow-plan'
  return withReason(followsPlan ? reason.slice(1) : reason, (text) => ({
    kind: 'start' as const,
    target: { service, environment },
    version,
    followsPlan,
    reason: text,
  }))
}

function readStatus([id = '', ...more]: readonly string[]) {
  const release = releaseOf(id)
  if ('refusal' in release) return release
  if (more.length > 0) return { refusal: `status takes only a release; what is “${more.join(' ')}”?` }
  return { command: { kind: 'status' as const, releaseId: release.releaseId } }
}

function readLane([service, environment, ...more]: readonly string[]) {
  if (service === undefined || environment === undefined || more.length > 0)
    return { refusal: 'lane needs a service and an environment, such as: /release lane checkout production' }
  const names = refusalOfNames([service, environment])
  return names ?? { command: { kind: 'lane' as const, target: { service, environment } } }
}

function readBack([service, environment, ...reason]: readonly string[]) {
  if (service === undefined || environment === undefined)
    return { refusal: 'back needs a service and an environment, such as: /release back checkout production' }
  const names = refusalOfNames([service, environment])
  return (
    names ?? withReason(reason, (text) => ({ kind: 'back' as const, target: { service, environment }, reason: text }))
  )
}

/** Slack hands an address on as `<https://shop.example>`, or with what was typed after a bar. */
const LINK = /^<?(https?:\/\/[^\s|<>]{1,500})(?:\|[^\s<>]*)?>?$/

function readTry([id = '', ...more]: readonly string[]) {
  const release = releaseOf(id)
  if ('refusal' in release) return release
  const [page = null, ...others] = more.flatMap((word) => LINK.exec(word)?.[1] ?? [])
  const [lasting = null, ...words] = more.filter((word) => !LINK.test(word))
  const parsed = lasting === null ? null : parseDuration(lasting)
  const lasts = parsed === null ? TICKET_LASTS.usual : parsed.ok ? parsed.value : 0
  if (others.length + words.length > 0 || lasts < TICKET_LASTS.least || lasts > TICKET_LASTS.most)
    return { refusal: `try takes a release, perhaps a time from 1m to 7d and an address, such as: ${TRY_EXAMPLE}` }
  return { command: { kind: 'try' as const, releaseId: release.releaseId, lasts, page } }
}

const TRY_EXAMPLE = '/release try checkout/production/7 1h https://shop.example'

function readRecover([service, environment, ...reason]: readonly string[]) {
  if (service === undefined || environment === undefined || reason.length === 0) {
    return {
      refusal:
        'recover needs a service, an environment and a reason, such as: /release recover checkout production the canary hangs',
    }
  }
  const names = refusalOfNames([service, environment])
  if (names !== null) return names
  return withReason(reason, (text) => ({
    kind: 'recover' as const,
    target: { service, environment },
    reason: text,
  }))
}

function refusalOfNames(names: readonly string[]): { refusal: string } | null {
  const wrong = names.find((name) => !nameText.safeParse(name).success)
  return wrong === undefined ? null : { refusal: `${wrong} is not a name: lower-case letters, digits and dashes` }
}

function readVerb(verb: ButtonVerb, [id = '', ...reason]: readonly string[]) {
  const release = releaseOf(id)
  if ('refusal' in release) return release
  return withReason(reason, (text) => ({ kind: 'command' as const, verb, releaseId: release.releaseId, reason: text }))
}

function releaseOf(id: string): { releaseId: string } | { refusal: string } {
  const parsed = parseReleaseId(id)
  if (parsed !== null) return { releaseId: parsed.releaseId }
  return {
    refusal: `${id === '' ? 'a release is missing' : `${id} is not a release`}; name it like checkout/production/7`,
  }
}

function withReason<T extends SlashCommand>(words: readonly string[], make: (reason: string) => T) {
  const reason = words.join(' ')
  if (reason.length > LONGEST_REASON) return { refusal: `a reason has at most ${LONGEST_REASON} characters` }
  return { command: make(reason.replace(/\p{Cc}/gu, ' ')) }
}

/** Slack escapes three characters in what people type. */
function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}
