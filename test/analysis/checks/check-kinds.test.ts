import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CHECK_KINDS, kindOf, type ListedCheck } from '../../../src/analysis/checks/index.ts'
import { needsCounts, queriesOf } from '../../../src/analysis/checks/needs.ts'
import {
  enterExposure,
  startCheck,
  startProof,
  stepCheck,
  stepProof,
} from '../../../src/analysis/judges/check-judge.ts'
import { ADAPTERS, planContextFor } from '../../../src/catalog.ts'
import { readInstallation } from '../../../src/config/installation.ts'
import type { PlanContext } from '../../../src/domain/plan/plan-context.ts'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import { arm, look } from '../judges/looks.ts'

const prometheus = { counts: true, latency: true, queries: 'promql', records: false } as const

function context(): PlanContext {
  const read = readInstallation(readFileSync('examples/sluice.yaml', 'utf8'), 'sluice.yaml', ADAPTERS)
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  const all = planContextFor(read.installation)
  return {
    ...all,
    target(service, environment) {
      const facts = all.target(service, environment)
      return facts === null ? null : { ...facts, metrics: { prometheus } }
    },
  }
}

/** The check of this kind as the plan on its page of the docs has it. */
function documented(kind: string): ListedCheck {
  const page = `docs/checks/${kind}.md`
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```yaml plan\n([^]*?)^```$/gm)]
  const plans = blocks.map(([, text = '']) => readPlanText(text, page, context()))
  const checks = plans.flatMap((read) => {
    if ('problems' in read) throw new Error(JSON.stringify(read.problems))
    const { checks: own, actions } = read.plan
    return [...own, ...actions.flatMap((action) => (action.kind === 'judge' ? action.checks : []))]
  })
  const found = CHECK_KINDS.flatMap((listed) => checks.flatMap((check) => listed.own(check) ?? []))
  const first = found.find((check) => check.kind === kind)
  if (first === undefined) throw new Error(`${page} has no plan with a check of its kind`)
  return first
}

const written = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value

describe.each(CHECK_KINDS.map((kind) => [kind.kind, kind] as const))('the check kind %s', (name, kind) => {
  const check = documented(name)
  const others = CHECK_KINDS.filter((other) => other.kind !== name).map((other) => documented(other.kind))
  const looks = [0, 1, 2].map((index) => look(index, arm(200, 2), arm(800, 8)))

  it('has a summary that is one sentence', () => {
    expect(kind.summary).toMatch(/^[A-Z].*\.$/)
  })

  it('knows the check of its page again after a way through JSON, and no other', () => {
    expect(written(check)).toEqual(check)
    expect(kindOf(written(check))).toBe(kind)
    expect(kind.own(written(check))).toEqual(check)
    for (const other of others) {
      expect(kind.own(other)).toBeNull()
      expect(() => kind.question(other)).toThrow('was handed to another kind of check')
    }
  })

  it('asks in one line, with a part of the budget or none', () => {
    expect(kind.question(check)).toMatch(/^\S.{5,200}$/)
    const alpha = kind.alpha(check)
    expect(alpha === null || (alpha > 0 && alpha < 1)).toBe(true)
    expect(kind.finalAnswer(check)?.after ?? 1).toBeGreaterThan(0)
  })

  it('is judged from counts or from queries, never from nothing', () => {
    expect(needsCounts(check)).toBe(Object.keys(queriesOf(check)).length === 0)
  })

  it('goes on from a state that was written down as from the state itself', () => {
    let state = startCheck(check)
    for (const input of looks) {
      const step = stepCheck(check, state, input)
      expect(stepCheck(check, written(state), input)).toEqual(step)
      expect(written(step.state)).toEqual(step.state)
      state = enterExposure(check, step.state)
    }
  })

  it('begins afresh with the state of another kind', () => {
    const fresh = looks.map((input) => stepCheck(check, startCheck(check), input))
    const foreign = { kind: 'of another kind' }
    expect(looks.map((input) => stepCheck(check, foreign, input))).toEqual(fresh)
    expect(enterExposure(check, foreign)).toBe(foreign)
    expect(kind.evidence(foreign)).toEqual({ strongest: 0, now: 0 })
  })

  it('says what it can prove, what it would see and how it is replayed, or that it does not', () => {
    const proof = startProof(check)
    expect(written(proof)).toEqual(proof)
    expect(looks.every((input) => stepProof(check, proof, input).reason !== '')).toBe(true)
    const power = kind.power(check)
    expect('words' in power ? power.words(60_000).text : String(power.leastRequests)).not.toBe('')
    const counting = kind.calibrate(check)
    expect(counting === null || kind.needsCounts).toBe(true)
    expect(counting?.tolerance?.alpha ?? kind.alpha(check)).toBe(kind.alpha(check))
  })
})

describe('the list of check kinds', () => {
  it('names each kind once', () => {
    const names = CHECK_KINDS.map(({ kind }) => kind)
    expect(new Set(names).size).toBe(names.length)
  })

  it('says what to do about a kind that it does not have', () => {
    expect(() => kindOf({ kind: 'weather', name: 'rain', source: 'sky' })).toThrow(
      'the check rain is of a kind that this process does not know',
    )
  })
})
