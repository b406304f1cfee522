import type { BlockAction, ButtonAction, Logger, RespondFn } from '@slack/bolt'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Notifier } from '../activities/notifier.ts'
import type { ErrorCode } from '../domain/error-codes.ts'
import { SluiceError } from '../domain/errors.ts'
import { parseReleaseId } from '../domain/target.ts'
import type { Milliseconds } from '../domain/units.ts'
import type { SlackMetrics } from '../telemetry/slack-metrics.ts'
import {
  type Answer,
  answerCommand,
  answerSlash,
  refusalText,
  type SlackDependencies,
  type SlackUser,
} from './answers.ts'
import { actionIdOf, BUTTON_VERBS, releaseBlocks, releaseText } from './blocks.ts'
import { parseSlashCommand } from './command-text.ts'
import { mountSlack, SLACK_ADDRESS } from './mount.ts'
import { createSlackNotifier } from './notifier.ts'
import { createSignatureCheck } from './signature.ts'
import { escapeLines } from './text.ts'

export interface SlackOptions extends SlackDependencies {
  readonly signingSecret: string
  readonly botToken: string
  readonly fetch?: typeof fetch
  readonly now?: () => Milliseconds
  readonly metrics?: SlackMetrics
  readonly logger?: FastifyBaseLogger
}

export interface Slack {
  /** Adds the address that Slack calls to the API's port. */
  readonly mount: (fastify: FastifyInstance) => void
  /** Null when sluice.yaml names no channel. */
  readonly notifier: Notifier | null
}

/** Slack in HTTP mode. Bolt is loaded here and not before, for it takes half a second and most processes need none. */
export async function createSlack(options: SlackOptions): Promise<Slack> {
  const { signingSecret, botToken, installation, metrics, now = Date.now } = options
  const { App, HTTPReceiver, LogLevel } = await import('@slack/bolt')
  const logger = boltLogger(options.logger, LogLevel.WARN)
  const receiver = new HTTPReceiver({ signingSecret, endpoints: [SLACK_ADDRESS], bodyLimit: '64kb', logger })
  const app = new App({
    token: botToken,
    receiver,
    logger,
    // Nothing is asked of Slack at start: who the bot is matters only to apps that read messages.
    tokenVerificationEnabled: false,
    botId: 'B0',
    botUserId: 'U0',
    ignoreSelf: false,
    convoStore: false,
    ...(options.fetch !== undefined && { clientOptions: { fetch: fetchFor(options.fetch) } }),
  })

  app.command('/release', async ({ ack, command, respond }) => {
    await ack()
    const user = { team: command.team_id, user: command.user_id }
    const parsed = parseSlashCommand(command.text)
    if ('refusal' in parsed) return tellOne(respond, escapeLines(parsed.refusal))
    await inWords(respond, options, async () => {
      const { text, card } = await answerSlash(parsed.command, user, command.trigger_id, options)
      if (card === null) return tellOne(respond, text)
      await respond({ response_type: 'ephemeral', text: releaseText(card), blocks: [...releaseBlocks(card)] })
    })
  })

  for (const verb of BUTTON_VERBS) {
    app.action<BlockAction<ButtonAction>>(actionIdOf(verb), async ({ ack, body, action, respond }) => {
      await ack()
      await inWords(respond, options, async () => {
        const { release, step } = readButton(action.value)
        const command = { verb, releaseId: release, step, reason: '' }
        const answer = await refreshing(respond, release, options, () =>
          answerCommand(command, userOf(body), body.trigger_id, options),
        )
        await redraw(respond, answer)
      })
    })
  }

  const check = createSignatureCheck(signingSecret, now)
  return {
    mount: (fastify) => mountSlack(fastify, { check, listener: receiver.requestListener, metrics }),
    notifier:
      installation.slack === null ? null : createSlackNotifier({ ...options, channel: installation.slack.channel }),
  }
}

/** A person from another workspace (a shared channel) is known by their own workspace. */
function userOf({ user, team }: BlockAction): SlackUser {
  return { team: user.team_id ?? team?.id ?? '', user: user.id }
}

const buttonValue = z.strictObject({ release: z.string().max(200), step: z.int().min(0) })

function readButton(value: string | undefined): z.infer<typeof buttonValue> {
  const parsed = buttonValue.safeParse(parseJson(value ?? ''))
  if (parsed.success && parseReleaseId(parsed.data.release) !== null) return parsed.data
  throw new SluiceError('request.invalid', { message: 'this button is not one of mine', fix: 'use /release help' })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** A refused click shows, besides the sentence, how the release stands: the message it came from is out of date. */
async function refreshing(
  respond: RespondFn,
  releaseId: string,
  { releases }: SlackDependencies,
  body: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await body()
  } catch (error) {
    if (error instanceof SluiceError && OUTDATED.includes(error.code)) {
      await tellOne(respond, refusalText(error))
      return { text: '', card: await releases.show(releaseId) }
    }
    throw error
  }
}

const OUTDATED: readonly ErrorCode[] = ['command.stale', 'command.refused', 'release.ended']

async function redraw(respond: RespondFn, { card }: Answer): Promise<void> {
  if (card === null) return
  await respond({ replace_original: true, text: releaseText(card), blocks: [...releaseBlocks(card)] })
}

async function tellOne(respond: RespondFn, text: string): Promise<void> {
  await respond({ response_type: 'ephemeral', replace_original: false, text })
}

/** Whatever goes wrong, the person who asked reads a sentence. */
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
