import type { Milliseconds } from '../../../domain/units.ts'
import { logGamma } from '../../statistics/log-gamma.ts'
import { type SplitCounts, shareFor, splitGains } from '../split-test.ts'
import { logSumExp } from './wealth.ts'

/**
 * What stable's looks have shown of how its events come: one by one, or in clumps (a user who fails again and again, a
 * client that tries again, a batch). The design effect is by how much that multiplies the variance of a count. Plain JSON.
 *
 * It is learned from stable alone, each look compared with stable's looks before it, and used only for looks that come
 * later: so a bet never depends on what it bets on.
 */
export interface DesignEffect {
  /** ln of how likely each of {@link EFFECTS} is for one look, the likeliest being 0. */
  readonly logs: readonly number[]
  readonly looks: Dispersion
  readonly minutes: Dispersion
  /** Looks that were learned from. */
  readonly learned: number
  /** What the minute that is not over has shown so far. */
  readonly open: Part & { readonly duration: Milliseconds }
}

/** Events of some trials. */
interface Part {
  readonly events: number
  readonly trials: number
}

/** By how much counts vary more than independent events do, from parts of time that follow one another. */
interface Dispersion {
  /** Earlier parts, older ones counted less. */
  readonly past: Part
  /** Σ of squared standardised residuals, and how many they are; older ones counted less. */
  readonly squares: number
  readonly parts: number
}

/** Design effects that are thought of; 1 is independence. */
export const EFFECTS: readonly number[] = [1, 2, 3, 5, 8, 13, 20, 32, 64]
/** How likely independence is before anything was seen. */
const INDEPENDENT_AT_START = 0.65
/** No design effect is ever held to be less likely than this (as ln), for clumps may come at any time. */
const LEAST_LOG = -8
/** Below such a precision nothing but "all on one arm" would be left. */
const LEAST_PRECISION = 0.05

/** How one of the two dispersions is measured, in parts of time. */
interface Measuring {
  /** After so many parts a part of the past counts half: slow drift of the whole service is no sign of clumps. */
  readonly halfLife: number
  /** As many parts without a sign of clumps are assumed to have gone before. */
  readonly assumed: number
  /** After so many parts a residual counts half. */
  readonly fade: number
}
const BY_LOOK: Measuring = { halfLife: 6, assumed: 10, fade: 40 }
const BY_MINUTE: Measuring = { halfLife: 2, assumed: 4, fade: 8 }
/** A record is as it was: nothing of it fades. */
const WHOLE_RECORD: Measuring = { halfLife: 6, assumed: 0.5, fade: Number.POSITIVE_INFINITY }
const MINUTE: Milliseconds = 60_000
/** A single burst is not to silence the judge for the rest of the day. */
const HIGHEST_SQUARE = 32
/** What the measured dispersion of independent events exceeds by chance. */
const CHANCE = 1.2

/** Before the first look. */
export function startDesignEffect(): DesignEffect {
  const others = Math.log((1 - INDEPENDENT_AT_START) / (EFFECTS.length - 1) / INDEPENDENT_AT_START)
  return {
    logs: EFFECTS.map((effect) => (effect === 1 ? 0 : others)),
    looks: startDispersion(BY_LOOK),
    minutes: startDispersion(BY_MINUTE),
    learned: 0,
    open: { ...NOTHING, duration: 0 },
  }
}

/** With one more look at stable; a look that cannot be counted changes nothing. */
export function learnDesignEffect(before: DesignEffect, look: Part, duration: Milliseconds): DesignEffect {
  if (!(look.events >= 0 && look.trials > 0 && Number.isFinite(look.events + look.trials))) return before
  const open = { ...addParts(before.open, look), duration: before.open.duration + Math.max(0, duration) }
  const isOver = open.duration >= MINUTE
  return {
    logs: weighEffects(before.logs, before.looks.past, look),
    looks: learnDispersion(before.looks, look, BY_LOOK),
    learned: before.learned + 1,
    minutes: isOver ? learnDispersion(before.minutes, open, BY_MINUTE) : before.minutes,
    open: isOver ? { ...NOTHING, duration: 0 } : open,
  }
}

/**
 * By how much the variance of stable's counts is that of independent events: within a look, and with what lasts longer
 * than a look (noise of minutes, a user who goes on failing), which is never smaller. At least 1.
 */
export function designEffectOf({ looks, minutes }: DesignEffect): { readonly look: number; readonly lasting: number } {
  const look = effectOf(looks)
  return { look, lasting: Math.max(look, effectOf(minutes)) }
}

/** The design effect of a whole record, part after part, from `parts` that follow one another; 1 where it tells nothing. */
export function designEffectOver(parts: Iterable<Part>): number {
  let dispersion = startDispersion(WHOLE_RECORD)
  for (const part of parts) dispersion = learnDispersion(dispersion, part, WHOLE_RECORD)
  return Math.max(1, dispersion.squares / dispersion.parts)
}

