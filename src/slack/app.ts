import { setTimeout as sleep } from 'node:timers/promises'
import type { App, BlockAction, ButtonAction, Logger, Receiver, RespondFn } from '@slack/bolt'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { ErrorCode } from '../domain/error-codes.ts'
import { SluiceError } from '../domain/errors.ts'
import { parseJson } from '../domain/json.ts'
import { parsePipelineId } from '../domain/pipeline/pipeline.ts'
import { BUTTON_VERBS, type ButtonVerb } from '../domain/release/verbs.ts'
import { parseReleaseId } from '../domain/target.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { countedDelivery, type SlackMetrics } from '../telemetry/slack-metrics.ts'
import {
  type Answer,
  answerCommand,
  answerPipelineCommand,
  answerSlash,
  refusalText,
  type SlackDependencies,
  type SlackUser,
} from './answers.ts'
import { parseSlashCommand } from './command-text.ts'
import { actionIdOf } from './elements.ts'
import { cardMessage, textMessage } from './messages.ts'
import { mountSlack } from './mount.ts'
import type { Patience } from './patience.ts'
import { createSignatureCheck } from './signature.ts'
import { escapeLines } from './text.ts'

export interface SlackOptions extends SlackDependencies {
  readonly signingSecret: string
  readonly botToken: string
  readonly fetch?: typeof fetch
  readonly now?: () => Instant
  readonly sleep?: (time: Milliseconds) => Promise<unknown>
  readonly metrics?: SlackMetrics
  readonly logger?: FastifyBaseLogger
}

interface Slack {
  /** Adds the address that Slack calls to the API's port. */
  readonly mount: (fastify: FastifyInstance) => void
}

/** Slack in HTTP mode. Bolt is loaded here and not before, for it takes half a second and most processes need none. */
export async function createSlack(options: SlackOptions): Promise<Slack> {
  const { signingSecret, botToken, metrics, now = Date.now } = options
  const { App, LogLevel } = await import('@slack/bolt')
  const logger = boltLogger(options.logger, LogLevel.WARN)
  const app = new App({
    token: botToken,
    receiver: NO_RECEIVER,
    logger,
    // Nothing is asked of Slack at start: who the bot is matters only to apps that read messages.
    tokenVerificationEnabled: false,
    botId: 'B0',
    botUserId: 'U0',
    ignoreSelf: false,
    convoStore: false,
    ...(options.fetch !== undefined && { clientOptions: { fetch: fetchFor(options.fetch) } }),
  })

  app.command('/release', async ({ ack, command, respond: send }) => {
    await ack()
    const respond = counted(send, metrics)
    const user = { team: command.team_id, user: command.user_id }
    const parsed = parseSlashCommand(command.text)
    if ('refusal' in parsed) return inWords(respond, options, () => tellOne(respond, escapeLines(parsed.refusal)))
    await inWords(respond, options, async () => {
      const { text, card } = await answerSlash(parsed.command, user, command.trigger_id, talking(respond, options))
      if (card === null) return tellOne(respond, text)
      const releases = 'releases' in card ? card.releases : {}
      await respond({ response_type: 'ephemeral', ...cardMessage(card, releases) })
    })
  })

  for (const verb of BUTTON_VERBS) {
    app.action<BlockAction<ButtonAction>>(actionIdOf(verb), async ({ ack, body, action, respond: send }) => {
      await ack()
      const respond = counted(send, metrics)
      await inWords(respond, options, async () => {
        const seen = readButton(action.value)
        const answer = await refreshing(respond, seen, options, () =>
          answerClick(verb, seen, userOf(body), body.trigger_id, talking(respond, options)),
        )
        if (answer.card === null) await tellOne(respond, answer.text)
        else await redraw(respond, answer.card)
      })
    })
  }

  const check = createSignatureCheck(signingSecret, now)
  return {
    mount: (fastify) => mountSlack(fastify, { check, deliver: (body) => deliver(app, body, options.logger), metrics }),
  }
}

/** Requests come in by the API's own port, and are read there before Bolt sees them. */
const NO_RECEIVER: Receiver = {
  init: () => undefined,
  start: async () => undefined,
  stop: async () => undefined,
}

/** Slack shows its user an error after three seconds without an answer. */
const ACK_WITHIN: Milliseconds = 2_500

/** Lets Bolt find the listener of an event; true as soon as it has taken the event. Whatever Bolt throws ends here. */
function deliver(app: App, body: object, logger: FastifyBaseLogger | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), ACK_WITHIN)
    const settle = (isTaken: boolean) => {
      clearTimeout(timer)
      resolve(isTaken)
    }
    const ack = async () => settle(true)
    app.processEvent({ body, ack }).then(
      () => settle(false),
      (error: unknown) => {
        logger?.error({ err: error }, 'a Slack request failed')
        settle(false)
      },
    )
  })
}

