import { type Actor, ENTRANCES } from '../actor.ts'
import { isRecord } from '../json.ts'
import type { Milliseconds } from '../units.ts'
import type { Command } from './commands.ts'
import type { CommandVerb } from './verbs.ts'

/** A message that was read, or why it cannot be one. */
export type Read<T> = { readonly value: T } | { readonly problem: string }

const LONGEST_NAME = 256
const LONGEST_REASON = 4_000
/** Nobody extends a bake by more than a year. */
const LONGEST_EXTENSION: Milliseconds = 366 * 86_400_000

/**
 * Reads what somebody has sent as the command `verb`. Temporal's own tools can send a release anything, so nothing is
 * believed: the verb is the one of the door through which the message came, whatever the message itself says. Written
 * without a schema library, because workflows use it.
 */
export function readCommand(verb: CommandVerb, message: unknown): Read<Command> {
  if (!isRecord(message)) return { problem: `a command must be an object, not ${nameOf(message)}` }
  const { releaseId, step, key, actor, reason, by } = message
  const person = readActor(actor)
  if ('problem' in person) return person
  if (!isText(releaseId, 1, LONGEST_NAME)) return wrong('releaseId', 'the id of a release', releaseId)
  if (!isText(key, 1, LONGEST_NAME)) return wrong('key', 'a text of 1 to 256 characters', key)
  if (!isText(reason, 0, LONGEST_REASON)) return wrong('reason', 'a text of at most 4,000 characters', reason)
  if (!isStep(step)) return wrong('step', 'the number of a step or null', step)
  const command = { verb, releaseId, step, key, actor: person.value, reason }
  if (verb !== 'extend') return { value: command }
  if (!isCount(by) || by > LONGEST_EXTENSION) return wrong('by', 'milliseconds, up to 366 days', by)
  return { value: { ...command, by } }
}

/** Reads who sends a message. */
export function readActor(actor: unknown): Read<Actor> {
  if (!isRecord(actor)) return wrong('actor', 'a person and an entrance', actor)
  const { person, entrance } = actor
  const known = ENTRANCES.find((name) => name === entrance)
  if (!isText(person, 1, LONGEST_NAME)) return wrong('actor.person', 'the id of a person', person)
  if (known === undefined) return wrong('actor.entrance', ENTRANCES.join(', '), entrance)
  return { value: { person, entrance: known } }
}

/** True for a text whose length is between these two. */
export function isText(value: unknown, shortest: number, longest: number): value is string {
  return typeof value === 'string' && value.length >= shortest && value.length <= longest
}

/** True for a whole number that is not negative. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isStep(value: unknown): value is number | null {
  return value === null || isCount(value)
}

/** The problem of one part of a message. */
export function wrong(part: string, expected: string, received: unknown): { readonly problem: string } {
  return { problem: `${part} must be ${expected}, not ${nameOf(received)}` }
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return `a text of ${value.length} characters`
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return value === undefined ? 'nothing' : `a ${typeof value}`
}
