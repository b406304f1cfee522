import type { Instant } from '../units.ts'

/** What was said of a call by whoever carried it out. */
export interface CallAnswer {
  readonly isDone: boolean
  /** What they have to say; may be empty. */
  readonly reason: string
}

/** A call that was asked for: an effect, or what undoes one. Plain JSON. */
export interface HookCall {
  /** The plan's step that it belongs to, from 1. */
  readonly step: number
  /** Its name in `sluice.yaml`. */
  readonly call: string
  readonly direction: 'do' | 'undo'
  /** The same at every try whose end is not known; see {@link callKey}. */
  readonly key: string
  /** How often it was answered with a no: each asks for a key of its own afterwards. */
  readonly refusals: number
  /** Until when its answer is due that comes later; null while there is none to wait for. */
  readonly due: Instant | null
  /** The answer that came later; null until it has. */
  readonly answer: CallAnswer | null
}

/** An effect that a rollback takes back: registered before the effect is asked for. Plain JSON. */
export interface Undo {
  readonly step: number
  /** The call that undoes. */
  readonly call: string
  /** The call that is undone. */
  readonly undoes: string
  /** `left`: another release owns the target, so that it is not for this one to undo. */
  readonly standing: 'open' | 'done' | 'left'
  /** Tries that failed. */
  readonly tries: number
  readonly refusals: number
  readonly lastError: string | null
}

/** What of a release's state is about hooks. */
interface HookState {
  readonly releaseId: string
  readonly hook?: HookCall | null
  readonly undos?: readonly Undo[]
}

/**
 * Names one call for whoever carries it out: `release/checkout/production/7/step-2/deploy`. It stays the same until the call
 * was answered with a no, because until then nobody knows whether it took effect; then the next try is another call,
 * `…/deploy/2`.
 */
function callKey(
  releaseId: string,
  { step, direction, call, refusals }: Pick<HookCall, 'step' | 'direction' | 'call' | 'refusals'>,
): string {
  const what = direction === 'do' ? call : `undo-${call}`
  return `${releaseId}/step-${step}/${what}${refusals === 0 ? '' : `/${refusals + 1}`}`
}

/** The call as it is asked for now: of one that was tried before it keeps what is known of it. */
export function calledAgain(state: HookState, asked: Pick<HookCall, 'step' | 'call' | 'direction'>): HookCall {
  const known = state.hook ?? null
  const isSame = known?.step === asked.step && known.call === asked.call && known.direction === asked.direction
  const ofUndo = (state.undos ?? []).find(({ step, call }) => step === asked.step && call === asked.call)
  const refusals = asked.direction === 'undo' ? (ofUndo?.refusals ?? 0) : isSame ? known.refusals : 0
  return { ...asked, refusals, key: callKey(state.releaseId, { ...asked, refusals }), due: null, answer: null }
}

/** The undos with that of a step among them; a call that is tried again is undone once. */
export function withUndo(
  undos: readonly Undo[] | undefined,
  { step, call, undo }: { readonly step: number; readonly call: string; readonly undo: string | null },
): readonly Undo[] | undefined {
  if (undo === null || undos?.some((known) => known.step === step) === true) return undos
  const fresh: Undo = { step, call: undo, undoes: call, standing: 'open', tries: 0, refusals: 0, lastError: null }
  return [...(undos ?? []), fresh]
}

/** The undos that are still to be carried out, the latest effect first. */
export function openUndos({ undos = [] }: Pick<HookState, 'undos'>): readonly Undo[] {
  return undos.filter(({ standing }) => standing === 'open').toReversed()
}

/** True while an effect is to be taken back before the release is over. */
export function hasOpenUndo(state: Pick<HookState, 'undos'>): boolean {
  return openUndos(state).length > 0
}

/** `deploy was not undone: another release owns the target`; empty when nothing failed so far. */
export function undoWords(state: Pick<HookState, 'undos'>): string {
  return openUndos(state)
    .flatMap(({ call, undoes, tries, lastError }) =>
      lastError === null
        ? []
        : [
            `${undoes} is not undone yet: ${call} failed ${tries === 1 ? 'once' : `${tries} times`}, last: ${lastError}`,
          ],
    )
    .join('; ')
}

/** The first tries, then fewer and fewer: an undo that fails for days must not push everything else out. */
export function isUndoWorthTelling({ tries }: Pick<Undo, 'tries'>): boolean {
  return Number.isInteger(Math.log2(tries))
}

const FIRST_PAUSE = 2_000
const LONGEST_PAUSE = 60_000

/** How long to wait before the open undos are tried again, in milliseconds: doubles from 2 s to a minute. */
export function undoPause(state: Pick<HookState, 'undos'>): number {
  const fewest = Math.min(...openUndos(state).map(({ tries }) => tries))
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(10, Math.max(0, fewest - 1)))
}
