import {renderDocument, type Document, type FormatName} from '../../src/report/index.js'

/** A document as text, 100 columns wide. */
export async function rendered(document: Document, format: FormatName = 'table'): Promise<string> {
  let text = ''
  for await (const piece of renderDocument(document, format, {width: 100, color: false})) text += piece
  return text
}

/** The document a script gets, of the shape the test expects. */
export async function jsonOf(document: Document): Promise<unknown> {
  return JSON.parse(await rendered(document, 'json'))
}
