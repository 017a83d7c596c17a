import {formatBytesBoth, SECTOR_BYTES} from '../base/index.js'
import {writeCacheEnabled, type CacheMode} from '../cache-mode/index.js'
import type {Block, Document} from '../report/index.js'
import {capacitySectors, configValues, decodeConfig, encodeConfig} from '../request/index.js'

const BYTES_PER_LINE = 16

/** The configuration space a guest of this tool would read, as bytes and field by field. */
export function configSpaceDocument(mode: CacheMode, sizeBytes: number): Document {
  const sectors = capacitySectors(sizeBytes)
  const writeback = writeCacheEnabled(mode)
  const bytes = encodeConfig(
    configValues({capacitySectors: sectors, logicalBlockBytes: SECTOR_BYTES, writeback, queues: 1}),
  )
  const fields = decodeConfig(bytes)
  const tailBytes = sizeBytes - sectors * SECTOR_BYTES
  const notes = [
    'Sectors have 512 bytes, whatever blk_size says.',
    writeback
      ? `${mode.name} advertises a write cache: writeback is 1, and the guest has to flush.`
      : `Under ${mode.name} every write is stable when it completes: writeback is 0.`,
    'Setting writeback to 0 makes later writes stable at their completion, and none of the earlier ones: those need a FLUSH.',
    ...(tailBytes === 0
      ? []
      : [`The last ${tailBytes} bytes of the image are no whole sector: no request reaches them.`]),
  ]
  return {
    title: `virtio-blk configuration space: an image of ${formatBytesBoth(sizeBytes)} under ${mode.name}`,
    blocks: [
      {kind: 'text', text: hexLines(bytes).join('\n')},
      {
        kind: 'table',
        columns: [
          {name: 'offset', key: 'offsetBytes', align: 'right'},
          {name: 'width', key: 'widthBytes', align: 'right'},
          {name: 'field', key: 'field'},
          {name: 'value', key: 'value', align: 'right'},
          {name: 'with feature', key: 'feature'},
          {name: 'meaning', key: 'means'},
        ],
        rows: fields.map(({offsetBytes, widthBytes, name, value, feature, means}) => [
          String(offsetBytes),
          String(widthBytes),
          name,
          String(value),
          feature,
          means,
        ]),
      },
      ...notes.map((text): Block => ({kind: 'text', text})),
    ],
    json: {
      schema: 'flushpoint/config-space@1',
      mode: mode.name,
      sizeBytes,
      unreachableBytes: tailBytes,
      hex: Buffer.from(bytes).toString('hex'),
      fields,
      notes,
    },
    records: fields.map((field) => ({record: 'field', ...field})),
  }
}

function hexLines(bytes: Uint8Array): string[] {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    const pairs = Array.from(bytes.subarray(at, at + BYTES_PER_LINE), (byte) => byte.toString(16).padStart(2, '0'))
    lines.push(`${at.toString(16).padStart(2, '0')}: ${pairs.join(' ')}`)
  }
  return lines
}