function counted(respond: RespondFn, metrics: SlackMetrics | undefined): RespondFn {
  return (message) =>
    countedDelivery(
      metrics,
      'response_url',
      () => respond(message),
      ({ ok }) => ok,
    )
}

/** While a request takes its time, the person who sent it knows. */
function talking(respond: RespondFn, options: SlackOptions) {
  const { now = Date.now, sleep: pause = sleep } = options
  const say = (text: string) => tellOne(respond, text)
  const patience: Patience = {
    now,
    sleep: (time) => pause(time),
    onWait: (failure) => say(`${refusalText(failure)}\nSluice keeps trying for a minute`),
  }
  return { ...options, patience, say }
}

/** A person from another workspace (a shared channel) is known by their own workspace. */
function userOf({ user, team }: BlockAction): SlackUser {
  return { team: user.team_id ?? team?.id ?? '', user: user.id }
}

const buttonValue = z.union([
  z.strictObject({ release: z.string().max(200), step: z.int().min(0) }),
  z.strictObject({
    pipeline: z.string().max(200),
    stage: z.string().max(200).nullable(),
    hold: z.string().max(100).optional(),
  }),
])

/** What a button says that its reader saw. */
type ButtonValue = z.infer<typeof buttonValue>

function readButton(value: string | undefined): ButtonValue {
  const parsed = buttonValue.safeParse(parseJson(value ?? ''))
  const seen = parsed.success ? parsed.data : { release: '', step: 0 }
  const isOurs = 'release' in seen ? parseReleaseId(seen.release) !== null : parsePipelineId(seen.pipeline) !== null
  if (isOurs) return seen
  throw new SluiceError('request.invalid', {
    message: 'this button does not belong to Sluice',
    fix: 'use /release help',
  })
}

function answerClick(
  verb: ButtonVerb,
  seen: ButtonValue,
  user: SlackUser,
  delivery: string,
  deps: ReturnType<typeof talking>,
): Promise<Answer> {
  if ('release' in seen) {
    const { release: releaseId, step } = seen
    return answerCommand({ verb, releaseId, step, reason: '' }, user, delivery, deps)
  }
  const { pipeline: pipelineId, stage, hold } = seen
  return answerPipelineCommand({ verb, pipelineId, stage, hold, reason: '' }, user, delivery, deps)
}

/** A refused click shows, besides the sentence, how things stand: the message it came from is out of date. */
async function refreshing(
  respond: RespondFn,
  seen: ButtonValue,
  { releases, pipelines }: SlackDependencies,
  body: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await body()
  } catch (error) {
    if (error instanceof SluiceError && OUTDATED.includes(error.code)) {
      await tellOne(respond, refusalText(error))
      return { text: '', card: await ('release' in seen ? releases.show(seen.release) : pipelines.show(seen.pipeline)) }
    }
    throw error
  }
}

const OUTDATED: readonly ErrorCode[] = ['command.stale', 'command.refused', 'release.ended', 'pipeline.ended']

async function redraw(respond: RespondFn, card: NonNullable<Answer['card']>): Promise<void> {
  await respond({ replace_original: true, ...cardMessage(card) })
}

/** `text` is Slack's own markup, with everything foreign in it escaped. */
async function tellOne(respond: RespondFn, text: string): Promise<void> {
  await respond({ response_type: 'ephemeral', replace_original: false, ...textMessage(text) })
}

/** Whatever goes wrong, the person who asked reads a sentence; when Slack does not take it, the log has it. */
async function inWords(respond: RespondFn, { logger }: SlackOptions, body: () => Promise<void>): Promise<void> {
  try {
    await body()
  } catch (error) {
    if (!(error instanceof SluiceError)) logger?.error({ err: error }, 'a Slack request failed')
    await tellOne(respond, refusalText(error))
  }
}

function fetchFor(send: typeof fetch): (address: unknown, init?: unknown) => Promise<Response> {
  return (address, init) => send(address as string, init as RequestInit)
}

function boltLogger(logger: FastifyBaseLogger | undefined, level: ReturnType<Logger['getLevel']>): Logger {
  const text = (parts: readonly unknown[]) => parts.map(String).join(' ')
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (...parts: unknown[]) => logger?.warn(text(parts)),
    error: (...parts: unknown[]) => logger?.error(text(parts)),
    setLevel: () => undefined,
    setName: () => undefined,
    getLevel: () => level,
  }
}
