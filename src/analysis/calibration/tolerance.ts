import type { Check } from '../../domain/plan/checks.ts'
import { kindOf } from '../checks/index.ts'
import type { Tolerance } from './counting.ts'

/** True for a check that compares both arms with an error budget, so that its ratio can be calibrated. */
export function isCalibrated(check: Check): boolean {
  return knownTolerance(check) !== null
}

/** What may be proposed for a check that {@link isCalibrated}. */
export function toleranceOf(check: Check): Tolerance {
  const tolerance = knownTolerance(check)
  if (tolerance === null) throw new Error(`the check ${check.name} has no error budget to be calibrated with`)
  return tolerance
}

function knownTolerance(check: Check): Tolerance | null {
  return kindOf(check).calibrate(check)?.tolerance ?? null
}
