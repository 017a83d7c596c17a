import type {BlockLayer} from './host-layers.js'
import type {MountedFileSystem} from './host-mount.js'
import {fileSystemsOf, type SyncGround} from './sync-ground.js'
import type {SyncProbe, SyncProbeSkipped} from './sync-probe.js'

/** Something the guarantees of the cache modes rest on, and whether this host bears it out. */
export interface Assumption {
  /** What is assumed, as a sentence. */
  readonly text: string
  /** 'unknown' also where nothing but cutting the power could tell. */
  readonly holds: boolean | 'unknown'
  /** The evidence, as sentences. */
  readonly why: string
}

/** What the assumptions are judged by. */
export interface Evidence {
  /** Of the image; undefined for a device node and where it is not known. */
  readonly fileSystem: MountedFileSystem | undefined
  readonly deviceNode: boolean
  readonly layers: readonly BlockLayer[]
  readonly ground: SyncGround
  readonly syncProbe: SyncProbe | SyncProbeSkipped
  /** Whether every block of the image can be overwritten where it is. */
  readonly inPlace: InPlace
}

export interface InPlace {
  readonly answer: boolean | 'unknown'
  readonly why: string
}

type Judgement = Omit<Assumption, 'text'>

const UNKNOWN_BELOW = 'What is below cannot be seen from here.'

/**
 * The assumptions every mode but `unsafe` rests on, from the file system down to the medium, and then the one by which writes
 * that bypass the page cache survive a crash of the operating system before they are flushed.
 */
export function assumptionsOf(evidence: Evidence): Assumption[] {
  return [
    {
      text: 'A sync makes each file system below the image send a flush to its device (barriers).',
      ...barriers(evidence),
    },
    {text: 'Every layer between the file system and the disks passes flushes on.', ...passing(evidence)},
    {text: 'Every disk with a volatile cache is told to flush it.', ...telling(evidence)},
    {text: 'What a disk calls stable is on a medium that needs no power.', ...obeying(evidence)},
    {
      text: 'A write to the image changes no metadata, so that one with O_DIRECT survives a crash of the host once it has completed.',
      ...overwriting(evidence),
    },
  ]
}

function barriers({fileSystem, deviceNode, layers}: Evidence): Judgement {
  const all = fileSystemsOf(fileSystem, layers)
  const why = all.map((one) => `${one.name} on ${one.mountPoint}: ${one.why}.`)
  if (deviceNode) why.unshift('The sync of a device node flushes the device (Linux 2.6.33 and later).')
  if (all.some((one) => one.barriers === 'off')) return {holds: false, why: why.join(' ')}
  const blind = layers.find(({kind, backing, below}) => kind === 'loop' && !backing?.fileSystem && below.length === 0)
  if (blind !== undefined) why.push(`What is behind ${blind.name} is not known.`)
  if (fileSystem === undefined && !deviceNode) why.unshift('The file system of the image is not known.')
  const known = blind === undefined && (deviceNode || fileSystem !== undefined)
  return {holds: known && all.every((one) => one.barriers === 'on') ? true : 'unknown', why: why.join(' ')}
}

/** A layer that the kernel takes for write through gets no flush, and so nothing below it does. */
function passing(evidence: Evidence): Judgement {
  const {layers, ground} = evidence
  if (ground.kind === 'memory') return {holds: false, why: `A flush ends at ${ground.what}, which is memory.`}
  for (const upper of layers) {
    if (upper.kind === 'partition' || upper.writeCache !== 'write through') continue
    const lower = layersUnder(upper, layers).find(({writeCache}) => writeCache === 'write back')
    if (lower !== undefined) {
      return {
        holds: false,
        why: `${upper.name} says write through, so the kernel sends no flush through it, but ${lower.name} below has a volatile cache.`,
      }
    }
  }
  const counted = countedFlushes(evidence)
  if (counted?.arrived === 'none') return {holds: false, why: counted.text}
  if (ground.kind === 'out of sight') return {holds: 'unknown', why: `${capital(ground.why)}.`}
  const between = layers.filter(({medium, kind}) => medium === undefined && kind !== 'partition')
  const unsure = between.find(({writeCache}) => writeCache === undefined)
  if (unsure !== undefined) return {holds: 'unknown', why: `/sys does not tell whether ${unsure.name} gets flushes.`}
  const names = between.map(({name, kind}) => `${name} (${kind})`).join(', ')
  const structure =
    names === '' ? 'There is no layer between.' : `None of ${names} holds flushes back, by what /sys says.`
  if (counted === undefined) return {holds: true, why: structure}
  return {holds: counted.arrived === 'all' ? true : 'unknown', why: `${structure} ${counted.text}`}
}

