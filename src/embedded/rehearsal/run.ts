import { setTimeout as sleep } from 'node:timers/promises'
import type {
  PlannedRun,
  RehearsalPlan,
  RehearsedEnd,
  RehearsedFault,
} from '../../analysis/readiness/rehearsal-plan.ts'
import type { ErrorCode } from '../../domain/error-codes.ts'
import { isUnanswered, SluiceError } from '../../domain/errors.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import { plannedTime } from '../../domain/plan/plan-timeline.ts'
import type { RehearsedRun } from '../../domain/readiness/rehearsal.ts'
import type { ReleaseCard } from '../../domain/release/release-card.ts'
import { FULL_WEIGHT, type Milliseconds } from '../../domain/units.ts'
import type { Faults } from '../demo-service/demo-service.ts'
import type { RehearsalWorld } from './world.ts'

const AUTHOR = { person: 'rehearsal', entrance: 'cli' } as const
/** A run that takes longer than its steps and this has come to nothing. */
const PATIENCE: Milliseconds = 120_000
const LOOK_EVERY: Milliseconds = 200

/** One release from its start to its end, with what is to happen to it, and how it ended. */
export async function rehearseOnce(
  planned: PlannedRun,
  number: number,
  { plan }: RehearsalPlan,
  world: RehearsalWorld,
): Promise<RehearsedRun> {
  const { fault, name, ends } = planned
  const version = `rehearsal-${number}`
  const canary = await idlePool(plan, world)
  await world.deploy(canary, version, faultsOf(fault, plan))
  const { releaseId } = await world.releases.start({
    ...{ plan, version, author: AUTHOR, reason: name, key: version, whenBusy: 'reject' },
  })
  const lostBefore = world.lost()
  const card = await follow(releaseId, planned, plan, canary, world)
  const lost = world.lost() - lostBefore
  world.silence(false)
  const came = endOf(card)
  if (!card.isEnded) await endIt(card, plan, world)
  const isEnd = came !== null && ends.includes(came)
  const isRight = isEnd && (fault !== 'back' || lost === 0)
  const why = card.reason === null ? '' : `: ${card.reason}`
  return {
    name,
    expected: ends.join(' or '),
    came: `${came ?? `${card.phase} for too long`}${fault === 'back' && lost > 0 ? `, ${lost} requests lost` : ''}${isRight ? '' : why}`.slice(
      0,
      400,
    ),
    isRight,
  }
}

/** What the version does from the beginning; much worse than any check accepts, for there are seconds to see it. */
function faultsOf(fault: RehearsedFault, { checks }: Plan): Partial<Faults> {
  switch (fault) {
    case 'errors':
      return { errorRate: 0.4 }
    case 'slow':
      return { slowShare: 0.6, slowFactor: 20 }
    case 'event': {
      // A figure that may not fall is made to fall; one that may only not rise, to rise.
      const mayNotFall = checks.some((check) => 'notBelow' in check && check.notBelow !== null)
      return { orderRate: mayNotFall ? 0.02 : 1 }
    }
    case 'none':
    case 'silent':
    case 'dead':
    case 'worker':
    case 'back':
      return {}
  }
}

/** The pool that nobody is on; the lane knows it a moment after the release before has ended. */
async function idlePool({ service, environment }: Plan, { releases }: RehearsalWorld): Promise<'blue' | 'green'> {
  for (;;) {
    const { running, stable } = await releases.lane({ service, environment })
    if (running === null) return stable?.pool === 'green' ? 'blue' : 'green'
    await sleep(LOOK_EVERY)
  }
}

function endOf({ phase }: ReleaseCard): RehearsedEnd | null {
  if (phase === 'promoted' || phase === 'rolled-back') return phase
  return phase.startsWith('paused') ? 'paused' : null
}

/** Looks until the release has ended or waits for a person, approves what it asks for, and lets the fault happen. */
async function follow(
  releaseId: string,
  { fault }: PlannedRun,
  plan: Plan,
  canary: 'blue' | 'green',
  world: RehearsalWorld,
): Promise<ReleaseCard> {
  const until = performance.now() + PATIENCE + plannedTime(plan.actions)
  const widest = widestPart(plan)
  let hasHappened = false
  for (;;) {
    const card = await world.releases.show(releaseId)
    if (card.isEnded || card.phase.startsWith('paused') || performance.now() > until) return card
    const isLive = card.phase === 'baking' || card.phase === 'judging'
    if (!hasHappened && isLive && (fault !== 'back' || card.weight >= widest)) {
      hasHappened = true
      await happen(fault, card, canary, world)
    }
    if (card.approval !== null) await approve(card, plan, world)
    await sleep(LOOK_EVERY)
  }
}

async function happen(
  fault: RehearsedFault,
  card: ReleaseCard,
  canary: 'blue' | 'green',
  world: RehearsalWorld,
): Promise<void> {
  switch (fault) {
    case 'silent':
      return world.silence(true)
    case 'dead':
      return world.kill(canary)
    case 'worker':
      return world.killWorker()
    case 'back':
      return send('abort', card, AUTHOR.person, world)
    case 'none':
    case 'errors':
    case 'slow':
    case 'event':
  }
}

/** The largest weight below everybody, from where the way back is longest. */
function widestPart({ actions }: Plan): number {
  const weights = actions.flatMap((action) => (action.kind === 'expose' ? [action.exposure.weight] : []))
  return Math.max(0, ...weights.filter((weight) => weight < FULL_WEIGHT))
}

/** One person after the other, until there are enough. */
async function approve(card: ReleaseCard, { actions }: Plan, world: RehearsalWorld): Promise<void> {
  const asked = actions.find((action) => action.kind === 'ask' && action.step === card.step)
  const person = asked?.kind === 'ask' ? asked.people.find((one) => card.approval?.given.includes(one) === false) : null
  if (person === undefined || person === null) return
  await send('approve', card, person, world)
}

const NOT_NEEDED: readonly ErrorCode[] = ['release.ended', 'command.refused', 'command.stale']

async function send(verb: 'abort' | 'approve', card: ReleaseCard, person: string, { releases }: RehearsalWorld) {
  const { releaseId, step } = card
  const key = `${verb}-${person}-${step}`
  const actor = { person, entrance: 'cli' } as const
  try {
    await releases.command({ verb, releaseId, step: null, key, actor, reason: 'rehearsed' })
  } catch (error) {
    // What a check has ended meanwhile needs neither, and what nobody answers is told by how the run ends.
    const isExpected = error instanceof SluiceError && (isUnanswered(error) || NOT_NEEDED.includes(error.code))
    if (!isExpected) throw error
  }
}

/** A release that waits for a person is taken back, so that the next one finds everything as it was. */
async function endIt(card: ReleaseCard, plan: Plan, world: RehearsalWorld): Promise<void> {
  await send('abort', card, AUTHOR.person, world)
  const until = performance.now() + PATIENCE + plannedTime(plan.actions)
  while (!(await world.releases.show(card.releaseId)).isEnded && performance.now() < until) await sleep(LOOK_EVERY)
}
