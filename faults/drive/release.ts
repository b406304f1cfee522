import { setTimeout as sleep } from 'node:timers/promises'
import type { Instant, Milliseconds } from '../../src/domain/units.ts'
import { sayTo } from '../act/people-acts.ts'
import { actOnRelease } from '../act/release-acts.ts'
import type { CommandSent, FaultSpan, HealthSpan, Standing } from '../check/record.ts'
import { type Act, LATEST, type PlanScript, type ReleaseScript } from '../script/script.ts'
import type { StartWish } from '../world/api-client.ts'
import { APPROVERS, AUTHOR } from '../world/installation.ts'
import type { Service } from '../world/world.ts'
import { planOf, SHORT_PLAN } from './plan.ts'
import { type ReleaseWatch, watchRelease } from './release-watch.ts'
import { lastFaultOf, noteFault, type Scene, shareFor, type Wave, weightAt } from './scene.ts'

/** What was done to one service in a wave, and how each of its releases stood at the end. */
export interface Played {
  readonly faults: readonly FaultSpan[]
  readonly health: readonly HealthSpan[]
  readonly commands: readonly CommandSent[]
  readonly releases: readonly PlayedRelease[]
}

export interface PlayedRelease {
  readonly releaseId: string
  readonly label: string
  readonly askedAt: Instant
  readonly standing: Standing
}

/** How long a release may take to end, or to wait for a person, after the last fault. */
const STUCK_AFTER: Milliseconds = 60_000
/** A release counts as one that waits when it has done so this long. */
const HELD_AFTER: Milliseconds = 5_000
const LONGEST_ABORT: Milliseconds = 30_000

/** Plays the script of one release on its service: starts it, does to it what is scripted, and sees how it stands. */
export async function playRelease(wave: Wave, service: Service, script: ReleaseScript): Promise<Played> {
  const [faults, health, commands]: [FaultSpan[], HealthSpan[], CommandSent[]] = [[], [], []]
  const others: Promise<PlayedRelease>[] = []
  const canary = (service.trace.latest()?.share ?? 0) >= 5_000 ? 0 : 1
  const first = await start(wave, service, faults, script.plan, String(script.number), 'reject')
  const scene: Scene = {
    ...{ wave, service, script, canary, faults, health, commands },
    releaseId: first.releaseId ?? '',
    startAnother(whenBusy) {
      const label = `${script.number}${'bcdefgh'[others.length] ?? 'z'}`
      others.push(playAnother(scene, label, whenBusy))
    },
  }
  const main = first.releaseId === null ? notStarted(first, script.number) : await playMain(scene, first.askedAt)
  const releases = [main, ...(await Promise.all(others))]
  return { faults, health, commands, releases: releases.filter(({ releaseId }) => releaseId !== '') }
}

async function playMain(scene: Scene, askedAt: Instant): Promise<PlayedRelease> {
  const { releaseId, script, wave } = scene
  const watch = watchRelease(wave.world, releaseId)
  const approving = approveInTime(scene, watch)
  await Promise.all(script.acts.filter(({ when }) => when.after !== 'end').map((act) => play(scene, watch, act)))
  const standing = await untilSettled(scene, watch, script.answer)
  await Promise.all(script.acts.filter(({ when }) => when.after === 'end').map((act) => play(scene, watch, act)))
  watch.stop()
  await approving
  return { releaseId, label: String(script.number), askedAt, standing }
}

/** A release beside the scripted one: nothing is done to it but what strikes its service. */
async function playAnother(scene: Scene, label: string, whenBusy: StartWish['whenBusy']): Promise<PlayedRelease> {
  const { wave, service, faults } = scene
  const started = await start(wave, service, faults, SHORT_PLAN, label, whenBusy)
  if (started.releaseId === null) return notStarted(started, label)
  const other: Scene = { ...scene, releaseId: started.releaseId }
  const watch = watchRelease(wave.world, started.releaseId)
  const standing = await untilSettled(other, watch, 'abort')
  watch.stop()
  return { releaseId: started.releaseId, label, askedAt: started.askedAt, standing }
}

interface Started {
  readonly releaseId: string | null
  readonly askedAt: Instant
  readonly code: string
}

/** Asks until somebody has answered, with the same key; a refusal is an answer where it was to be expected. */
async function start(
  wave: Wave,
  service: Service,
  faults: readonly FaultSpan[],
  plan: PlanScript,
  label: string,
  whenBusy: StartWish['whenBusy'],
): Promise<Started> {
  const askedAt = Date.now()
  const wish = { plan: planOf(service.front.service, plan), version: `1.0.${label}`, person: AUTHOR, whenBusy }
  for (;;) {
    const { status, body } = await wave.world.api.start({ ...wish, key: `campaign-${label}` })
    const releaseId = body?.['releaseId']
    if (status === 201 && typeof releaseId === 'string') return { releaseId, askedAt, code: '' }
    const code = typeof body?.['code'] === 'string' ? body['code'] : `status ${status}`
    const isFirst = !/[a-z]/.test(label)
    const isOver = Date.now() > Math.max(askedAt, lastFaultOf({ wave, faults })) + STUCK_AFTER
    if (isOver || (status === 409 && !isFirst)) return { releaseId: null, askedAt, code }
    await sleep(1_000)
  }
}

