import type { z } from 'zod'
import { memorySource } from './memory.ts'
import { prometheusSource } from './prometheus.ts'
import { scrapeSource } from './scrape.ts'

/** Every metric source adapter. A new one is a file beside this one and a line here. */
export const METRIC_SOURCES = [memorySource, scrapeSource, prometheusSource] as const

/** The kind of a metric source adapter, e.g. `scrape`. */
export type MetricSourceKind = (typeof METRIC_SOURCES)[number]['kind']

/** The parsed options of any metric source adapter. */
export type MetricSourceOptions = z.output<(typeof METRIC_SOURCES)[number]['options']>
