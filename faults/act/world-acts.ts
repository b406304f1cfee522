import { setTimeout as sleep } from 'node:timers/promises'
import type { Milliseconds } from '../../src/domain/units.ts'
import { type Wave, whileFaulty } from '../drive/scene.ts'
import type { WorldAct } from '../script/script.ts'
import type { Haproxy } from '../world/haproxy.ts'
import type { Program } from '../world/program.ts'

const QUICK: Milliseconds = 200

/** Carries out what strikes every release of a wave. */
export async function actOnWorld(wave: Wave, act: WorldAct): Promise<void> {
  const note = act.seconds === 0 ? '' : `${act.seconds} s`
  await whileFaulty(wave.faults, act.kind, note, () => perform(wave, act))
}

async function perform({ world }: Wave, { kind, seconds, pick }: WorldAct): Promise<void> {
  const { haproxy, prometheus, temporal, workers, apiProgram } = world
  const one = pick < 0.5 ? workers[0] : workers[1]
  switch (kind) {
    case 'worker-killed':
      return killed([one], seconds)
    case 'worker-frozen':
      return frozen([one], seconds)
    case 'workers-killed':
      return killed(workers, seconds)
    case 'workers-frozen':
      return frozen(workers, seconds)
    case 'api-killed':
      return killed([apiProgram], seconds)
    case 'temporal-killed':
      return killed([temporal], seconds)
    case 'haproxy-frozen':
      await haproxy.freeze()
      await sleep(seconds * 1_000)
      haproxy.thaw()
      return untilQuick(haproxy)
    case 'haproxy-reloaded':
      return haproxy.reload()
    case 'haproxy-reloaded-kept':
      await haproxy.saveMaps()
      return haproxy.reload()
    case 'haproxy-restarted':
      if (pick < 0.5) await haproxy.saveMaps()
      return haproxy.restart()
    case 'prometheus-killed':
      return killed([prometheus.program], seconds)
    case 'prometheus-frozen':
      return frozen([prometheus.program], seconds)
    case 'prometheus-emptied':
      await prometheus.program.kill()
      await prometheus.forget()
      return prometheus.program.start()
  }
}

/** It first works off what has piled up; only then it is back. */
async function untilQuick(haproxy: Haproxy): Promise<void> {
  for (let quick = 0; quick < 3; ) {
    const began = performance.now()
    await haproxy.run(['show info'])
    quick = performance.now() - began < QUICK ? quick + 1 : 0
    await sleep(50)
  }
}

async function killed(programs: readonly Program[], seconds: number): Promise<void> {
  await Promise.all(programs.map((program) => program.kill()))
  await sleep(seconds * 1_000)
  await Promise.all(programs.map((program) => program.start()))
}

async function frozen(programs: readonly Program[], seconds: number): Promise<void> {
  await Promise.all(programs.map((program) => program.freeze()))
  await sleep(seconds * 1_000)
  for (const program of programs) program.thaw()
}
