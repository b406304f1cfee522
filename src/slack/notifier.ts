import type { webApi } from '@slack/bolt'
import type { Notice } from '../activities/activities.ts'
import type { Notifier } from '../activities/notifier.ts'
import { countedDelivery, type SlackDeliveries } from '../telemetry/slack-metrics.ts'
import { askingBlocksOf, cardMessage, textMessage } from './messages.ts'
import { clamp, escape, LIMITS } from './text.ts'
import { createWebClient, type WebClientOptions } from './web-client.ts'

interface SlackNotifierOptions extends WebClientOptions {
  /** Id of the channel that all releases are told in. */
  readonly channel: string
  /** Ids of further channels by the names that plans use. */
  readonly channels?: Readonly<Record<string, string>>
  readonly metrics?: SlackDeliveries
}

/**
 * One message per release or pipeline that changes as it moves. An update notifies nobody, so what people should look up
 * for is also said in the message's thread, and alarms and approvals that are asked for in the channel as well. The reference is `channel:ts`.
 */
export function createSlackNotifier(options: SlackNotifierOptions): Notifier {
  const { channel, channels = {}, metrics } = options

  async function post(client: webApi.WebClient, notice: Notice): Promise<string> {
    const message = { channel, ...contentOf(notice), ...PLAIN }
    const answer = await countedDelivery(metrics, 'chat.postMessage', () => client.chat.postMessage(message))
    if (answer.ts === undefined) throw new Error('Slack took the message but did not say under which name')
    // Slack wants the channel's id for updates, whatever it was called when posting.
    return `${answer.channel ?? channel}:${answer.ts}`
  }

  /** Answers false when the message is gone and has to be made anew. */
  async function update(client: webApi.WebClient, notice: Notice, place: MessagePlace): Promise<boolean> {
    try {
      const message = { ...place, ...contentOf(notice) }
      await countedDelivery(metrics, 'chat.update', () => client.chat.update(message))
      return true
    } catch (error) {
      if (GONE.includes(platformError(error))) return false
      throw error
    }
  }

  async function reply(client: webApi.WebClient, notice: Notice, place: MessagePlace): Promise<void> {
    const { level, card, asks } = notice
    const { text, blocks } = textMessage(lineOf(notice))
    const asking = asks === undefined || card === null ? [] : askingBlocksOf(card, asks)
    const message = { channel: place.channel, thread_ts: place.ts, text, blocks: [...blocks, ...asking], ...PLAIN }
    const broadcast = level === 'alarm' || asking.length > 0 ? { reply_broadcast: true as const } : {}
    await countedDelivery(metrics, 'chat.postMessage', () => client.chat.postMessage({ ...message, ...broadcast }))
  }

  /** A line in another channel: what shows the release stays as it is. */
  async function say(client: webApi.WebClient, notice: Notice, where: string): Promise<void> {
    const message = { channel: where, ...textMessage(lineOf(notice)), ...PLAIN }
    await countedDelivery(metrics, 'chat.postMessage', () => client.chat.postMessage(message))
  }

  return {
    async tell(notice, signal) {
      const client = await createWebClient(options, signal)
      const { to = '' } = notice
      const other = Object.hasOwn(channels, to) ? channels[to] : undefined
      if (other !== undefined) {
        await say(client, notice, other)
        return notice.ref
      }
      const place = notice.ref === null ? null : placeOf(notice.ref)
      if (notice.ref === null || place === null || !(await update(client, notice, place))) return post(client, notice)
      if (notice.level !== 'info') await reply(client, notice, place)
      return notice.ref
    },
  }
}

/** A release or a pipeline is shown as its card; what a lane has to say between releases is a line. */
function contentOf(notice: Notice) {
  return notice.card === null ? textMessage(lineOf(notice)) : cardMessage(notice.card)
}

function lineOf({ text, level }: Pick<Notice, 'text' | 'level'>): string {
  return clamp(`${level === 'alarm' ? '🔴' : '🟡'} ${escape(text)}`, LIMITS.section)
}

/** No previews of whatever looks like a link. */
const PLAIN = { unfurl_links: false, unfurl_media: false } as const

const GONE: readonly string[] = ['message_not_found', 'cant_update_message', 'edit_window_closed', 'channel_not_found']

interface MessagePlace {
  readonly channel: string
  readonly ts: string
}

function placeOf(ref: string): MessagePlace | null {
  const match = /^([A-Z0-9]+):(\d+\.\d+)$/.exec(ref)
  return match === null ? null : { channel: match[1] ?? '', ts: match[2] ?? '' }
}

function platformError(error: unknown): string {
  if (!(error instanceof Error) || !('data' in error)) return ''
  const { data } = error
  const isNamed = typeof data === 'object' && data !== null && 'error' in data && typeof data.error === 'string'
  return isNamed ? String((data as { error: unknown }).error) : ''
}
