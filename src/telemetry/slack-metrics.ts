import { Counter, type Registry } from 'prom-client'

/** What became of a request that claimed to come from Slack. */
export type SlackRequestAnswer = 'taken' | 'bad-signature' | 'bad-time' | 'replayed'

/** How something gets to Slack: as a message, as a change of one, or as the answer to a command or a click. */
type SlackDelivery = 'chat.postMessage' | 'chat.update' | 'response_url'

/** Counts what is sent to Slack. */
export interface SlackDeliveries {
  sent(method: SlackDelivery, answer: 'ok' | 'failed'): void
}

export interface SlackMetrics extends SlackDeliveries {
  received(answer: SlackRequestAnswer): void
}

/** The same counter in every process: the API sends answers, workers send messages. */
export const SLACK_DELIVERIES = {
  name: 'sluice_slack_deliveries_total',
  help: 'What was sent to Slack, by method and result.',
} as const

export function slackMetrics(registry: Registry): SlackMetrics {
  const requests = new Counter({
    name: 'sluice_slack_requests_total',
    help: 'Requests at the Slack address, by what became of them.',
    labelNames: ['answer'],
    registers: [registry],
  })
  const deliveries = new Counter({ ...SLACK_DELIVERIES, labelNames: ['method', 'answer'], registers: [registry] })
  return {
    received: (answer) => requests.inc({ answer }),
    sent: (method, answer) => deliveries.inc({ method, answer }),
  }
}

/** Runs what sends something to Slack, and counts how that ended. */
export async function countedDelivery<T>(
  metrics: SlackDeliveries | undefined,
  method: SlackDelivery,
  send: () => Promise<T>,
  isTaken: (result: T) => boolean = () => true,
): Promise<T> {
  try {
    const result = await send()
    metrics?.sent(method, isTaken(result) ? 'ok' : 'failed')
    return result
  } catch (error) {
    metrics?.sent(method, 'failed')
    throw error
  }
}
