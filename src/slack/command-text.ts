import { nameText } from '../domain/plan/plan-values.ts'
import { BUTTON_VERBS, type ButtonVerb, VERBS } from '../domain/release/verbs.ts'
import { parseReleaseId, type TargetId } from '../domain/target.ts'

/** What somebody typed after `/release`. */
export type SlashCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'start'; readonly target: TargetId; readonly version: string; readonly reason: string }
  | { readonly kind: 'status'; readonly releaseId: string }
  | { readonly kind: 'lane'; readonly target: TargetId }
  | { readonly kind: 'recover'; readonly target: TargetId; readonly reason: string }
  | { readonly kind: 'command'; readonly verb: ButtonVerb; readonly releaseId: string; readonly reason: string }

export const HELP = [
  '`/release start <service> <environment> <version> [reason]`  start with the plan of the target',
  '`/release status <release>`  show how it stands',
  ...BUTTON_VERBS.map((verb) => `\`/release ${verb} <release> [reason]\`  ${VERBS[verb].does}`),
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
    case 'recover':
      return readRecover(rest)
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
  return withReason(reason, (text) => ({
    kind: 'start' as const,
    target: { service, environment },
    version,
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
