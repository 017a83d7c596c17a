import {
  openBackend,
  SpoiltBackend,
  type AioChoice,
  type Backend,
  type DiskModel,
  type SimDevice,
  type Spoil,
} from '../aio/index.js'
import type {Recording} from '../archive/index.js'
import {formatBytes, SECTOR_BYTES, ToolError, type Range} from '../base/index.js'
import {DATA_MAX_BYTES, type BatchRequest, type Pattern, type Statement} from '../batch/index.js'
import type {CacheMode} from '../cache-mode/index.js'
import {assumptions, HazardWatch, Ledger, type CrashKind} from '../durability/index.js'
import {Engine, SYNC_TOKENS, type EngineOptions} from '../engine/index.js'
import {withoutTags, type OrderingMode} from '../ordering/index.js'
import {idBytes, kindOfType, NOTIFY, STATUS_OK, STEP_SYNC, type DeviceFacts} from '../request/index.js'
import type {Observer} from '../trace/index.js'
import {withCut} from './cut.js'
import {CommandCount} from './command-count.js'
import {mayEnableCache} from './cache-switch.js'
import {drive} from './driver.js'
import type {AtRisk, RunResult} from './result.js'
import {recordRun} from './recording.js'
import {sessionOf, type GuestChoice, type Session} from './session.js'
import {sessionGuarantees} from './session-guarantees.js'
import {countOutcomes, outcomesOf} from './outcomes.js'
import {openStage, type Stage} from './stage.js'

/** What a run is asked to do. */
export interface RunOptions {
  readonly path: string
  /** The part of it that the requests see, as a partition; all of it when left out. */
  readonly part?: Range | undefined
  readonly mode: CacheMode
  /** What a barrier becomes; undefined leaves it to the driver of the guest, or takes drain. */
  readonly ordering: OrderingMode | undefined
  /** The device model and the driver the requests come from; undefined for a plain device that has everything. */
  readonly guest?: GuestChoice | undefined
  readonly aio: AioChoice
  readonly depth: number
  readonly readOnly: boolean
  /** Run on a throw-away copy. */
  readonly snapshot: boolean
  readonly forceShare: boolean
  /** Make a sparse image of this many bytes first. */
  readonly createBytes: number | undefined
  /** Chooses what a simulated disk leaves to chance. */
  readonly seed: number
  /** What a simulated disk costs; undefined is a plain one with chance in it. */
  readonly diskModel?: DiskModel | undefined
  /** A simulated drive that this run shares with another. */
  readonly device?: SimDevice | undefined
  /** A bad disk on purpose; not for a simulated one. */
  readonly spoil?: Spoil | undefined
  /** A file that gets the trace of the run; it stands there when the run has ended. */
  readonly trace?: string | undefined
  /** Called when everything is open, and waited for before the first request. */
  readonly beforeFirst?: (() => Promise<void>) | undefined
  readonly statements: readonly Statement[]
  /** Content of the file behind a file pattern; undefined for other patterns. */
  readonly fileBytes: (pattern: Pattern) => Uint8Array | undefined
  /** Aborted to cut the run short: no more starts, what is in flight is waited for, the result is complete. */
  readonly signal: AbortSignal
  readonly progress: (done: number) => void
}

/** What GET_ID answers. */
const DEVICE_ID = 'flushpoint'
/** Any: nothing else is in flight then. */
const CLOSING_TOKEN = 0

/**
 * Runs a batch on an image under a cache mode. Opens, runs, reports, syncs what is unsynced, closes; whatever happens, nothing
 * stays open and nothing stays in flight.
 *
 * @returns what happened, as of the end of the batch and before the closing sync
 * @throws ToolError when the image or the backend cannot be opened; a failing request is part of the result
 */
export async function runBatch(options: RunOptions): Promise<RunResult> {
  const session = sessionOf(options.mode, options.ordering, options.guest)
  const stage = await openStage({...options, mode: session.mode})
  try {
    const {seed, depth, diskModel, device} = options
    refuseLongData(options.statements, stage)
    const target = {...stage.target, mode: session.mode, seed, depth, tokens: depth + SYNC_TOKENS, diskModel, device}
    const opened = await openBackend(options.aio, target).catch((error: unknown) => {
      stage.takeBack()
      throw error
    })
    try {
      const {spoil} = options
      const backend = spoil ? new SpoiltBackend(opened.backend, spoil, seed) : opened.backend
      return await runOn(options, session, stage, {...opened, backend})
    } finally {
      await opened.backend.close()
    }
  } finally {
    stage.close()
  }
}

