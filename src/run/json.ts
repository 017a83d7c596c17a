import type {Agreement} from '../negotiation/index.js'
import {senseCode} from '../scsi/index.js'
import type {RequestOutcome, RunResult, ScsiEnd} from './result.js'
import {flagNames} from './words.js'

/** The contract of `run --json`: schema flushpoint/run@1. Fields may be added, none renamed. */
export function runJson(result: RunResult): object {
  const {image, mode, aio, atRisk} = result
  return {
    schema: 'flushpoint/run@1',
    image,
    cache: {
      mode: mode.name,
      openFlags: result.openFlags,
      writeCacheEnabled: result.writeCache,
      asked: result.asked.name,
    },
    ordering: result.ordering,
    orderingAsked: result.orderingAsked,
    ...(result.agreement === undefined ? {} : {frontend: frontendJson(result.agreement)}),
    commands: result.commands,
    aio,
    requests: Array.from(result.outcomes, requestJson),
    marks: result.marks,
    counts: result.counts,
    atRisk,
    guarantees: result.guarantees,
    assumptions: result.assumptions,
    hazards: result.hazards,
    notes: result.notes,
    closingSync: result.closingSync,
    interruptedBy: result.interruptedBy ?? null,
  }
}

function frontendJson(agreement: Agreement): object {
  const {frontend, era, offered, negotiated, writeCache, advertised, flushCommand, fua} = agreement
  const {driverFlushes, ordering, xen} = agreement
  return {
    name: frontend,
    era,
    offered,
    negotiated,
    writeCache,
    advertised,
    flushCommand,
    fua,
    driverFlushes: driverFlushes.value,
    why: driverFlushes.why,
    ordering,
    ...(xen === undefined ? {} : {xen}),
  }
}

/** The contract of several modes at once: schema flushpoint/compare@1. */
export function compareJson(results: readonly RunResult[]): object {
  return {schema: 'flushpoint/compare@1', runs: results.map(runJson)}
}

function requestJson(outcome: RequestOutcome): object {
  const {request, status, errno, reason, latencyNs, stable, verification, text, scsi} = outcome
  return {
    id: request.id,
    line: request.line,
    kind: request.name,
    offsetBytes: request.offsetBytes,
    lengthBytes: request.lengthBytes,
    flags: flagNames(request),
    status,
    errno,
    ...(reason === undefined ? {} : {reason}),
    latencyNs,
    stable: {by: stable.by, request: stable.request, why: stable.why},
    ...(request.as === undefined ? {} : {name: request.as}),
    ...(request.after.length === 0 ? {} : {after: request.after}),
    ...(request.expect === undefined ? {} : {expect: request.expect}),
    ...(verification === undefined ? {} : {verify: verification}),
    ...(text === undefined ? {} : {text}),
    ...(scsi === undefined ? {} : {scsi: scsiJson(scsi)}),
  }
}

function scsiJson({command, sense, answer, dataIn}: ScsiEnd): object {
  return {
    command,
    status: sense ? 'CHECK CONDITION' : 'GOOD',
    ...(sense ? {sense: senseCode(sense), means: sense.says} : {}),
    errors: answer.block.errors,
    dataLen: answer.block.dataLen,
    senseLen: answer.block.senseLen,
    ...(answer.sense.length > 0 ? {senseBytes: Buffer.from(answer.sense).toString('hex')} : {}),
    residualBytes: answer.block.residual,
    ...(dataIn ? {dataIn: Buffer.from(dataIn).toString('hex')} : {}),
  }
}

/** The same result line by line, for ndjson: one record per request, range, guarantee and hazard, a summary last. */
export function* runRecords(result: RunResult): Generator<object> {
  const mode = result.mode.name
  for (const outcome of result.outcomes) yield {record: 'request', mode, ...requestJson(outcome)}
  for (const mark of result.marks) yield {record: 'mark', mode, ...mark}
  for (const [failure, risk] of Object.entries(result.atRisk)) {
    for (const range of risk.ranges) yield {record: 'at-risk', mode, failure, ...range}
  }
  for (const guarantee of result.guarantees) yield {record: 'guarantee', mode, ...guarantee}
  for (const hazard of result.hazards) yield {record: 'hazard', mode, ...hazard}
  const {atRisk, counts, aio} = result
  yield {
    record: 'summary',
    mode,
    backend: aio.backend,
    depth: aio.depth,
    syncs: aio.syncs,
    elapsedNs: aio.elapsedNs,
    flushesSent: result.commands.flushes,
    flushesNotSent: result.commands.flushesNotSent,
    ...counts,
    processKillBytes: atRisk.processKill.bytes,
    osCrashBytes: atRisk.osCrash.bytes,
    powerLossBytes: atRisk.powerLoss.bytes,
  }
}
