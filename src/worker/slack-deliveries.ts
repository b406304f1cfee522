import type { MetricMeter } from '@temporalio/common'
import { SLACK_DELIVERIES, type SlackDeliveries } from '../telemetry/slack-metrics.ts'

/** Counts what a worker sends to Slack beside Temporal's own figures: a worker has one address for both. */
export function slackDeliveries(meter: MetricMeter): SlackDeliveries {
  const { name, help } = SLACK_DELIVERIES
  const counter = meter.createCounter(name, undefined, help)
  return { sent: (method, answer) => counter.add(1, { method, answer }) }
}