/** Nothing that was refused is stuck, but the first release of a wave finds its lane free. */
function notStarted({ askedAt, code }: Started, label: number | string): PlayedRelease {
  const isFirst = typeof label === 'number'
  const standing: Standing = { kind: 'stuck', at: Date.now(), phase: 'not started', reason: code }
  return { releaseId: isFirst ? 'not started' : '', label: String(label), askedAt, standing }
}

async function play(scene: Scene, watch: ReleaseWatch, act: Act): Promise<void> {
  const isDue = await untilMoment(scene, watch, act)
  if (!isDue) return
  scene.wave.say(`${scene.script.number}: ${act.kind}`)
  await actOnRelease(scene, act).catch((error: unknown) => {
    noteFault(scene.faults, act.kind, `not carried out: ${error instanceof Error ? error.message : String(error)}`)
  })
}

/** Waits for the moment of an act; false when the release has ended before it. */
async function untilMoment({ wave, service, canary, script }: Scene, watch: ReleaseWatch, act: Act): Promise<boolean> {
  const { after, exposure, seconds } = act.when
  if (after === 'end') {
    await sleep(seconds * 1_000)
    return true
  }
  const latest = Date.now() + LATEST * 1_000
  const wanted = after === 'start' ? 0 : (script.plan.weights[exposure] ?? 0)
  while (Date.now() < latest) {
    if (watch.closedAt() !== null) return false
    if (after === 'frozen' ? isFrozen(wave) : weightOf(service, canary) >= wanted) break
    await sleep(25)
  }
  await sleep(seconds * 1_000)
  return watch.closedAt() === null
}

function weightOf({ trace }: Service, canary: 0 | 1): number {
  return weightAt(canary, trace.latest()?.share ?? shareFor(canary, 0))
}

function isFrozen({ faults }: Wave): boolean {
  const now = Date.now()
  return faults.some(({ kind, from, until }) => kind === 'worker-frozen' && from <= now && now < until)
}

/** The honest approval, some time after it was asked for. */
async function approveInTime(scene: Scene, watch: ReleaseWatch): Promise<void> {
  const { approvesAfter, plan } = scene.script
  if (plan.approvalBefore === null || approvesAfter === null) return
  const [bob] = APPROVERS
  while (watch.closedAt() === null) {
    if (watch.phase() === 'waiting' && Date.now() - watch.phaseSince() > approvesAfter * 1_000) {
      return sayTo(scene, 'approve', bob)
    }
    await sleep(100)
  }
}

/** Sees to the end of a release: it ends by itself, or waits for a person and gets a word, or is stuck. */
async function untilSettled(scene: Scene, watch: ReleaseWatch, answer: ReleaseScript['answer']): Promise<Standing> {
  const worldIsOver = { now: false }
  void scene.wave.worldIsOver.then(() => {
    worldIsOver.now = true
  })
  let spoken: Instant = Date.now()
  let nextWord = answer
  for (;;) {
    await sleep(100)
    const closed = watch.closedAt()
    if (closed !== null) return { kind: 'ended', at: closed }
    const quietSince = Math.max(lastFaultOf(scene), spoken)
    if (worldIsOver.now && isHeld(scene, watch, quietSince)) {
      if (nextWord === 'abort') return abortHeld(scene, watch)
      nextWord = 'abort'
      await sayTo(scene, 'resume', APPROVERS[0])
      spoken = Date.now()
    }
    if (Date.now() - quietSince > STUCK_AFTER) {
      const { phase, reason } = await showOf(scene, watch)
      return { kind: 'stuck', at: Date.now(), phase, reason }
    }
  }
}

/** Paused, or waiting for an approval that nobody is going to give. */
function isHeld({ script }: Scene, watch: ReleaseWatch, quietSince: Instant): boolean {
  const since = Math.max(watch.phaseSince(), quietSince)
  const patience =
    watch.phase() === 'waiting' && script.approvesAfter !== null ? script.approvesAfter * 1_000 + 4_000 : 0
  const isWaiting = watch.phase() === 'paused' || watch.phase() === 'waiting'
  return isWaiting && Date.now() - since > Math.max(HELD_AFTER, patience)
}

async function abortHeld(scene: Scene, watch: ReleaseWatch): Promise<Standing> {
  const { phase, reason } = await showOf(scene, watch)
  const at = Date.now()
  scene.wave.world.sampleFinely(3_000)
  await sayTo(scene, 'abort', APPROVERS[0])
  while (watch.closedAt() === null && Date.now() - at < LONGEST_ABORT) await sleep(100)
  const closedAt = watch.closedAt()
  return { kind: 'held', at, phase, reason, leftAfter: closedAt === null ? null : closedAt - at }
}

async function showOf({ wave, releaseId }: Scene, watch: ReleaseWatch) {
  const card = await wave.world.api.card(releaseId)
  return { phase: card?.phase ?? watch.phase(), reason: card?.reason ?? null }
}