/** Data that the image could take but memory should not: refused before the first request. */
function refuseLongData(statements: readonly Statement[], stage: Stage): void {
  const deviceBytes = stage.capacitySectors * SECTOR_BYTES
  const tooLong = requestsOf(statements).find(({type, offsetBytes, lengthBytes}) => {
    const hasData = kindOfType(type)?.operands === 'data'
    return hasData && lengthBytes > DATA_MAX_BYTES && offsetBytes + lengthBytes <= deviceBytes
  })
  if (!tooLong) return
  stage.takeBack()
  const what = `line ${tooLong.line}: the data of one request ends at ${formatBytes(DATA_MAX_BYTES)}`
  throw new ToolError('usage', 'E_DATA_TOO_LONG', `${what}, not ${formatBytes(tooLong.lengthBytes)}`, {
    hint: 'Split it into several requests with REPEAT.',
    context: {line: tooLong.line},
  })
}

async function runOn(
  options: RunOptions,
  session: Session,
  stage: Stage,
  {backend, reason, freshRanges}: Awaited<ReturnType<typeof openBackend>>,
): Promise<RunResult> {
  const {depth, statements} = options
  const {mode} = session
  const ordering = backend.ordersTags ? session.ordering : withoutTags(session.ordering)
  const requests = requestsOf(statements)
  const ledger = new Ledger(mode, ordering, stage.medium)
  // While the host runs, what it was given is there, wherever it would come to rest; a failed sync still leaves doubt.
  const hostLedger = stage.medium.kind === 'disk' ? ledger : new Ledger(mode, ordering)
  const hazards = new HazardWatch(mode, ordering, hostLedger, stage.medium)
  const count = new CommandCount()
  let watching = true
  const observer: Observer = (event) => {
    if (!watching) return
    ledger.observe(event)
    if (hostLedger !== ledger) hostLedger.observe(event)
    hazards.observe(event)
    count.observe(event)
    recording?.observe(event)
  }
  const device = deviceOf(session, stage)
  const scsi = session.scsi && scsiDevice(session.scsi, device, session)
  const recording =
    options.trace === undefined ? undefined : recordingOf(options, options.trace, {mode, ordering, stage, scsi})
  const engine = new Engine({
    device,
    mode,
    ordering,
    link: session.link,
    backend,
    depth,
    alignmentBytes: mode.direct ? stage.alignmentBytes : 1,
    soleWriter: stage.soleWriter,
    id: idBytes(DEVICE_ID),
    scsi,
    observer,
    freshRanges,
    tracksRanges: requests.some(({type}) => type === NOTIFY.type),
  })
  try {
    const sizeBytes = stage.capacitySectors * SECTOR_BYTES
    await options.beforeFirst?.()
    const startNs = engine.readClock()
    const driven = await drive({
      ...options,
      engine,
      backend,
      sizeBytes,
      observer,
      offer: (bytes) => recording?.offer(bytes),
    })
    const {syncs} = engine
    const elapsedNs = engine.readClock() - startNs
    watching = false
    recording?.commit()
    const sizeNow = stage.currentSizeBytes()
    const cutToBytes = sizeNow < stage.sizeBytes ? sizeNow : undefined
    const written = requests.filter(({id}) => id <= driven.ran && driven.statuses[id - 1] === STATUS_OK)
    const risk = (of: Ledger, kind: CrashKind): AtRisk => withCut(of.atRisk(kind), written, cutToBytes)
    const atRisk = {
      processKill: risk(hostLedger, 'processKill'),
      osCrash: risk(ledger, 'osCrash'),
      powerLoss: risk(ledger, 'powerLoss'),
    }
    const closing =
      atRisk.powerLoss.bytes > 0 && !stage.readOnly && !stage.snapshot && !mode.noFlush && backend.name !== 'sim'
        ? await syncBeforeClose(engine, backend)
        : {closingSync: 'skipped' as const, closingErrno: 0}
    return {
      image: {
        path: options.path,
        sizeBytes: stage.sizeBytes,
        sectors: stage.capacitySectors,
        fileSystem: stage.fileSystem,
        readOnly: stage.readOnly,
        snapshot: stage.snapshot,
        created: stage.created,
      },
      asked: options.mode,
      mode,
      openFlags: stage.openFlags,
      ordering: ordering.name,
      orderingAsked: session.ordering.name,
      agreement: session.agreement,
      writeCache: session.link.writeCache,
      commands: count.commands,
      aio: {asked: options.aio, backend: backend.name, reason, depth, syncs, elapsedNs},
      outcomes: {[Symbol.iterator]: () => outcomesOf({requests, driven, ledger, cutToBytes, device, session})},
      counts: countOutcomes(outcomesOf({requests, driven, ledger, cutToBytes, device, session}), requests.length),
      marks: statements.flatMap((statement) =>
        statement.kind === 'mark'
          ? [{name: statement.name, line: statement.line, reached: driven.marksReached.has(statement.name)}]
          : [],
      ),
      atRisk,
      guarantees: sessionGuarantees(session, ordering, stage.medium, requests.some(mayEnableCache)),
      assumptions: assumptions(mode, stage.medium),
      hazards: hazards.hazards(),
      notes: [
        ...session.notes,
        ...tagNotes(session.ordering, backend),
        ...stage.notes,
        ...discardNotes(backend, requests),
        ...sizeNotes(stage.sizeBytes, sizeNow),
      ],
      cutToBytes,
      ...closing,
      interruptedBy: options.signal.aborted ? String(options.signal.reason) : undefined,
    }
  } finally {
    recording?.discard()
    await drainQuietly(engine)
    engine.close()
  }
}

