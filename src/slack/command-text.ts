import { TICKET_LASTS } from '../config/tickets.ts'
import { namedTwice, parsePipelineId, pipelineName } from '../domain/pipeline/pipeline.ts'
import { PIPELINE_VERB_NAMES, PIPELINE_VERBS, type PipelineVerb } from '../domain/pipeline/pipeline-verbs.ts'
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
  | {
      readonly kind: 'start-pipeline'
      readonly name: string
      /** One for all services, or one for each. */
      readonly version: string | Readonly<Record<string, string>>
      readonly reason: string
    }
  | { readonly kind: 'status'; readonly releaseId: string }
  | { readonly kind: 'pipeline'; readonly pipelineId: string }
  /** All of them, or those of one name. */
  | { readonly kind: 'pipelines'; readonly name: string | null }
  | { readonly kind: 'ready'; readonly target: TargetId; readonly version: string | null }
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
  | {
      readonly kind: 'pipeline-command'
      readonly verb: PipelineVerb
      readonly pipelineId: string
      /** Null where only one can be meant, or the whole pipeline is. */
      readonly stage: string | null
      readonly reason: string
    }

export const HELP = [
  '`/release start <service> <environment> <version> [follow-plan] [reason]`  start with the plan of the target',
  '`/release status <release>`  show how it stands',
  ...BUTTON_VERBS.map((verb) => `\`/release ${verb} <release> [reason]\`  ${VERBS[verb].does}`),
  '`/release ready <service> <environment> [version]`  whether a release could begin, and what is missing',
  '`/release try <release> [1h] [address]`  a link and a cookie that put one person on the canary',
  '`/release back <service> <environment> [reason]`  return to the version before while its pool is kept',
  '`/release lane <service> <environment>`  what runs, what waits, who controls the router',
  '`/release recover <service> <environment> <reason>`  send everybody back to stable, and end the release that runs',
  '`/release start-pipeline <name> <version> [reason]`  start a pipeline of the installation; a train takes `service=version` for each service',
  '`/release pipelines [name]`  the pipelines, those that are open first',
  '`/release pipeline <pipeline>`  show how it stands',
  ...PIPELINE_VERB_NAMES.map((verb) => {
    const { meansStage, does } = PIPELINE_VERBS[verb]
    return `\`/release ${verb} <pipeline>${meansStage ? '[/stage]' : ''} [reason]\`  ${does}`
  }),
  'A release is named like `checkout/production/7`, a pipeline like `checkout-regions/3fa9c2d1`, a stage of it like `checkout-regions/3fa9c2d1/eu`.',
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
    case 'start-pipeline':
      return readStartPipeline(rest)
    case 'status':
      return readStatus(rest)
    case 'pipeline':
      return readPipeline(rest)
    case 'pipelines':
      return readPipelines(rest)
    case 'ready':
      return readReady(rest)
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
  const wrong = refusalOfVersion(version)
  if (wrong !== null) return wrong
  const followsPlan = reason[0] === 'follow-plan'
  return withReason(followsPlan ? reason.slice(1) : reason, (text) => ({
    kind: 'start' as const,
    target: { service, environment },
    version,
    followsPlan,
    reason: text,
  }))
}

function readStartPipeline([name, ...words]: readonly string[]) {
  const end = words.findIndex((word) => !word.includes('='))
  const versions = words.slice(0, end === -1 ? words.length : Math.max(end, 1))
  const [first] = versions
  if (name === undefined || first === undefined)
    return {
      refusal: `start-pipeline needs the name of a pipeline and a version, or service=version for each service, such as: ${START_PIPELINE_EXAMPLE}`,
    }
  const pairs = versions.map((word) => /^(?:(.*?)=)?(.*)$/.exec(word) ?? [])
  const services = first.includes('=') ? pairs.map(([, service = '']) => service) : []
  const wrongs = pairs.flatMap(([, , version = '']) => refusalOfVersion(version) ?? [])
  const twice = namedTwice(services)
  const repeated = twice === undefined ? undefined : { refusal: `${twice} has two versions: name each service once` }
  const wrong = refusalOfNames([name, ...services]) ?? wrongs[0] ?? repeated
  if (wrong !== undefined) return wrong
  const byService = Object.fromEntries(pairs.map(([, service = '', version = '']) => [service, version]))
  const version = services.length === 0 ? first : byService
  return withReason(words.slice(versions.length), (reason) => ({
    kind: 'start-pipeline' as const,
    name,
    version,
    reason,
  }))
}

