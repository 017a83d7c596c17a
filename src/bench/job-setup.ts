import type {Recording} from '../archive/index.js'
import {
  openBackend,
  type AioChoice,
  type BackendTarget,
  type DiskModel,
  type InlineSteps,
  type RingManner,
} from '../aio/index.js'
import {SECTOR_BYTES} from '../base/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import {Engine, SYNC_TOKENS} from '../engine/index.js'
import {withoutTags, type OrderingMode} from '../ordering/index.js'
import {idBytes} from '../request/index.js'
import {CheckedContent, UnitMap} from './content.js'
import {Job, type JobOptions, type JobResult} from './job.js'
import {WorkloadStream, type Region, type RequestStream} from './request-stream.js'
import {SyncsAsked} from './syncs-asked.js'
import type {Workload} from './workload.js'

/** What one job of a round needs, wherever it runs. */
export interface JobSetup {
  readonly target: Pick<
    BackendTarget,
    'fd' | 'dsyncFd' | 'startBytes' | 'sizeBytes' | 'readOnly' | 'read' | 'freshRanges'
  >
  readonly alignmentBytes: number
  readonly soleWriter: boolean
  readonly mode: CacheMode
  readonly ordering: OrderingMode
  readonly aio: AioChoice
  readonly inline: InlineSteps | undefined
  readonly ring: RingManner | undefined
  readonly diskModel: DiskModel | undefined
  readonly workload: Workload
  readonly region: Region
  /** From 0, among all that run side by side; of a cell with several, that of the first. */
  readonly job: number
  /** Requests of somewhere else than the workload. */
  readonly stream?: RequestStream | undefined
  readonly paced: boolean
  /** Sees every event. */
  readonly recording?: Recording | undefined
}

/** What one job did, and the units it wrote with content that can be checked. */
export type FinishedJob = JobResult & {
  readonly backend: string
  readonly units: UnitMap | undefined
  /** Reads what is there now, on a simulated disk too. */
  readonly readBack?: BackendTarget['read']
}

/**
 * Opens backend and engine for a job, runs it, and gives everything back but the descriptors.
 *
 * @throws ToolError of kind environment when the backend cannot be had, or there is no memory
 */
export async function runJob(
  setup: JobSetup,
  hooks: Pick<JobOptions, 'signal' | 'beforeMeasuring' | 'progress'>,
): Promise<FinishedJob> {
  const {workload, region, mode, recording} = setup
  const depth = workload.iodepth
  const {backend, reason, freshRanges, read} = await openBackend(setup.aio, {
    ...setup.target,
    mode,
    tokens: depth + SYNC_TOKENS,
    depth,
    seed: workload.randseed,
    diskModel: setup.diskModel,
    inline: setup.inline,
    ring: setup.ring,
  })
  try {
    const ordering = backend.ordersTags ? setup.ordering : withoutTags(setup.ordering)
    const engine = new Engine({
      device: {
        capacitySectors: Math.floor(setup.target.sizeBytes / SECTOR_BYTES),
        readOnly: false,
        logicalBlockBytes: 512,
      },
      mode,
      ordering,
      backend,
      depth,
      alignmentBytes: mode.direct ? setup.alignmentBytes : 1,
      // Where writes are not stable by themselves each FLUSH is to be a sync, whatever has ended before it.
      soleWriter: mode.dsync && setup.soleWriter,
      id: idBytes('flushpoint'),
      observer: recording?.observe,
      freshRanges,
    })
    const checked = workload.verify
      ? {
          content: new CheckedContent(workload.bs.minBytes, workload.randseed),
          units: new UnitMap(region.sizeBytes / workload.bs.minBytes),
        }
      : undefined
    const job = new Job({
      engine,
      backend,
      stream: setup.stream ?? new WorkloadStream(workload, region, setup.job),
      workload,
      region,
      syncsAsked: new SyncsAsked(mode, ordering, depth, backend.canDsync),
      paced: setup.paced,
      checked,
      offer: recording && ((bytes) => recording.offer(bytes)),
      ...hooks,
    })
    try {
      return {...(await job.run()), backend: `${backend.name}: ${reason}`, units: checked?.units, readBack: read}
    } finally {
      job.close()
      engine.close()
    }
  } finally {
    await backend.close()
  }
}
