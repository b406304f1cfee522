import { afterEach, describe, expect, it } from 'vitest'
import type { RehearsalPlan } from '../../src/analysis/readiness/rehearsal-plan.ts'
import { createServer } from '../../src/api/server.ts'
import type { Rehearse } from '../../src/cli/rehearsing.ts'
import { apiParts } from '../support/api-parts.ts'
import { PLAN } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'
import { fetchFrom, runSluice } from '../support/program.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Each run ends as it may, but for those that are named. */
function rehearsing(wrong: readonly string[] = []): { readonly rehearse: Rehearse; readonly seen: RehearsalPlan[] } {
  const seen: RehearsalPlan[] = []
  return {
    seen,
    async rehearse(rehearsal, onLine) {
      seen.push(rehearsal)
      for (const { name, ends } of rehearsal.runs) {
        onLine({ kind: 'begins', name })
        const isRight = !wrong.includes(name)
        const came = isRight ? (ends[0] ?? '') : 'promoted'
        onLine({ kind: 'ran', run: { name, expected: ends.join(' or '), came, isRight } })
      }
    },
  }
}

async function rehearse(rehearse: Rehearse | null, plan: object, ...more: string[]) {
  const releases = createFakeReleases()
  const server = createServer(apiParts({ releases }))
  closers.push(() => server.close())
  const said = await runSluice(['rehearse', 'plan.yaml', ...more], {
    ...{ fetch: fetchFrom(server), readFile: async () => JSON.stringify(plan) },
    ...(rehearse !== null && { rehearse }),
  })
  return { ...said, kept: releases.keptRehearsals }
}

describe('sluice rehearse', () => {
  it('runs the plan with short bakes, tells how it gets on, and has the record kept', async () => {
    const { rehearse: run, seen } = rehearsing()
    const { code, out, err, kept } = await rehearse(run, PLAN, '--bake', '2s')
    expect(code).toBe(0)
    expect(seen[0]?.plan.actions.flatMap((one) => (one.kind === 'bake' ? [one.duration] : []))).toEqual([2_000, 2_000])
    expect(err).toContain('stands in: approvals are given at once')
    expect(out).toContain('right  a healthy version: promoted')
    expect(out).toContain('every run ended as it should; kept with checkout in production')
    expect(kept).toMatchObject([{ by: 'carol', leftOut: expect.arrayContaining([expect.stringContaining('slow')]) }])
  })

  it('says what came instead, keeps that too, and ends with 1', async () => {
    const { code, out, kept } = await rehearse(rehearsing(['a version that fails']).rehearse, PLAN)
    expect(code).toBe(1)
    expect(out).toContain('wrong  a version that fails: promoted, expected rolled-back')
    expect(kept[0]?.runs.filter(({ isRight }) => !isRight)).toHaveLength(1)
  })

  it('starts nothing where there is no data plane, and says where there is one', async () => {
    const { code, err, kept } = await rehearse(null, PLAN)
    expect([code, kept]).toEqual([1, []])
    expect(err).toContain('fix:      rehearse there')
  })

  it('refuses what it cannot do, an unknown name and a bake that is too short', async () => {
    const query = { query: { promql: 'sum(revenue)', fail: 'result[0] < 1' } }
    const { rehearse: run, seen } = rehearsing()
    const unable = await rehearse(run, { ...PLAN, checks: { revenue: query } })
    expect(unable.err).toContain('--without revenue')
    expect((await rehearse(run, PLAN, '--without', 'revenue')).code).toBe(2)
    expect((await rehearse(run, PLAN, '--bake', '1s')).code).toBe(2)
    expect(seen).toEqual([])
  })
})
