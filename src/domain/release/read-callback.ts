import { isRecord } from '../json.ts'
import type { CallAnswer, HookCall } from './hooks.ts'
import { isText, type Read, wrong } from './read-command.ts'
import { isEnded, type ReleaseState } from './release-state.ts'

/** What a callback says of a call. */
export interface Callback extends CallAnswer {
  /** The call as it signed: nobody answers another one. */
  readonly call: string
  /** The key that the call came with. */
  readonly key: string
}

/** Reads what was sent to a release as a callback. */
export function readCallback(message: unknown): Read<Callback> {
  if (!isRecord(message)) return { problem: 'a callback must be an object' }
  const { call, key, isDone, reason } = message
  if (!isText(call, 1, 256)) return wrong('call', 'the name of a call', call)
  if (!isText(key, 1, 400)) return wrong('key', 'a text of 1 to 400 characters', key)
  if (typeof isDone !== 'boolean') return wrong('isDone', 'true or false', isDone)
  if (!isText(reason, 0, 1_000)) return wrong('reason', 'a text of at most 1,000 characters', reason)
  return { value: { call, key, isDone, reason } }
}

/** Whether a callback answers the call that a release waits for, has been heard before, or comes for nothing. */
export function hearing(
  { key, call }: Pick<Callback, 'key' | 'call'>,
  state: ReleaseState,
): 'new' | 'repeat' | 'unknown' {
  if (state.commandKeys.includes(key)) return 'repeat'
  const hook: HookCall | null = state.hook ?? null
  return !isEnded(state) && hook?.key === key && hook.call === call && hook.answer === null ? 'new' : 'unknown'
}