/**
 * What the flush counters of the disks say about the probe, of which each sync should have cost at least one flush; undefined
 * when a disk that needs flushes has no counter. Others flush too, so that a few prove nothing; none at all is a proof.
 */
function countedFlushes({
  layers,
  syncProbe,
}: Evidence): {readonly arrived: 'all' | 'some' | 'none'; readonly text: string} | undefined {
  if ('skipped' in syncProbe) return undefined
  const {samples, flushCounts} = syncProbe
  const volatile = layers.filter(({medium, writeCache}) => medium !== undefined && writeCache === 'write back')
  const counts = flushCounts.filter(({name}) => volatile.some((disk) => disk.name === name))
  if (counts.length === 0 || counts.length < volatile.length) return undefined
  const most = Math.max(...counts.map(({flushes}) => flushes))
  const figures = counts.map(({name, flushes}) => `${flushes} at ${name}`).join(', ')
  const arrived = most >= samples ? 'all' : most > 0 ? 'some' : 'none'
  return {arrived, text: `Flushes counted during ${samples} syncs: ${figures}.`}
}

function layersUnder(upper: BlockLayer, layers: readonly BlockLayer[]): BlockLayer[] {
  return layers
    .filter(({name}) => upper.below.includes(name))
    .flatMap((lower) => [lower, ...layersUnder(lower, layers)])
}

/** Of several disks the worst answer counts. */
function telling({layers, ground}: Evidence): Judgement {
  if (ground.kind === 'memory') return {holds: false, why: `${ground.what} is memory, which no flush makes stable.`}
  if (ground.kind === 'out of sight') return {holds: 'unknown', why: UNKNOWN_BELOW}
  const judged = layers.filter(({medium}) => medium !== undefined).map(tellingOne)
  const holds = judged.some((one) => one.holds === false)
    ? false
    : judged.every((one) => one.holds === true) || 'unknown'
  return {holds, why: judged.map(({why}) => why).join(' ')}
}

function tellingOne({name, writeCache, ownCache, fua}: BlockLayer): Judgement {
  switch (writeCache) {
    case 'write back':
      return {holds: true, why: `${name} has a volatile cache (write back) and is sent flushes.`}
    case 'write through':
      if (ownCache === 'write back') {
        return {
          holds: false,
          why: `${name} itself says write back, but its queue was set to write through, so that no flush is sent. That setting does not change the disk: write "write back" to /sys/block/${name}/queue/write_cache.`,
        }
      }
      if (fua === true) {
        return {
          holds: 'unknown',
          why: `${name} says write through and yet has FUA, which only a volatile cache needs: its queue may have been set so by hand, which stops flushes and does not change the disk.`,
        }
      }
      return {
        holds: true,
        why: `${name} says that it has no volatile cache (write through), so no flush is sent to it. That is its own word.`,
      }
    case undefined:
      return {holds: 'unknown', why: `/sys does not tell whether ${name} has a volatile cache.`}
  }
}

function obeying({ground, syncProbe}: Evidence): Judgement {
  if ('skipped' in syncProbe) {
    return ground.kind === 'memory'
      ? {holds: false, why: `${ground.what} is memory.`}
      : {holds: 'unknown', why: `Syncs were not measured: ${syncProbe.skipped}. Only cutting the power shows it.`}
  }
  const {reaches, text, certainty} = syncProbe.verdict
  const why = `${text} ${certainty}`
  switch (reaches) {
    case 'no':
    case 'probably not':
      return {holds: false, why}
    case 'doubtful':
    case 'plausible':
    case 'unknown':
      return {holds: 'unknown', why}
  }
}

function overwriting({inPlace, layers}: Evidence): Judgement {
  const remapping = layers.find(({kind}) => kind === 'loop' || kind === 'dm' || kind === 'bcache')
  if (inPlace.answer === true && remapping !== undefined) {
    const why = `${inPlace.why} But ${remapping.name} (${remapping.kind}) may allocate below, on its own account.`
    return {holds: 'unknown', why}
  }
  return {holds: inPlace.answer, why: inPlace.why}
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
