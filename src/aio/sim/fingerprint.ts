import {isOwed, type BlockVersion, type SectorVersion, type Writer} from './layer.js'
import type {LayerStack} from './layer-stack.js'

/** A change in flight, as far as it bears on what may still happen. */
interface OpenChange extends Writer {
  readonly data: Uint8Array | undefined
  readonly range: {readonly offsetBytes: number; readonly lengthBytes: number}
  readonly dsync: boolean
  readonly pending: ReadonlySet<number>
  readonly own: ReadonlyMap<number, SectorVersion>
}

/** A sync in flight. */
interface OpenSync {
  readonly sectors: ReadonlyMap<number, SectorVersion>
  readonly blocks: ReadonlySet<number>
  readonly notes: ReadonlySet<BlockVersion>
}

/** Everything a simulated disk remembers. */
export interface DiskState {
  readonly layers: LayerStack
  readonly changes: Iterable<OpenChange>
  readonly syncs: Iterable<OpenSync>
}

type NameOf = (bytes: Uint8Array) => string

/** See SimDisk.fingerprint(). Orders are told as ranks within their sector, because nothing compares them further than that. */
export function fingerprintOf(state: DiskState, nameOf: NameOf): string {
  const {layers} = state
  const changes = [...state.changes]
  const syncs = [...state.syncs]
  const stepOf = new Map<Writer, number>(changes.map((change, i) => [change, i]))
  const rankOf = ranks(layers, changes, syncs)
  const tellSector = ([sector, version]: readonly [number, SectorVersion]): string =>
    `${sector}=${nameOf(version.bytes)}/${rankOf(sector, version)}${standing(version, stepOf)}`
  const tellBlock = ([block, note]: readonly [number, BlockVersion]): string =>
    `${block}${note.mapped ? '+' : '-'}${standing(note, stepOf)}`
  const places = [layers.host, layers.drive].map(
    (layer) => `${told([...layer.sectors].map(tellSector))}|${told([...layer.blocks].map(tellBlock))}`,
  )
  const medium = [...layers.medium.sectors].map(
    ([sector, version]) => `${sector}=${nameOf(version.bytes)}/${rankOf(sector, version)}`,
  )
  const mapped = [...layers.medium.blocks].map(([block, note]) => `${block}${note.mapped ? '+' : '-'}`)
  return [
    ...places,
    `${told(medium)}|${told(mapped)}`,
    ...changes.map((change) => `C${tellChange(change, nameOf, rankOf)}`),
    ...syncs.map((sync) => `S${tellSync(sync, layers, nameOf, rankOf)}`),
  ].join(' ; ')
}

const told = (parts: readonly (string | number)[]): string => parts.map(String).toSorted().join(',')

/** What a sync queued now or later would owe of it: `!` given up, `*` owed, else the steps at whose end it will be. */
function standing(version: SectorVersion | BlockVersion, stepOf: ReadonlyMap<Writer, number>): string {
  if (version.poisoned) return '!'
  if (isOwed(version)) return '*'
  const steps = new Set([version.writer, ...version.covers].flatMap((writer) => stepOf.get(writer) ?? []))
  return `(${told([...steps])})`
}

type RankOf = (sector: number, version: SectorVersion) => number

function ranks(layers: LayerStack, changes: readonly OpenChange[], syncs: readonly OpenSync[]): RankOf {
  const known = new Map<number, Set<number>>()
  const maps = [
    ...[layers.host, layers.drive, layers.medium].map(({sectors}) => sectors),
    ...changes.map(({own}) => own),
    ...syncs.map(({sectors}) => sectors),
  ]
  for (const map of maps) {
    for (const [sector, {order}] of map) {
      const orders = known.get(sector)
      if (orders) orders.add(order)
      else known.set(sector, new Set([order]))
    }
  }
  return (sector, {order}) => [...(known.get(sector) ?? [])].filter((other) => other < order).length
}

function tellChange({data, range, dsync, pending, own}: OpenChange, nameOf: NameOf, rankOf: RankOf): string {
  const what = data === undefined ? 'zero' : nameOf(data)
  const kept = [...own].map(([sector, version]) => `${sector}=${nameOf(version.bytes)}/${rankOf(sector, version)}`)
  return `${what}@${range.offsetBytes}+${range.lengthBytes}${dsync ? 'd' : ''}[${told([...pending])}][${told(kept)}]`
}

/** What a sync owes may be covered up in its layer by now and is found nowhere else, so its content is told too. */
function tellSync({sectors, blocks, notes}: OpenSync, layers: LayerStack, nameOf: NameOf, rankOf: RankOf): string {
  const owed = [...sectors].map(([sector, version]) => `${sector}=${nameOf(version.bytes)}/${rankOf(sector, version)}`)
  const committing = [layers.host, layers.drive].flatMap((layer) =>
    [...layer.blocks].flatMap(([block, note]) => (notes.has(note) ? [block] : [])),
  )
  return `[${told(owed)}][${told([...blocks])}][${told(committing)}]`
}
