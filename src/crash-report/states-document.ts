import {SECTOR_BYTES} from '../base/index.js'
import {countStates, listStates, lostIn, stateId, type CrashPoint, type CrashState} from '../crash/index.js'
import type {Block, Document, TableBlock} from '../report/index.js'
import {contentText, exactJson, joined, lostText, settledRows, shownRanges, type ToldRange} from './words.js'

const SECTORS_SHOWN = 40

/**
 * How many images a crash may leave at one point, what each range may hold, and the images themselves while they are few. The JSON
 * document is `flushpoint/states@1`: `count` is exact when `isExact` says so, else a lower bound with `atMost` above it; `complete`
 * says that `images` has all of them.
 *
 * @param limit how many images are listed
 */
export function statesDocument(point: CrashPoint, name: string, limit: number): Document {
  const count = countStates(point)
  const open = openUnits(point)
  const images = firstStates(point, limit, open)
  const complete = count.isExact && count.atLeast === BigInt(images.length)
  const sectors = writersOf(point, open)
  const facts = {
    event: point.event,
    count: exactJson(count.atLeast),
    isExact: count.isExact,
    atMost: exactJson(count.atMost),
    complete,
  }
  return {
    title: `${name}: the images that a crash after event ${point.event} may leave`,
    blocks: [
      {
        kind: 'fields',
        rows: [
          ...settledRows(point.model.options),
          ['marks reached', point.model.marks.slice(0, point.reached).join(', ') || 'none'],
          ['images', count.isExact ? String(count.atLeast) : `${count.atLeast} at least, ${count.atMost} at most`],
        ],
      },
      ...sectorBlocks(sectors),
      imagesTable(images, complete),
    ],
    json: {
      schema: 'flushpoint/states@1',
      ...facts,
      sectors: sectors.map(({offsetBytes, lengthBytes, texts}) => ({offsetBytes, lengthBytes, mayHold: texts})),
      images: images.map(imageJson),
    },
    records: [{record: 'states', ...facts}, ...images.map((image) => ({record: 'image', ...imageJson(image)}))],
    csvTable: imagesTable(images, true),
  }
}

interface ToldImage {
  readonly state: CrashState
  readonly id: string
  readonly shown: readonly ToldRange[]
}

function firstStates(point: CrashPoint, limit: number, open: ReadonlySet<number>): ToldImage[] {
  const images: ToldImage[] = []
  if (limit === 0) return images
  for (const state of listStates(point)) {
    images.push({state, id: stateId(state), shown: shownRanges(state, (unit) => open.has(unit))})
    if (images.length >= limit) break
  }
  return images
}

function imageJson({state, id, shown}: ToldImage): object {
  const ranges = shown.map(({offsetBytes, lengthBytes, texts}) => ({offsetBytes, lengthBytes, holds: texts[0] ?? ''}))
  return {state: id, shown: ranges, lost: lostIn(state)}
}

function openUnits(point: CrashPoint): Set<number> {
  const units = Array.from({length: point.model.units.count}, (_, unit) => unit)
  return new Set(units.filter((unit) => point.contents(unit).length > 1))
}

/** What each undecided range may hold. */
function writersOf(point: CrashPoint, open: ReadonlySet<number>): ToldRange[] {
  const {units, contents} = point.model
  const sectors = [...open].flatMap((unit) => {
    const texts = Array.from(point.contents(unit), (number) => contentText(contents.content(unit, number)))
    return units.sectorsOf(unit).map((sector) => ({sector, texts}))
  })
  return joined(
    sectors
      .toSorted((a, b) => a.sector - b.sector)
      .map(({sector, texts}) => ({offsetBytes: sector * SECTOR_BYTES, lengthBytes: SECTOR_BYTES, texts})),
  )
}

function sectorBlocks(sectors: readonly ToldRange[]): Block[] {
  if (sectors.length === 0) return [{kind: 'verdict', ok: true, text: 'every sector is decided'}]
  const hidden = sectors.length - SECTORS_SHOWN
  return [
    {
      kind: 'table',
      title: 'What is undecided, sector by sector',
      columns: [
        {name: 'offset', key: 'offsetBytes', align: 'right'},
        {name: 'bytes', key: 'lengthBytes', align: 'right'},
        {name: 'each sector may hold', key: 'mayHold'},
      ],
      rows: sectors
        .slice(0, SECTORS_SHOWN)
        .map(({offsetBytes, lengthBytes, texts}) => [String(offsetBytes), String(lengthBytes), texts.join(', ')]),
      ...(hidden > 0 ? {note: `${hidden} ranges more: --json has all of them.`} : {}),
    },
  ]
}

function imagesTable(images: readonly ToldImage[], isAll: boolean): TableBlock {
  return {
    kind: 'table',
    title: 'Images',
    columns: [
      {name: 'state', key: 'state'},
      {name: 'shows', key: 'shows'},
      {name: 'lost', key: 'lost'},
    ],
    rows: images.map(({state, id, shown}) => [
      id,
      shown.map(({offsetBytes, texts}) => `${offsetBytes}: ${texts.join()}`).join('; ') || 'nothing is undecided',
      lostText(lostIn(state)) || 'nothing',
    ]),
    ...(isAll ? {} : {note: 'These are the first ones: --images N lists more.'}),
  }
}
