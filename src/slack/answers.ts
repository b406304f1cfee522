import { createHash } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Installation } from '../config/installation.ts'
import { startPipeline } from '../config/pipeline-start.ts'
import { type Foresight, notesOfStart, prepareStart } from '../config/start.ts'
import { registeredPlanOf, requireTarget } from '../config/targets.ts'
import { giveTicket, linkWith } from '../config/tickets.ts'
import type { Actor } from '../domain/actor.ts'
import { SluiceError } from '../domain/errors.ts'
import { pipelineName } from '../domain/pipeline/pipeline.ts'
import { versionsText } from '../domain/pipeline/pipeline-words.ts'
import type { PipelineRead } from '../domain/pipeline/read-pipeline.ts'
import type { PlanRead } from '../domain/plan/plan.ts'
import { formatPath, type Problem } from '../domain/problems.ts'
import { openLines } from '../domain/readiness/answers.ts'
import { waivedIn } from '../domain/readiness/rules.ts'
import { type CommandVerb, VERBS } from '../domain/release/verbs.ts'
import { releaseName, type TargetId, targetName } from '../domain/target.ts'
import type { Instant } from '../domain/units.ts'
import type { Pipelines, ShownPipeline } from '../releases/pipelines.ts'
import type { Releases, ShownCard } from '../releases/releases.ts'
import { laneText, ticketText } from './blocks.ts'
import { checklistText } from './checklist.ts'
import { HELP, type SlashCommand } from './command-text.ts'
import { type Patience, untilTaken } from './patience.ts'
import { holdOf, pipelinesText } from './pipeline-blocks.ts'
import { clamp, escape, escapeLines, LIMITS } from './text.ts'

/** What Slack's people can reach; the same as through HTTP. */
export interface SlackDependencies extends Foresight {
  readonly releases: Releases
  readonly pipelines: Pipelines
  readonly plans: (target: TargetId) => Promise<unknown>
  readonly readPlan: (written: unknown) => Promise<PlanRead>
  readonly readPipeline: (written: unknown) => Promise<PipelineRead>
  readonly now?: () => Instant
  readonly logger?: FastifyBaseLogger
}

/** Who typed or clicked, by the only two words of Slack that cannot be chosen by the user. */
export interface SlackUser {
  readonly team: string
  readonly user: string
}

/** A sentence for one person in Slack's markup, or the release or pipeline when that says it better. */
export interface Answer {
  readonly text: string
  readonly card: ShownCard | ShownPipeline | null
}

type WithPatience = SlackDependencies & {
  /** How a request is tried again that nobody has answered. */
  readonly patience: Patience
  /** Says something to the person before the answer. */
  readonly say: (text: string) => Promise<void>
}

/** Carries out what was typed. `delivery` is the same for every delivery of one request. */
export async function answerSlash(
  command: SlashCommand,
  user: SlackUser,
  delivery: string,
  deps: WithPatience,
): Promise<Answer> {
  const { releases, installation } = deps
  switch (command.kind) {
    case 'help':
      return { text: escapeLines(HELP), card: null }
    case 'status': {
      const card = await releases.show(command.releaseId)
      return { text: '', card }
    }
    case 'pipeline':
      return { text: '', card: await deps.pipelines.show(command.pipelineId) }
    case 'pipelines':
      return listPipelines(command.name, deps)
    case 'ready': {
      const { person } = requirePerson(user, installation)
      return askReady(command, person, deps)
    }
    case 'start': {
      const author = requirePerson(user, installation)
      return start(command, author, keyOf(['start', user.team, user.user, delivery]), deps)
    }
    case 'start-pipeline': {
      const author = requirePerson(user, installation)
      return beginPipeline(command, author, keyOf(['start-pipeline', user.team, user.user, delivery]), deps)
    }
    case 'command': {
      requirePerson(user, installation)
      // What means the release, whatever step it has reached, waits for no look.
      const { meansStep } = VERBS[command.verb]
      const step = meansStep ? (await releases.show(command.releaseId)).step : 0
      return answerCommand({ ...command, step }, user, delivery, deps)
    }
    case 'pipeline-command':
      return answerPipelineCommand(command, user, delivery, deps)
    case 'lane':
      requireTarget(installation, command.target)
      return { text: laneText(await releases.lane(command.target)), card: null }
    case 'back': {
      const actor = requirePerson(user, installation)
      requireTarget(installation, command.target)
      const asked = { actor, reason: command.reason, key: keyOf(['back', user.team, user.user, delivery]) }
      return placedAnswer(await untilTaken(() => releases.back(command.target, asked), deps.patience))
    }
    case 'try': {
      const { person } = requirePerson(user, installation)
      return give(command, person, deps)
    }
    case 'recover': {
      const { person } = requirePerson(user, installation)
      requireTarget(installation, command.target)
      const key = keyOf(['recover', user.team, user.user, delivery])
      const request = { by: person, reason: command.reason, key }
      return {
        text: laneText(await untilTaken(() => releases.recover(command.target, request), deps.patience)),
        card: null,
      }
    }
  }
}

