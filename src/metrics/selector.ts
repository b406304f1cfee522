import type { PoolRoles } from '../domain/exposure.ts'
import { seriesKey } from './text-exposition.ts'

/** The series of one metric that a part counts. */
export interface Selector {
  readonly metric: string
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** `app_orders_total`, or `shop_events_total{event="order"}`: what people are told, and what a cursor remembers. */
export function selectorText({ metric, labels = {} }: Selector): string {
  return Object.keys(labels).length === 0 ? metric : seriesKey(metric, labels)
}

/** Why a part is not known that no pool has been seen to report: a counter that is named but is not there is not 0. */
export function neverReported({ canary, stable }: PoolRoles, what: string): string {
  return `neither ${canary} nor ${stable} has ever reported ${what}`
}
