import { type ReturnView, returnText } from '../domain/lane/former.ts'
import type { Plan } from '../domain/plan/plan.ts'
import type { Problem } from '../domain/problems.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { type StartWish, throughFreezes } from './freezes.ts'
import { type RehearsalKeeper, rehearsalProblems } from './rehearsed.ts'

/** Who knows something of a plan before it starts. What it is asked for does not throw, and keeps no start for long. */
export interface Foresight extends RehearsalKeeper {
  /** What is worth knowing of it, as sentences. */
  readonly foresee: (plan: Plan) => Promise<readonly string[]>
  /** What it takes from the releases before it: `written` is the plan as it was written, its template filled in. */
  readonly learnWarmUp: (plan: Plan, written: unknown) => Promise<LearnedWarmUp>
}

/** Nothing, or a warm-up for a plan that states none, and what is said of it. */
export interface LearnedWarmUp {
  readonly warmUp?: Milliseconds
  readonly notes: readonly string[]
}

/**
 * What a start asks for, whichever entrance it comes through: the plan as the freezes let it start, what was learned for it, and
 * what its author should know; or why its policies refuse it.
 * @throws SluiceError as `throughFreezes`, and when it is not known whether the plan was rehearsed
 */
export async function prepareStart(
  { plan: read, written }: { readonly plan: Plan; readonly written: unknown },
  wish: StartWish,
  foresight: Foresight,
  now: Instant,
): Promise<(LearnedWarmUp & { readonly plan: Plan }) | { readonly problems: readonly Problem[] }> {
  const { installation, foresee, learnWarmUp } = foresight
  const { plan, notes } = throughFreezes(read, wish, installation, now)
  // Of the plan as it was read: an override of a freeze makes no other plan of it.
  const problems = await rehearsalProblems(read, foresight, now)
  if (problems.length > 0) return { problems }
  const [foreseen, learned] = await Promise.all([foresee(plan), learnWarmUp(plan, written)])
  return { ...learned, plan, notes: [...notes, ...foreseen, ...learned.notes] }
}

/** What the author of a start should know once it was taken: of the plan, or that it is a return without it. */
export function notesOfStart(
  { returns }: { readonly returns?: ReturnView },
  ofPlan: readonly string[],
): readonly string[] {
  return returns === undefined ? ofPlan : [returnText(returns)]
}
