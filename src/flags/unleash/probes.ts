import MurmurHash3 from 'imurmurhash'
import { z } from 'zod'
import type { FlagReach } from '../../domain/flag-reach.ts'
import { FULL_WEIGHT } from '../../domain/units.ts'
import { type AdminApi, type Allowance, callAdmin, refused, unreadable } from '../admin-api.ts'
import { findEdge, type Probe, probesFor } from '../proof.ts'

/** Unleash has a hundred buckets. */
const BUCKETS = 100

export function probesOf(flag: string, reach: FlagReach): readonly Probe[] {
  const share = reach.weight / (FULL_WEIGHT / BUCKETS)
  return probesFor(
    reach,
    findEdge(share, BUCKETS, (user) => new MurmurHash3(`${flag}:${user}`).result() % BUCKETS),
  )
}

const played = z.looseObject({ features: z.array(z.looseObject({ name: z.string(), isEnabled: z.boolean() })) })

/** Has Unleash evaluate the flags of the project for somebody, and names those that are on. */
export async function flagsOnFor(
  api: AdminApi,
  allowance: Allowance,
  where: { readonly project: string; readonly environment: string; readonly cohortField: string },
  { user, cohort }: Pick<Probe, 'user' | 'cohort'>,
): Promise<ReadonlySet<string>> {
  const { project, environment, cohortField } = where
  const properties = cohort === null ? {} : { [cohortField]: cohort }
  const context = { appName: 'sluice', ...(user !== null && { userId: user }), properties }
  const body = { environment, projects: [project], context }
  const answer = await callAdmin(api, allowance, { method: 'POST', path: '/api/admin/playground', body })
  if (answer.status !== 200) throw refused(api.name, 'to evaluate flags', answer)
  const parsed = played.safeParse(answer.body)
  if (!parsed.success) throw unreadable(api.name, 'an evaluation')
  return new Set(parsed.data.features.filter(({ isEnabled }) => isEnabled).map(({ name }) => name))
}
