import { ApplicationFailure, log, setHandler } from '@temporalio/workflow'
import { isRecord } from '../domain/json.ts'
import { eventsOf } from '../domain/release/command-events.ts'
import { type Command, decide } from '../domain/release/commands.ts'
import { type Callback, hearing, readCallback } from '../domain/release/read-callback.ts'
import { isText, readActor, readCommand } from '../domain/release/read-command.ts'
import { phaseText } from '../domain/release/release-details.ts'
import { COMMAND_VERBS, type CommandVerb, VERBS } from '../domain/release/verbs.ts'
import {
  abortSignal,
  type CommandAnswer,
  callbackUpdate,
  commandUpdates,
  supersedeSignal,
  viewQuery,
  watchEndsSignal,
} from './messages.ts'
import type { Run } from './run.ts'

/**
 * Binds every message of a release. Commands are updates, because the sender waits for an answer; their validators are
 * synchronous (the SDK ignores what an asynchronous one throws) and a refused command leaves no trace in the history.
 */
export function answerMessages(run: Run): void {
  const { carried: _, ...input } = run.input
  setHandler(viewQuery, () => ({ input, state: run.state() }), { description: 'The whole state of the release' })
  setHandler(supersedeSignal, (message) => makeWay(message, run), {
    description: 'Make way for another release: roll back now',
  })
  setHandler(abortSignal, (message) => abortBySignal(message, run), {
    description: 'Roll back now; for when no update gets through',
  })
  setHandler(callbackUpdate, (message) => hearCallback(callbackIn(message), run), {
    validator: (message) => refuseStray(callbackIn(message), run),
    description: 'The answer to a call of this release, which came later',
  })
  setHandler(watchEndsSignal, (message) => endWatch(message, run), {
    description: 'Stop watching what was promoted: another release begins',
  })
  for (const verb of COMMAND_VERBS) {
    setHandler(commandUpdates[verb], (message) => accept(commandIn(verb, message), run), {
      validator: (message) => void decided(commandIn(verb, message), run),
      description: VERBS[verb].does,
    })
  }
}

/** A signal has no answer: what cannot be read, or does not fit, is left alone. */
function makeWay(message: unknown, run: Run): void {
  const actor = readActor(isRecord(message) ? message['actor'] : undefined)
  const reason = isRecord(message) ? message['reason'] : undefined
  if ('problem' in actor || !isText(reason, 0, 4_000)) return log.warn('a message that cannot be one was left alone')
  run.abandon('abort', actor.value.person, reason)
}

function endWatch(message: unknown, run: Run): void {
  const reason = isRecord(message) ? message['reason'] : undefined
  if (!isText(reason, 1, 4_000)) return log.warn('a message that cannot be one was left alone')
  run.record({ type: 'watch-ended', reason })
}

function abortBySignal(message: unknown, run: Run): void {
  const read = readCommand('abort', message)
  if ('problem' in read) return log.warn('an abort that cannot be one was left alone', { problem: read.problem })
  if (judged(read.value, run).kind === 'accept') accept(read.value, run)
}

/** What came in by this door, read as its verb: a message cannot be another command than the one that was judged. */
function commandIn(verb: CommandVerb, message: unknown): Command {
  const read = readCommand(verb, message)
  if ('value' in read) return read.value
  const details = { fix: 'send it with sluice, or as docs/commands.md says' }
  throw ApplicationFailure.nonRetryable(read.problem, 'request.invalid', details)
}

function callbackIn(message: unknown): Callback {
  const read = readCallback(message)
  if ('value' in read) return read.value
  throw ApplicationFailure.nonRetryable(read.problem, 'request.invalid', {
    fix: 'send it as docs/hooks/webhook.md says',
  })
}

function refuseStray(callback: Callback, run: Run): void {
  if (hearing(callback, run.state()) !== 'unknown') return
  const fix = 'answer once, with the key that the call came with, while the release waits'
  throw ApplicationFailure.nonRetryable('no call of this release waits for this answer', 'hook.unknown-key', { fix })
}

/** Heard twice is heard once. */
function hearCallback(callback: Callback, run: Run): { readonly isRepeat: boolean } {
  refuseStray(callback, run)
  const isRepeat = hearing(callback, run.state()) === 'repeat'
  if (!isRepeat) {
    const { key, isDone, reason } = callback
    run.record({ type: 'hook-answered', key, isDone, reason })
  }
  return { isRepeat }
}

function judged(command: Command, run: Run) {
  const { author, plan } = run.input
  return decide(command, run.state(), { author: author.person, policies: plan.policies ?? [] })
}

/** At the door, and again when it is carried out: what came in with it may have changed what it would do. */
function decided(command: Command, run: Run) {
  const decision = judged(command, run)
  if (decision.kind !== 'refuse') return decision
  throw ApplicationFailure.nonRetryable(decision.message, decision.code, { fix: decision.fix })
}

function accept(command: Command, run: Run): CommandAnswer {
  if (decided(command, run).kind === 'accept') {
    carryOut(command, run)
    run.tell(`${run.input.version}: ${command.verb} by ${command.actor.person}`, 'info')
  }
  const state = run.state()
  const standing = state.abandoned === null ? phaseText(state) : 'rolling back'
  return { releaseId: state.releaseId, phase: state.phase, text: `${command.verb} accepted, now ${standing}` }
}

function carryOut(command: Command, run: Run): void {
  for (const event of eventsOf(command)) {
    if (event.type === 'abandoned') run.abandon(event.cause, event.by, event.reason)
    else run.record(event)
  }
}
