import { CancellationScope, isCancellation } from '@temporalio/workflow'
import type { OutsideAnswer, OutsideQuestion } from '../activities/activities.ts'
import type { PlanConsequence } from '../domain/plan/checks.ts'
import type { Milliseconds } from '../domain/units.ts'
import { askOutside } from './activity-calls.ts'
import { giveUp } from './giving-up.ts'
import { waitWhilePausedThenWatch } from './pausing.ts'
import type { Run } from './run.ts'
import type { Watch } from './watch.ts'

type WithoutState<Question> = Question extends unknown ? Omit<Question, 'known' | 'patience'> : never

/** What is waited for, and what happens when it does not come. */
interface Wait {
  readonly question: WithoutState<OutsideQuestion>
  readonly step: number
  /** For Temporal's UI. */
  readonly summary: string
  /** How long the yes may take; null: as long as it takes. */
  readonly within: Milliseconds | null
  readonly cause: 'gate' | 'version'
  readonly onFail: PlanConsequence
}

const A_DAY: Milliseconds = 86_400_000

/**
 * Waits until others say yes; what is live stays and is watched, and everybody sees what is waited for. A no, and a yes that does
 * not come in time, pause or roll back; after a pause it is asked anew. Comes back without a yes only when the release is
 * abandoned.
 */
export async function untilYes(wait: Wait, run: Run, watch: Watch): Promise<void> {
  const { step, within } = wait
  for (;;) {
    // What is asked anew has its whole time again.
    const isAnew = run.state().pause !== null
    await waitWhilePausedThenWatch(run, watch)
    const { gate = null } = run.state()
    const due = within === null ? null : ((isAnew ? null : gate?.due) ?? Date.now() + within)
    const patience = due === null ? null : Math.max(1, due - Date.now())
    const answer = await askUntilDisturbed(
      { ...wait.question, known: isAnew ? null : (gate?.reason ?? null), patience },
      run,
      wait,
    )
    if (answer === null || run.state().pause !== null) continue
    if ('readiness' in answer) run.record({ type: 'readiness-answered', answers: answer.readiness })
    if (answer.kind === 'go') {
      // What has not been waited for is no news, but what a gate has said is.
      if (gate !== null || wait.question.about !== 'capacity') run.record({ type: 'gate-opened', text: answer.text })
      return
    }
    if (answer.kind === 'no' || (due !== null && Date.now() >= due)) {
      stopAsking(wait, answer.reason, run)
      if (run.state().abandoned !== null) return
      continue
    }
    if (answer.reason === gate?.reason && due === gate.due) continue
    run.record({
      type: 'gate-waits',
      step,
      wait: { reason: answer.reason, opensAt: null, ...(due !== null && { due }) },
    })
    if (gate === null || answer.isFault === true)
      run.tell(`${run.input.version}: waits, ${answer.reason}`, answer.isFault === true ? 'alarm' : 'info')
  }
}

function stopAsking({ cause, onFail }: Wait, reason: string, run: Run): void {
  run.record({ type: 'gate-given-up' })
  giveUp(onFail, { cause, by: 'sluice', reason }, run)
}

/** The answer, or null when anything happens to the release meanwhile: then it is to be asked anew. */
async function askUntilDisturbed(
  question: OutsideQuestion,
  run: Run,
  { step, summary }: Wait,
): Promise<OutsideAnswer | null> {
  const own = new CancellationScope({ cancellable: true })
  const first = await own.run(() =>
    Promise.race([
      askOutside.executeWithOptions({ summary }, [question]).then(
        (answer) => ({ answer }),
        (error: unknown) => ({ error }),
      ),
      run.untilDisturbed(A_DAY, `step ${step}: ${question.known ?? summary}`.slice(0, 180)).then(
        () => null,
        (error: unknown) => ({ error }),
      ),
    ]),
  )
  own.cancel()
  if (first === null) return null
  if ('answer' in first) return first.answer
  if (isCancellation(first.error)) throw first.error
  return { kind: 'wait', reason: `it could not be asked: ${String(first.error)}`, isFault: true }
}