const START_PIPELINE_EXAMPLE = '/release start-pipeline checkout-regions 2.4.1'

function refusalOfVersion(version: string): { refusal: string } | null {
  return /^[A-Za-z0-9][A-Za-z0-9._+:@/-]{0,127}$/.test(version)
    ? null
    : { refusal: `${version} is not a version: at most 128 letters, digits and ._+:@/-` }
}

function readReady([service, environment, version, ...more]: readonly string[]) {
  if (service === undefined || environment === undefined || more.length > 0)
    return {
      refusal:
        'ready needs a service, an environment and perhaps a version, such as: /release ready checkout production v2',
    }
  const wrong = refusalOfNames([service, environment]) ?? (version === undefined ? null : refusalOfVersion(version))
  return wrong ?? { command: { kind: 'ready' as const, target: { service, environment }, version: version ?? null } }
}

function readPipelines([name, ...more]: readonly string[]) {
  if (more.length > 0) return { refusal: `pipelines takes only a name; what is “${more.join(' ')}”?` }
  const wrong = name === undefined ? null : refusalOfNames([name])
  return wrong ?? { command: { kind: 'pipelines' as const, name: name ?? null } }
}

function readPipeline([id = '', ...more]: readonly string[]) {
  const parsed = parsePipelineId(id)
  if (parsed === null)
    return {
      refusal: `${id === '' ? 'a pipeline is missing' : `${id} is not a pipeline`}; name it like ${PIPELINE_EXAMPLE}, or see /release pipelines`,
    }
  if (more.length > 0) return { refusal: `pipeline takes only a pipeline; what is “${more.join(' ')}”?` }
  return { command: { kind: 'pipeline' as const, pipelineId: parsed.pipelineId } }
}

const PIPELINE_EXAMPLE = 'checkout-regions/3fa9c2d1'

function readStatus([id = '', ...more]: readonly string[]) {
  if (parsePipelineId(id) !== null) return readPipeline([id, ...more])
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
  const pipeline = pipelineIn(id)
  if (pipeline !== null) return readPipelineVerb(verb, pipeline, reason)
  const release = releaseOf(id, `, or a pipeline like ${PIPELINE_EXAMPLE}`)
  if ('refusal' in release) return release
  return withReason(reason, (text) => ({ kind: 'command' as const, verb, releaseId: release.releaseId, reason: text }))
}

function readPipelineVerb(
  verb: PipelineVerb,
  { pipelineId, stage }: NonNullable<ReturnType<typeof pipelineIn>>,
  reason: readonly string[],
) {
  if (stage !== null && !PIPELINE_VERBS[verb].meansStage)
    return { refusal: `${verb} means the whole pipeline: /release ${verb} ${pipelineName(pipelineId)}` }
  return withReason(reason, (text) => ({ kind: 'pipeline-command' as const, verb, pipelineId, stage, reason: text }))
}

const STAGE = /^(.+\/[0-9a-f]{8})\/([^/]+)$/

/**
 * A pipeline, or one of its stages as `checkout-regions/3fa9c2d1/eu`; null for what is neither. An environment may be called as a
 * run is: what could be a release as well is no stage.
 */
function pipelineIn(id: string) {
  const whole = parsePipelineId(id)
  if (whole !== null) return { pipelineId: whole.pipelineId, stage: null }
  const [, of = '', stage = ''] = parseReleaseId(id) === null ? (STAGE.exec(id) ?? []) : []
  const parsed = parsePipelineId(of)
  return parsed === null ? null : { pipelineId: parsed.pipelineId, stage }
}

function releaseOf(id: string, or = ''): { releaseId: string } | { refusal: string } {
  const parsed = parseReleaseId(id)
  if (parsed !== null) return { releaseId: parsed.releaseId }
  return {
    refusal: `${id === '' ? 'a release is missing' : `${id} is not a release`}; name it like checkout/production/7${or}`,
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