interface StepCommand {
  readonly verb: CommandVerb
  readonly releaseId: string
  readonly step: number
  readonly reason: string
}

/** @throws SluiceError as the façade does, and `command.forbidden` for strangers */
export async function answerCommand(
  { verb, releaseId, step, reason }: StepCommand,
  user: SlackUser,
  delivery: string,
  { releases, installation, patience }: WithPatience,
): Promise<Answer> {
  const actor = requirePerson(user, installation)
  // Without the step: a second delivery that finds the release further on must not count for the next approval.
  const key = keyOf([verb, releaseId, user.team, user.user, delivery])
  const command = { verb, releaseId, step: VERBS[verb].meansStep ? step : null, reason, actor, key }
  const { text, phase, isSettled } = await untilTaken(() => releases.command(command), patience)
  // What is not carried out yet, or has left the queue, no card shows.
  const hasCard = isSettled && phase !== 'withdrawn'
  return { text: escape(text), card: hasCard ? await releases.show(releaseId) : null }
}

type PipelineAsked = Omit<Extract<SlashCommand, { kind: 'pipeline-command' }>, 'kind'> & {
  /** Why it was paused when the button was drawn. */
  readonly hold?: string | undefined
}

/** @throws SluiceError as the façade does, and `command.forbidden` for strangers */
export async function answerPipelineCommand(
  { hold, ...asked }: PipelineAsked,
  user: SlackUser,
  delivery: string,
  { pipelines, installation, patience }: WithPatience,
): Promise<Answer> {
  const actor = requirePerson(user, installation)
  const { verb, pipelineId } = asked
  const key = keyOf([verb, pipelineId, user.team, user.user, delivery])
  if (hold !== undefined) {
    const card = await pipelines.show(pipelineId)
    // One that is not paused at all may have gone on by this very click.
    if (card.phase === 'paused' && hold !== holdOf(card))
      throw new SluiceError('command.stale', {
        message: 'the pipeline is paused for another reason by now',
        fix: 'look at the pipeline and decide again',
      })
  }
  await untilTaken(() => pipelines.command({ ...asked, actor, key }), patience)
  return { text: '', card: await pipelines.show(pipelineId) }
}

/** What a person is told when something did not work; nothing that was not meant for people gets out. */
export function refusalText(error: unknown): string {
  if (!(error instanceof SluiceError)) return 'Sluice failed to do this; the log of the API says why'
  const fix = error.fix === undefined ? '' : `\n${escape(error.fix)}`
  return clamp(`${escape(error.message)}${fix}`, LIMITS.section)
}

/** @throws SluiceError `command.forbidden` */
function requirePerson({ team, user }: SlackUser, { people }: Installation): Actor {
  const person = people.find(({ slack }) => slack?.team === team && slack.user === user)
  if (person !== undefined) return { person: person.id, entrance: 'slack' }
  throw new SluiceError('command.forbidden', {
    message: `you can look, but not act: nobody in sluice.yaml has the Slack user ${user} of the workspace ${team}`,
    fix: 'ask an administrator to add both to your entry under people',
  })
}

type Placed = Awaited<ReturnType<Releases['start']>>

/** What a request for a release came to, in one line. */
function placedAnswer({ releaseId, placed, ahead, returns }: Placed, what = ''): Answer {
  const back = returns === undefined ? what : `back to ${returns.version} on ${returns.pool}`
  const place = placed === 'started' ? 'started' : `queued, ${ahead} before it`
  return { text: `\`${releaseName(releaseId)}\` ${place}${back === '' ? '' : `: ${escape(back)}`}`, card: null }
}

