import { leaveFor, type WindowsNow } from '../domain/calendar/leave.ts'
import { closedText, theFreezes, type WindowRule } from '../domain/calendar/window-rule.ts'
import { type Exposure, isRaise } from '../domain/exposure.ts'
import type { CallGateAction, GateAction, ReadinessGateAction } from '../domain/plan/actions.ts'
import type { GateWait } from '../domain/release/release-events.ts'
import type { Milliseconds } from '../domain/units.ts'
import { readWindows } from './activity-calls.ts'
import { untilYes } from './asking.ts'
import { waitWhilePausedThenWatch } from './pausing.ts'
import type { Run } from './run.ts'
import type { Watch } from './watch.ts'

/** Calendars are edited while releases wait: they are read again this often, and a damaged one more often. */
const READ_AGAIN: Milliseconds = 3_600_000
const READ_DAMAGED: Milliseconds = 60_000

/** Waits until a window is open; the exposure stays and is watched. */
export async function gate({ window, step }: GateAction, run: Run, watch: Watch): Promise<void> {
  await untilOpen({ only: [window], freeze: [] }, step, run, watch)
}

/** Waits until a call says yes; the exposure stays and is watched. */
export async function callGate(action: CallGateAction, run: Run, watch: Watch): Promise<void> {
  const { call, step, within, onFail = run.input.plan.onFail } = action
  const { roles } = run.state()
  if (roles === null) throw new Error('a gate was reached before the baseline was read')
  const { target, releaseId, version } = run.input
  const key = `${releaseId}/step-${step}/${call}`
  const request = { target, releaseId, version, roles, step, call, key }
  const question = { about: 'call', request } as const
  await untilYes({ question, step, within, onFail, cause: 'gate', summary: `ask ${call}` }, run, watch)
}

/** Waits until every question of the checklist is answered with a yes, and keeps the answers. */
export async function readinessGate(action: ReadinessGateAction, run: Run, watch: Watch): Promise<void> {
  const { step, within, without, onFail = run.input.plan.onFail } = action
  const { roles, live } = run.state()
  if (roles === null) throw new Error('a gate was reached before the baseline was read')
  const { target, releaseId, version, plan, planHash, author } = run.input
  const holder = { releaseId, exposure: live, fence: run.fence() }
  const told = { target, plan, planHash, version, author: author.person, rest: roles, holder, without }
  const question = { about: 'readiness', request: told } as const
  await untilYes({ question, step, within, onFail, cause: 'gate', summary: 'readiness' }, run, watch)
}

/**
 * Waits until the plan's windows let the exposure be raised. Only what goes forward asks: the way back never comes here.
 * A pause may last until the windows have closed again, so they are asked once nothing is paused any more.
 */
export async function untilMayRaise(exposure: Exposure, step: number, run: Run, watch: Watch): Promise<void> {
  const { windows } = run.input.plan
  if (windows === undefined || !isRaise(run.state().live, exposure)) return
  await untilOpen(windows, step, run, watch)
}

/** A release that leaves a freeze aside says so before it does anything. */
export function tellOverride(run: Run): void {
  const overridden = run.input.plan.windows?.overridden
  if (overridden === undefined) return
  run.record({ type: 'freeze-overridden', ...overridden })
  const { by, reason, freezes } = overridden
  run.tell(`${run.input.version}: ${theFreezes(freezes)} overridden by ${by}, ${reason}`, 'warning')
}

async function untilOpen(rule: WindowRule, step: number, run: Run, watch: Watch): Promise<void> {
  for (;;) {
    await waitWhilePausedThenWatch(run, watch)
    const { now, wait } = await look(rule, run)
    if (run.state().pause !== null) continue
    if (leaveFor('raise', now, 'program') === 'go') break
    if (wait.reason !== run.state().gate?.reason) {
      run.record({ type: 'gate-waits', step, wait })
      run.tell(`${run.input.version}: waits, ${wait.reason}`, now === 'unreadable' ? 'alarm' : 'info')
    }
    const longest = now === 'unreadable' ? READ_DAMAGED : READ_AGAIN
    const left = wait.opensAt === null ? longest : Math.min(longest, wait.opensAt - Date.now())
    await run.untilDisturbed(left, `step ${step}: ${wait.reason}`.slice(0, 180))
  }
  run.record({ type: 'gate-opened' })
}

async function look(rule: WindowRule, run: Run): Promise<{ readonly now: WindowsNow; readonly wait: GateWait }> {
  const { target } = run.input
  const seen = await readWindows.executeWithOptions({ summary: 'windows' }, [{ target, rule, at: Date.now() }])
  if (seen.kind === 'unreadable') {
    const reason = `nobody can say whether the window is open, so it counts as closed: ${seen.reason}`
    return { now: 'unreadable', wait: { reason, opensAt: null } }
  }
  if (seen.isOpen) return { now: 'open', wait: { reason: '', opensAt: null } }
  const now = seen.frozenBy.length > 0 ? 'frozen' : 'closed'
  return { now, wait: { reason: closedText(rule, seen), opensAt: seen.opensAt } }
}
