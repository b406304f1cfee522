import { runService } from '../service-process.ts'
import { startDataPlane } from './data-plane.ts'

await runService(startDataPlane)