async function give(
  { releaseId, lasts, page }: Extract<SlashCommand, { kind: 'try' }>,
  person: string,
  { releases, installation, logger, now = Date.now }: SlackDependencies,
): Promise<Answer> {
  const given = giveTicket(await releases.show(releaseId), installation, { now: now(), lasts })
  logger?.info({ releaseId, person, until: given.until }, 'a try-it ticket was given')
  return { text: ticketText(given, page === null ? null : linkWith(page, given)), card: null }
}

/** So many of each kind. */
const LISTED = 10

async function listPipelines(name: string | null, { pipelines }: SlackDependencies): Promise<Answer> {
  const listed = (phase: string) =>
    pipelines.list({ phase, ...(name !== null && { name }) }, { size: LISTED, next: null })
  const [open, ended] = await Promise.all([listed('open'), listed('closed')])
  return { text: pipelinesText(open, ended), card: null }
}

async function askReady(
  { target, version }: Extract<SlashCommand, { kind: 'ready' }>,
  author: string,
  deps: WithPatience,
): Promise<Answer> {
  const read = await deps.readPlan(await registeredPlanOf(target, deps))
  if ('problems' in read) return { text: problemText(planOf(target), read.problems), card: null }
  await deps.say('this looks at the target for some seconds; nobody is moved')
  const answers = await deps.releases.ready({ plan: read.plan, version, author })
  const isReady = openLines(answers, waivedIn(read.plan)).length === 0
  return { text: checklistText(target, answers, isReady), card: null }
}

async function start(
  { target, version, followsPlan, reason }: Extract<SlashCommand, { kind: 'start' }>,
  author: Actor,
  key: string,
  deps: WithPatience,
): Promise<Answer> {
  const read = await deps.readPlan(await registeredPlanOf(target, deps))
  if ('problems' in read) return { text: problemText(planOf(target), read.problems), card: null }
  const wish = { actor: author, reason, overridesFreeze: false }
  const begun = await prepareStart(read, wish, deps, (deps.now ?? Date.now)())
  if ('problems' in begun) return { text: problemText(planOf(target), begun.problems), card: null }
  const { notes, ...prepared } = begun
  const request = { ...prepared, version, author, reason, key, whenBusy: 'reject', mayReturn: !followsPlan } as const
  const answer = await untilTaken(() => deps.releases.start(request), deps.patience)
  const { text } = placedAnswer(answer, `${targetName(target)} ${version}`)
  const instead = answer.returns === undefined ? [] : ['write follow-plan after the version to follow the plan instead']
  const said = [text, ...[...notesOfStart(answer, notes), ...instead].map(escape)]
  return { text: said.join('\n'), card: null }
}

async function beginPipeline(
  { name, version, reason }: Extract<SlashCommand, { kind: 'start-pipeline' }>,
  actor: Actor,
  key: string,
  deps: WithPatience,
): Promise<Answer> {
  const now = (deps.now ?? Date.now)()
  const begun = await untilTaken(
    () => startPipeline({ name }, { actor, version, reason, key }, deps, now),
    deps.patience,
  )
  if ('problems' in begun) return { text: problemText(`the pipeline ${name}`, begun.problems), card: null }
  const versions = typeof version === 'string' ? version : versionsText(version)
  const started = `\`${pipelineName(begun.pipelineId)}\` started: ${escape(versions)}`
  return { text: [started, ...begun.notes.map(escape)].join('\n'), card: null }
}

const planOf = (target: TargetId) => `the plan of ${targetName(target)}`

function problemText(of: string, problems: readonly Problem[]): string {
  const lines = problems.slice(0, 10).map(({ path, message, place }) => {
    const where = place === undefined ? formatPath(path) : `${place.file}:${place.line}:${place.column}`
    return `• \`${escape(where)}\` ${escape(message)}`
  })
  const head = `${escape(of)} has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}:`
  return clamp([head, ...lines].join('\n'), LIMITS.section)
}

function keyOf(parts: readonly string[]): string {
  return `slack-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`
}
