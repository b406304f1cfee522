import { compareFences, type Fence } from '../domain/exposure.ts'

/** A fence as it stands beside a flag in its store. */
export function fenceText({ release, epoch }: Fence): string {
  return `${release}:${epoch}`
}

/** The fence that a text holds, or null: one that cannot be read is none. */
export function parseFence(text: string): Fence | null {
  const match = /^(\d{1,15}):(\d{1,15})$/.exec(text)
  return match === null ? null : { release: Number(match[1]), epoch: Number(match[2]) }
}

/** The newest of those that are there. */
export function newestFence(fences: readonly (Fence | null)[]): Fence | null {
  return fences.reduce((newest, fence) => {
    if (fence === null) return newest
    return newest === null || compareFences(fence, newest) > 0 ? fence : newest
  }, null)
}