function recordingOf(
  {path, statements, fileBytes}: RunOptions,
  name: string,
  {mode, ordering, stage, scsi}: {mode: CacheMode; ordering: OrderingMode; stage: Stage; scsi: EngineOptions['scsi']},
): Recording {
  const sizeBytes = stage.capacitySectors * SECTOR_BYTES
  const header = {sizeBytes, mode: mode.name, ordering: ordering.name, source: 'flushpoint run'} as const
  try {
    return recordRun({name, header, requests: requestsOf(statements), stage, imagePath: path, scsi, fileBytes})
  } catch (error) {
    stage.takeBack()
    throw error
  }
}

function deviceOf(session: Session, stage: Stage): DeviceFacts {
  return {
    capacitySectors: stage.capacitySectors,
    readOnly: stage.readOnly || session.readOnly,
    logicalBlockBytes: SECTOR_BYTES,
    types: session.types,
  }
}

function scsiDevice(
  offers: NonNullable<Session['scsi']>,
  {capacitySectors, readOnly, logicalBlockBytes}: DeviceFacts,
  {link}: Session,
): EngineOptions['scsi'] {
  return {
    ...offers,
    sectors: capacitySectors,
    logicalBlockBytes,
    physicalBlockExponent: 0,
    hasMedium: true,
    readOnly,
    writeCacheDefault: link.writeCache,
    id: DEVICE_ID,
  }
}

function tagNotes(ordering: OrderingMode, backend: Backend): string[] {
  return ordering.tags && !backend.ordersTags
    ? [`the ${backend.name} backend has no ordered tags: ${ordering.name} is executed as ${withoutTags(ordering).name}`]
    : []
}

/** Waits for whatever is still in flight after a failure, so that no buffer is freed under the kernel's hands. */
async function drainQuietly(engine: Engine): Promise<void> {
  engine.cancelQueued()
  for (;;) {
    for (let slot = engine.takeDone(); slot >= 0; slot = engine.takeDone()) engine.release(slot)
    if (engine.pending === 0) return
    await engine.tick(true)
  }
}

/**
 * A CLI that exits 0 is expected to have left the data on the disk, whatever the batch forgot, and whatever commands the device of
 * the run has. Nothing is in flight.
 */
async function syncBeforeClose(
  engine: Engine,
  backend: Backend,
): Promise<Pick<RunResult, 'closingSync' | 'closingErrno'>> {
  // After a failed sync the next one succeeds without having written what the first one lost.
  if (engine.poison !== 0) return {closingSync: 'failed', closingErrno: engine.poison}
  backend.queue(STEP_SYNC, CLOSING_TOKEN, undefined, 0, 0, 0, false)
  let ended = 0
  while (ended === 0) {
    await backend.submit(true)
    ended = backend.reap()
  }
  const result = backend.doneResults[0] as number
  return result === 0 ? {closingSync: 'done', closingErrno: 0} : {closingSync: 'failed', closingErrno: -result}
}

function discardNotes(backend: Backend, requests: readonly BatchRequest[]): string[] {
  const discards = requests.some(({name}) => name === 'DISCARD')
  return discards && !backend.canPunch
    ? [`the ${backend.name} backend cannot discard: DISCARD is answered OK and changes nothing`]
    : []
}

function sizeNotes(before: number, now: number): string[] {
  return now === before
    ? []
    : [`the size of the image changed during the run, from ${before} to ${now} bytes: somebody else resized it`]
}

function requestsOf(statements: readonly Statement[]): BatchRequest[] {
  return statements.flatMap((statement) => (statement.kind === 'request' ? [statement.request] : []))
}
