import { join } from 'node:path'
import { openWorld } from './world/world.ts'
import { playWave } from './drive/wave.ts'
import { healService, healWorld } from './drive/rest.ts'
import { readOptions } from './options.ts'
import { scriptWave } from './script/script.ts'
import { writeFile } from 'node:fs/promises'

const options = readOptions(process.argv.slice(2), 1)
if ('problem' in options) throw new Error(options.problem)
process.on('disconnect', () => process.kill(0, 'SIGKILL'))
process.on('SIGTERM', () => process.exit(143))
const folder = join(process.cwd(), '.sluice', 'faults', 'runs', String(Date.now()))
const t0 = Date.now()
const say = (text: string) => console.log(`[${((Date.now() - t0) / 1000).toFixed(1)}] ${text}`)
const world = await openWorld({
  folder,
  services: options.parallel,
  rate: options.rate,
  programs: {
    temporal: process.env['SLUICE_TEMPORAL_CLI'] ?? '',
    haproxy: process.env['SLUICE_HAPROXY'] ?? '',
    prometheus: process.env['SLUICE_PROMETHEUS'] ?? '',
  },
})
say('world up')
for (let wave = 1; wave <= Math.ceil(options.releases / options.parallel); wave += 1) {
  await healWorld(world)
  await Promise.all(world.services.map((service) => healService(world, service)))
  const records = await playWave(world, scriptWave(options, wave), options.seed, say)
  for (const r of records) {
    await writeFile(join(folder, `w${wave}-${r.service}.json`), JSON.stringify(r, null, 1))
    say(`${r.service} ${r.releases.map((x) => `${x.label} ${x.card?.phase} ${JSON.stringify(x.standing)}`).join(' | ')} lane ${JSON.stringify(r.lane)}`)
    say(`   ${r.samples.map((s) => `${s.share}×${s.samples}`).join(' ')}`)
    say(`   ${r.faults.map((f) => `${f.kind}@${((f.from - r.from) / 1000).toFixed(1)}-${((f.until - r.from) / 1000).toFixed(1)} ${f.note}`).join('; ')}`)
  }
  say(JSON.stringify(world.users()))
}
await world.close()
process.exit(0)
