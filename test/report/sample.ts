import {renderDocument, type Block, type Document, type FormatName, type TableBlock} from '../../src/report/index.js'

/** A document around the given blocks; what a test does not name is empty. */
export function documentOf(blocks: readonly Block[], more: Partial<Document> = {}): Document {
  return {title: '', blocks, json: {}, records: [], ...more}
}

/** A table of text columns named by their heads; a head starting with ">" is right-aligned. */
export function tableOf(
  heads: readonly string[],
  rows: TableBlock['rows'],
  more: Partial<TableBlock> = {},
): TableBlock {
  const columns = heads.map((head) => {
    const name = head.replace(/^>/, '')
    return {name, key: name.replaceAll(' ', '_'), align: head.startsWith('>') ? 'right' : 'left'} as const
  })
  return {kind: 'table', columns, rows, ...more}
}

/** The whole text of a document in a format. */
export async function rendered(
  document: Document,
  format: FormatName,
  options: {width?: number; color?: boolean} = {},
): Promise<string> {
  const chunks: string[] = []
  for await (const chunk of renderDocument(document, format, {width: 100, color: false, ...options})) chunks.push(chunk)
  return chunks.join('')
}
