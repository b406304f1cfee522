import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { behindDoor } from '../door.ts'
import { type Handler, listen, parseSettings, portSchema, problemsOf, readJson, sendJson } from '../loopback-server.ts'
import type { RunningService } from '../service-process.ts'
import { type FeatureFlags, openFeatureFlags } from './feature-flags.ts'

const share = z.number().min(0).max(1)

const faultsSchema = z.strictObject({
  /** Share of requests that end with 500. */
  errorRate: share,
  /** Share of requests that take `slowFactor` times as long. */
  slowShare: share,
  slowFactor: z.number().min(1).max(1_000),
  /** Share of good answers that are an order. */
  orderRate: share,
})

/** How the service behaves; all four together are its health. */
export type Faults = z.output<typeof faultsSchema>

/** A healthy checkout. */
export const HEALTHY: Faults = { errorRate: 0.003, slowShare: 0, slowFactor: 1, orderRate: 0.3 }

const versionSchema = z.strictObject({
  version: z.string().regex(/^[\w.+-]{1,64}$/),
  /** The flag of the feature that this version brings; its faults are those of the feature then. Null: it brings none. */
  feature: z
    .string()
    .regex(/^[a-z][a-z-]{0,62}$/)
    .nullable()
    .default(null),
})

const settingsSchema = z.strictObject({
  port: portSchema,
  version: versionSchema.shape.version,
  faults: faultsSchema.partial().default({}),
  /** Where Sluice serves the flags of the shop; without it every flag is off. */
  flags: z.url().nullable().default(null),
})

/** Log-normal latency: half of all requests take longer than 12 ms, one in a hundred longer than 45 ms. */
const MEDIAN_MS = 12
const SIGMA = Math.log(45 / MEDIAN_MS) / 2.326
/** No request of a healthy service takes longer than this. */
const LONGEST_MS = 250

/**
 * Starts a small checkout service on 127.0.0.1. Every path is the shop; `/__version` and `/__faults` answer to GET, and
 * to PUT with JSON: a new version with the feature it brings, or some of the faults (the others stay). A feature is asked for by an
 * OpenFeature client, for the user of each request.
 */
export async function startDemoService(input: unknown): Promise<RunningService & { ports: { http: number } }> {
  const settings = parseSettings('demo service', settingsSchema, input)
  const { version, faults, flags: address } = settings
  const state: DemoState = { version, feature: null, faults: mergeFaults(HEALTHY, faults) }
  const flags = address === null ? null : await openFeatureFlags(address)
  const { port, close } = await listen(createHandler(state, flags), settings.port)
  return {
    ports: { http: port },
    async close() {
      await flags?.close()
      await close()
    },
  }
}

interface DemoState {
  version: string
  feature: string | null
  faults: Faults
}

function createHandler(state: DemoState, flags: FeatureFlags | null): Handler {
  // The shop itself is behind a proxy, which passes on whatever its users called it.
  const knobs = behindDoor((request, response) => control(state, request, response))
  return async (request, response) => {
    if (request.url?.startsWith('/__')) return knobs(request, response)
    request.resume()
    const { version, feature } = state
    const user = String(request.headers['x-user'] ?? 'somebody')
    const isOn = feature !== null && (await flags?.isOn(feature, user)) === true
    const faults = feature === null || isOn ? state.faults : HEALTHY
    await sleep(latency(faults))
    checkOut({ version, feature: isOn ? feature : null, faults }, response)
  }
}

function checkOut({ version, feature, faults }: DemoState, response: ServerResponse): void {
  response.setHeader('x-version', version)
  if (feature !== null) response.setHeader('x-feature', feature)
  if (Math.random() < faults.errorRate) {
    sendJson(response, 500, { version, error: 'the payment was not taken' })
    return
  }
  const isOrder = Math.random() < faults.orderRate
  if (isOrder) response.setHeader('x-sluice-event', 'orders')
  sendJson(response, 200, { version, ...(feature !== null && { feature }), order: isOrder })
}

async function control(state: DemoState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  switch (`${request.method} ${request.url}`) {
    case 'GET /__version':
      return sendJson(response, 200, { version: state.version })
    case 'GET /__faults':
      return sendJson(response, 200, state.faults)
    case 'PUT /__version':
      return change(versionSchema, request, response, ({ version, feature }) => {
        Object.assign(state, { version, feature })
        return { version }
      })
    case 'PUT /__faults':
      return change(faultsSchema.partial(), request, response, (faults) => {
        state.faults = mergeFaults(state.faults, faults)
        return state.faults
      })
    default:
      return sendJson(response, 404, { error: 'there is /__version and /__faults' })
  }
}

async function change<Schema extends z.ZodType>(
  schema: Schema,
  request: IncomingMessage,
  response: ServerResponse,
  apply: (body: z.output<Schema>) => unknown,
): Promise<void> {
  const read = await readJson(request, 4_096)
  if (!read.ok) return sendJson(response, read.status, { error: read.error })
  const parsed = schema.safeParse(read.body)
  if (!parsed.success) return sendJson(response, 422, { error: problemsOf(parsed.error, read.body) })
  sendJson(response, 200, apply(parsed.data))
}

function mergeFaults(
  base: Faults,
  { errorRate, slowShare, slowFactor, orderRate }: { [K in keyof Faults]?: Faults[K] | undefined },
): Faults {
  return {
    errorRate: errorRate ?? base.errorRate,
    slowShare: slowShare ?? base.slowShare,
    slowFactor: slowFactor ?? base.slowFactor,
    orderRate: orderRate ?? base.orderRate,
  }
}

/** Milliseconds that the next request takes. */
function latency({ slowShare, slowFactor }: Faults): number {
  const healthy = Math.min(MEDIAN_MS * Math.exp(SIGMA * standardNormal()), LONGEST_MS)
  return Math.random() < slowShare ? healthy * slowFactor : healthy
}

/** Box and Muller's transform of two uniform numbers. */
function standardNormal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())
}
