import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { collect, collectProposals, FULL, QUICK } from './decisions/collect.ts'
import { brokenOrder, goalsWith, printGoals } from './decisions/goals.ts'
import { printTable } from './decisions/print.ts'
import { tablesWith } from './decisions/tables.ts'

/**
 * Decision quality: how often good releases are rolled back, and how soon bad ones are, by Sluice's judge and by the
 * rules of other tools, over the same simulated traffic. Ends with 1 when the order of the rules is not as it must be.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' } },
  })
  const seed = Number(values.seed)
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`--seed ${values.seed}: expected a whole number >= 0`)
  const threads = Math.min(2, availableParallelism())
  const effort = values.quick ? QUICK : FULL
  const start = performance.now()
  const proposals = await collectProposals(effort, seed, threads)
  const tables = tablesWith(proposals)
  const goals = goalsWith(proposals)
  const results = await collect({ tables, goals }, effort, seed, threads)
  const seconds = Math.round((performance.now() - start) / 1_000)
  const machine = `Node ${process.version}, ${threads} threads, ${cpus()[0]?.model ?? 'unknown processor'}`
  console.log(`Decision quality, ${values.quick ? 'quick' : 'full'} run, seed ${seed}, ${seconds} s (${machine})`)
  for (const table of tables) console.log(`\n${printTable(table, results)}`)
  console.log(`\n${printGoals(goals, results)}`)
  const broken = brokenOrder(results)
  console.log(
    broken.length === 0
      ? '\nThe order of the rules holds.'
      : `\nThe order of the rules is BROKEN:\n${broken.join('\n')}`,
  )
  return broken.length === 0 ? 0 : 1
}

process.exitCode = await main()
