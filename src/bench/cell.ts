import type {AioChoice} from '../aio/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import type {OrderingMode} from '../ordering/index.js'
import type {CellSettings} from './result.js'
import type {Workload} from './workload.js'

/** How requests reach the kernel where io_uring is the backend: measured, through the ring, polled, or as plain system calls. */
export const SUBMIT_CHOICES = ['auto', 'ring', 'poll', 'inline'] as const
export type SubmitChoice = (typeof SUBMIT_CHOICES)[number]

/** Cells that run side by side on the image, and begin together: most often one. */
export type Turn = readonly Cell[]

/** One cell of the matrix: one value for everything that may be a list. */
export interface Cell {
  readonly settings: CellSettings
  readonly mode: CacheMode
  readonly ordering: OrderingMode
  readonly aio: AioChoice
  readonly submit: SubmitChoice
  readonly workload: Workload
}