/**
 * ln of what each bet earns from one interval, as {@link splitGains} says, when events may come in clumps: the smaller of two.
 *
 * One is the gain of independent events divided by the design effect D. With clumps of up to D events its mean stays
 * at most 1, by Jensen's inequality; with D = 1 it is the exact one. The other counts on design effects that nobody has
 * seen yet: the likelihood ratio of beta-binomial splits, mixed over {@link EFFECTS} by how likely stable's looks made them.
 * In it a burst within one look, which may be one clump, is worth little more than one event. As neither is larger than
 * the gain of independent events, nothing that holds for those is lost.
 *
 * `least` is a design effect that is known from elsewhere (`record-effect.ts`): it can only take from what is won, never add.
 *
 * Source: quasi-likelihood (Wedderburn 1974) for the division; beta-binomial model of clustered counts (Skellam 1948),
 * its precision s chosen so that the variance of n events is D times the binomial one: s = (n − D)/(D − 1).
 */
export function clumpedGains(
  counts: SplitCounts,
  ratio: number,
  multiples: readonly number[],
  effect: DesignEffect,
  least = 1,
): readonly number[] {
  const independent = splitGains(counts, ratio, multiples)
  const { look, lasting: learned } = designEffectOf(effect)
  const lasting = Math.max(learned, least)
  const share = counts.canaryTrials / (counts.canaryTrials + counts.stableTrials)
  const events = counts.canaryEvents + counts.stableEvents
  const likelihood = (multiple: number): number => {
    const chance = shareFor(share, ratio * multiple)
    return logSumExp(
      EFFECTS.map((size, index) => (effect.logs[index] ?? 0) + logSplit(counts.canaryEvents, events, chance, size)),
    )
  }
  // Only what would be won may have been won by a clump.
  const asAccepted = independent.some((gain) => gain > 0) ? likelihood(1) : 0
  return independent.map((gain, index) => {
    const won = gain > 0 ? (likelihood(multiples[index] ?? 1) - asAccepted) * look : gain
    return Math.min(gain, won) / lasting
  })
}

const NOTHING: Part = { events: 0, trials: 0 }

function startDispersion({ assumed }: Measuring): Dispersion {
  return { past: NOTHING, squares: assumed, parts: assumed }
}

function effectOf({ squares, parts }: Dispersion): number {
  return Math.max(1, squares / parts / CHANCE)
}

function learnDispersion(before: Dispersion, part: Part, { halfLife, assumed, fade }: Measuring): Dispersion {
  const past = addParts(scale(before.past, 0.5 ** (1 / halfLife)), part)
  const events = before.past.events + part.events
  const share = part.trials / (before.past.trials + part.trials)
  const variance = events * share * (1 - share)
  if (!(variance > 0 && Number.isFinite(variance))) return { ...before, past }
  const kept = 0.5 ** (1 / fade)
  const square = Math.min(HIGHEST_SQUARE, (part.events - events * share) ** 2 / variance)
  return {
    past,
    squares: assumed + (before.squares - assumed) * kept + square,
    parts: assumed + (before.parts - assumed) * kept + 1,
  }
}

function weighEffects(logs: readonly number[], past: Part, look: Part): readonly number[] {
  const events = past.events + look.events
  const share = look.trials / (past.trials + look.trials)
  const next = logs.map((log, index) => log + logSplit(look.events, events, share, EFFECTS[index] ?? 1))
  // Before there is a past, all trials are the look's: that says nothing, and is no number.
  if (!next.every(Number.isFinite)) return logs
  const top = Math.max(...next)
  return next.map((log) => Math.max(LEAST_LOG, log - top))
}

/** ln of the probability that `part` of so many events fall to an arm with this share of them, but for what all effects share. */
function logSplit(part: number, events: number, share: number, effect: number): number {
  const rest = events - part
  if (effect === 1) return part * Math.log(share) + rest * Math.log1p(-share)
  const precision = Math.max(LEAST_PRECISION, (events - effect) / (effect - 1))
  const [ours, theirs] = [share * precision, (1 - share) * precision]
  return logRising(ours, part) + logRising(theirs, rest) - logRising(precision, events)
}

/** Most factors that are multiplied out: their product stays finite up to factors of a million. */
const FEW_FACTORS = 48

/** ln of base·(base + 1)·…·(base + count − 1), for counts that need not be whole: ln Γ(base + count) − ln Γ(base). */
function logRising(base: number, count: number): number {
  if (!(Number.isInteger(count) && count <= FEW_FACTORS && base <= 1e6)) return logGamma(base + count) - logGamma(base)
  let product = 1
  for (let factor = 0; factor < count; factor += 1) product *= base + factor
  return Math.log(product)
}

function addParts(left: Part, right: Part): Part {
  return { events: left.events + right.events, trials: left.trials + right.trials }
}

function scale({ events, trials }: Part, by: number): Part {
  return { events: events * by, trials: trials * by }
}
