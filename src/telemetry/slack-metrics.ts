import { Counter, type Registry } from 'prom-client'

/** What became of a request that claimed to come from Slack. */
export type SlackRequestAnswer = 'taken' | 'bad-signature' | 'bad-time' | 'replayed'

export interface SlackMetrics {
  received(answer: SlackRequestAnswer): void
  sent(method: 'chat.postMessage' | 'chat.update', answer: 'ok' | 'failed'): void
}

export function slackMetrics(registry: Registry): SlackMetrics {
  const requests = new Counter({
    name: 'sluice_slack_requests_total',
    help: 'Requests at the Slack address, by what became of them.',
    labelNames: ['answer'],
    registers: [registry],
  })
  const deliveries = new Counter({
    name: 'sluice_slack_deliveries_total',
    help: 'Messages sent to Slack, by method and result.',
    labelNames: ['method', 'answer'],
    registers: [registry],
  })
  return {
    received: (answer) => requests.inc({ answer }),
    sent: (method, answer) => deliveries.inc({ method, answer }),
  }
}
