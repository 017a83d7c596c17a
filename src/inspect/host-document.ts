import {formatBytesBoth, formatNs} from '../base/index.js'
import type {HostFacts} from '../image/index.js'
import type {Block, Document} from '../report/index.js'

type Layer = HostFacts['layers'][number]

/** What this host means for the guarantees of the cache modes on one image: what is known, measured, and still assumed. */
export function hostDocument(facts: HostFacts): Document {
  const layers = layersTable(facts.layers)
  return {
    title: `${facts.path}: what the guarantees of its cache modes rest on here`,
    blocks: [
      {kind: 'fields', rows: [...imageRows(facts), ...fileSystemRows(facts)]},
      {kind: 'heading', level: 2, text: 'Block devices below, down to the disks'},
      ...(facts.layers.length > 0 ? [layers] : [{kind: 'text', text: 'None can be seen from here.'} as const]),
      {kind: 'heading', level: 2, text: 'What a sync costs here'},
      ...syncBlocks(facts.syncProbe),
      {kind: 'heading', level: 2, text: 'Assumptions'},
      {
        kind: 'table',
        columns: [
          {name: 'assumption', key: 'text'},
          {name: 'holds', key: 'holds'},
          {name: 'evidence', key: 'why'},
        ],
        rows: facts.assumptions.map(({text, holds, why}) => [text, holdsText(holds), why]),
      },
    ],
    json: {schema: 'flushpoint/host@1', ...facts},
    records: [
      ...facts.layers.map((layer) => ({record: 'layer', ...layer})),
      ...facts.assumptions.map((assumption) => ({record: 'assumption', ...assumption})),
      {record: 'host', ...facts, layers: undefined, assumptions: undefined},
    ],
  }
}

function imageRows({
  kind,
  sizeBytes,
  allocatedBytes,
  sparse,
  direct,
  ioUring,
}: HostFacts): (readonly [string, string])[] {
  const size = sizeBytes === undefined ? 'size unknown' : formatBytesBoth(sizeBytes)
  const allocated = allocatedBytes === undefined ? '' : `, ${formatBytesBoth(allocatedBytes)} allocated`
  const directText = direct.supported
    ? `offsets and lengths in multiples of ${direct.alignmentBytes} bytes, memory of ${direct.memoryAlignmentBytes} (${direct.source})${direct.sizeFits ? '' : '; the size of the image is no such multiple'}`
    : `not available: ${direct.reason}`
  return [
    ['image', `${kind}, ${size}${allocated}${sparse ? ' (sparse)' : ''}`],
    ['O_DIRECT', directText],
    ['io_uring', `${ioUring.available ? 'available' : 'not available'}: ${ioUring.reason}`],
  ]
}

function fileSystemRows({fileSystem, kind}: HostFacts): (readonly [string, string])[] {
  if (!fileSystem) return [['file system', kind === 'file' ? 'unknown' : 'none: a block device']]
  const {name, mountPoint, options, barriers, why} = fileSystem
  return [
    ['file system', `${name} on ${mountPoint} (${options.join(',')})`],
    ['barriers', `${barriers}: ${why}`],
  ]
}

function layersTable(layers: readonly Layer[]): Block {
  return {
    kind: 'table',
    columns: [
      {name: 'device', key: 'name'},
      {name: 'kind', key: 'kind'},
      {name: 'write cache', key: 'writeCache'},
      {name: 'FUA', key: 'fua'},
      {name: 'blocks', key: 'blocks'},
      {name: 'on', key: 'below'},
    ],
    rows: layers.map((layer) => [
      layer.name,
      [layer.kind, layer.label, layer.medium].filter((part) => part !== undefined).join(', '),
      layer.writeCache ?? '',
      layer.fua === undefined ? '' : yesNo(layer.fua),
      [layer.logicalBlockBytes, layer.physicalBlockBytes].filter((bytes) => bytes !== undefined).join('/'),
      layer.backing?.path ?? layer.below.join(', '),
    ]),
  }
}

function syncBlocks(probe: HostFacts['syncProbe']): Block[] {
  if ('skipped' in probe) return [{kind: 'text', text: `Not measured: ${probe.skipped}.`}]
  const {samples, minNs, medianNs, p90Ns, folder, writeBytes, flushCounts, verdict} = probe
  const flushes = flushCounts.map(({name, flushes: count}) => `${count} at ${name}`).join(', ')
  return [
    {
      kind: 'fields',
      rows: [
        ['measured', `${samples} writes of ${writeBytes} bytes, each with a sync, to a scratch file in ${folder}`],
        [
          'a sync took',
          `at least ${formatNs(minNs)}, in the median ${formatNs(medianNs)}, 9 of 10 at most ${formatNs(p90Ns)}`,
        ],
        ...(flushes === '' ? [] : [['device flushes', flushes] as const]),
      ],
    },
    {kind: 'verdict', ok: verdict.reaches === 'plausible', text: `${verdict.text} ${verdict.certainty}`},
  ]
}

function holdsText(holds: boolean | 'unknown'): string {
  return holds === 'unknown' ? 'unknown' : yesNo(holds)
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no'
}
