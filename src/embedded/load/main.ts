import { runService } from '../service-process.ts'
import { startLoad } from './load-generator.ts'

await runService(startLoad)
