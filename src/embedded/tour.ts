import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { renderCard } from '../cli/render.ts'
import { tellOf } from '../domain/release/guard.ts'
import type { ReleaseCard } from '../domain/release/release-card.ts'
import { formatDuration } from '../domain/units.ts'
import { readYaml } from '../domain/yaml/yaml-text.ts'
import { createDemoClient, type DemoClient } from './demo-client.ts'
import { type Faults, HEALTHY } from './demo-service/demo-service.ts'
import type { DemoFlag } from './home.ts'
import type { Ports } from './ports.ts'
import type { Screen } from './screen.ts'
import { withFlag } from './tour-plan.ts'

interface Act {
  readonly title: string
  readonly version: string
  /** The flag of the feature that this version brings; what is wrong with the version is wrong with its feature. */
  readonly feature: DemoFlag
  readonly faults: Faults
  /** What this act should come to. */
  readonly ends: 'promoted' | 'rolled-back'
  /** What a user of the canary must meet for a sample to be bad. */
  readonly badSample: 'error' | 'request' | 'none'
}

const ACTS: readonly Act[] = [
  {
    title: 'a good version, with a new checkout',
    version: '2.4.0',
    feature: 'new-checkout',
    faults: HEALTHY,
    ends: 'promoted',
    badSample: 'none',
  },
  {
    title: 'a version whose gift cards fail 5% of its requests',
    version: '2.5.0',
    feature: 'gift-cards',
    faults: { ...HEALTHY, errorRate: 0.05 },
    ends: 'rolled-back',
    badSample: 'error',
  },
  {
    title: 'a version whose express pay is slow for 6% of its requests',
    version: '2.6.0',
    feature: 'express-pay',
    faults: { ...HEALTHY, slowShare: 0.06, slowFactor: 10 },
    ends: 'rolled-back',
    badSample: 'request',
  },
]

/** Real releases before the reader's eyes. Answers whether each came to the end it should come to. */
export async function runTour(parts: {
  readonly ports: Ports
  readonly screen: Screen
  readonly planFile: string
  readonly secretFile: string
}): Promise<boolean> {
  const { ports, screen, planFile, secretFile } = parts
  const client = createDemoClient(ports, secretFile)
  const plan = await readPlanFile(planFile)
  for (const releaseId of await client.openReleases()) {
    screen.title(`${releaseId} was open: it continues where it was`)
    const card = await follow(client, screen, releaseId)
    sayEnd(screen, card)
    if (!card.isEnded) return leaveToPeople(screen, card)
  }
  let wentWell = true
  for (const act of ACTS) {
    wentWell = (await play(act, plan, client, screen)) && wentWell
    if (!wentWell) break
  }
  return wentWell
}

async function play(act: Act, plan: unknown, client: DemoClient, screen: Screen): Promise<boolean> {
  screen.title(`${act.version}: ${act.title}`)
  const pool = await client.idlePool()
  await client.deploy(pool, act.version, act.feature, act.faults)
  const before = await client.seen(pool)
  const releaseId = await client.start(withFlag(plan, act.feature), act.version, act.title)
  const watching = new AbortController()
  const firstBad = firstBadSample(act, client, pool, before, watching.signal)
  const card = await follow(client, screen, releaseId)
  watching.abort()
  sayEnd(screen, card)
  const after = await client.seen(pool)
  if (act.ends === 'rolled-back') sayCost(screen, card, await firstBad, after.requests - before.requests)
  if (!card.isEnded) return leaveToPeople(screen, card)
  const wentWell = card.phase === act.ends
  if (!wentWell) screen.note(`this should have been ${act.ends}`)
  return wentWell
}

/** Follows a release to its end, giving the demo's approval when it is asked for. */
async function follow(client: DemoClient, screen: Screen, releaseId: string): Promise<ReleaseCard> {
  let printed = ''
  for (;;) {
    const card = await client.card(releaseId)
    const now = Date.now()
    if (screen.isLive) screen.live(renderCard(card, { width: screen.width, now, color: screen.color }))
    else printed = printChange(screen, card, printed)
    if (card.isEnded || card.phase.startsWith('paused')) break
    if (card.approval !== null && card.verbs.includes('approve')) {
      await sleep(1_500)
      await client.approve(card)
    }
    await sleep(300)
  }
  screen.settle()
  return client.card(releaseId)
}

/** Without a terminal: one line per step, and each sentence of the story once. */
function printChange(screen: Screen, card: ReleaseCard, printed: string): string {
  const last = card.trail.at(-1)
  const key = last === undefined ? '' : `${last.at} ${last.text}`
  const known = card.trail.findIndex(({ at, text }) => `${at} ${text}` === printed)
  for (const { at, text } of card.trail.slice(known + 1))
    screen.say(`  ${new Date(at).toISOString().slice(11, 19)}  ${text}`)
  return key
}

/** A paused release waits for a person, and its lane is taken until then. */
function leaveToPeople(screen: Screen, { releaseId, verbs }: ReleaseCard): false {
  screen.note(`${releaseId} waits for you (${verbs.join(', ')}), so there is no tour`)
  return false
}

function sayEnd(screen: Screen, card: ReleaseCard): void {
  const took = formatDuration((card.endedAt ?? card.startedAt) - card.startedAt)
  screen.say('')
  screen.say(`  ${card.service} ${card.version}: ${card.phase} after ${took}`)
  for (const flag of card.flags ?? []) screen.say(`  flag ${flag}`)
  if (card.reason !== null && !screen.isLive) screen.say(`  why: ${card.reason}`)
  // On a terminal the card above has them already.
  if (screen.isLive) return
  for (const { check, outcome, reason } of card.verdicts) screen.say(`  ${outcome}: ${tellOf(check, { reason })}`)
}

function sayCost(screen: Screen, card: ReleaseCard, firstBad: number | null, requests: number): void {
  const safe = card.trail.findLast(({ text }) => /^0%(?:, flag \S+ off)? confirmed by /.test(text))?.at ?? card.endedAt
  if (firstBad !== null && safe !== null) {
    screen.say(`  first bad sample to weight 0 confirmed by the router: ${((safe - firstBad) / 1_000).toFixed(1)} s`)
  }
  screen.say(`  requests that saw the bad version: ${requests}`)
}

/** When a user first met what is bad about the version; null when nobody did. */
async function firstBadSample(
  act: Act,
  client: DemoClient,
  pool: string,
  before: { readonly requests: number; readonly errors: number },
  signal: AbortSignal,
): Promise<number | null> {
  if (act.badSample === 'none') return null
  while (!signal.aborted) {
    const { requests, errors } = await client.seen(pool)
    const isMet = act.badSample === 'error' ? errors > before.errors : requests > before.requests
    if (isMet) return Date.now()
    await sleep(100)
  }
  return null
}

async function readPlanFile(file: string): Promise<unknown> {
  const read = readYaml(await readFile(file, 'utf8'), file)
  if ('yaml' in read) return read.yaml.value
  throw new Error(`${file} is not readable YAML`)
}
